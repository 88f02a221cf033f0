-- Every list of destinations that may lead to a local part of any domain: one begins like it ($1),
-- or is quoted, or has placeholders or letters whose folding PostgreSQL does not know. No index
-- knows that; it is asked when a default alias is written. What exactly they lead to is for the
-- caller to find out.
WITH lists AS (
    SELECT 'alias' AS kind, gid, localpart, destinations, enabled, expires_at FROM postcote.alias
    UNION ALL
    SELECT 'alias', gid, localpart, destinations, enabled, expires_at FROM postcote.default_alias
    UNION ALL
    SELECT 'catchall', gid, NULL, destinations, true, NULL FROM postcote.catchall
    UNION ALL
    SELECT 'account', gid, localpart, forwards, true, expires_at FROM postcote.account
    WHERE forwards IS NOT NULL)
SELECT l.kind, l.gid, l.localpart, l.destinations, n.name AS domain, l.enabled,
       extract(epoch FROM l.expires_at)::bigint AS expires_at
FROM lists l
LEFT JOIN postcote.domain_name n ON n.gid = l.gid AND n.is_primary
WHERE EXISTS (SELECT FROM unnest(l.destinations) AS one(template)
              WHERE lower(one.template) LIKE $1 OR one.template ~ '^"|%|[^\u0001-\u007F]')
ORDER BY n.name NULLS FIRST, l.localpart COLLATE "C" NULLS FIRST
