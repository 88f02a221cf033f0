-- Every list of destinations that may lead somewhere, found by the keys of V11__references.sql
-- ($1), or within a domain ($3) by those that say "this domain" ($2). What exactly a list leads to
-- is for the caller to find out.
WITH lists AS (
    SELECT 'alias' AS kind, gid, localpart, destinations, enabled, expires_at FROM postcote.alias
    WHERE postcote.destination_keys(destinations) && $1
       OR gid = $3 AND postcote.destination_keys(destinations) && $2
    UNION ALL
    SELECT 'catchall', gid, NULL, destinations, true, NULL FROM postcote.catchall
    WHERE postcote.destination_keys(destinations) && $1 OR gid = $3
    UNION ALL
    SELECT 'account', gid, localpart, forwards, true, expires_at FROM postcote.account
    WHERE forwards IS NOT NULL
      AND (postcote.destination_keys(forwards) && $1
           OR gid = $3 AND postcote.destination_keys(forwards) && $2)
    UNION ALL
    SELECT 'relocated', gid, localpart, ARRAY[new_address], true, NULL FROM postcote.relocated
    WHERE postcote.destination_keys(ARRAY[new_address]) && $1)
-- Sub-selects, for a join would read all domains where many lists are expected.
SELECT l.kind, l.gid, l.localpart, l.destinations,
       (SELECT n.name FROM postcote.domain_name n WHERE n.gid = l.gid AND n.is_primary) AS domain,
       l.enabled AND (SELECT d.enabled FROM postcote.domain d WHERE d.gid = l.gid) AS enabled,
       extract(epoch FROM l.expires_at)::bigint AS expires_at
FROM lists l
ORDER BY domain, l.localpart COLLATE "C" NULLS FIRST
