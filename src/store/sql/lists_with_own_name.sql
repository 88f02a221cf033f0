-- Lists of a domain whose destinations have its name in them, other than as their own domain.
WITH lists AS (
    SELECT 'alias' AS kind, gid, localpart, destinations, enabled, expires_at FROM postcote.alias
    WHERE gid = $1
    UNION ALL
    SELECT 'catchall', gid, NULL, destinations, true, NULL FROM postcote.catchall WHERE gid = $1
    UNION ALL
    SELECT 'account', gid, localpart, forwards, true, expires_at FROM postcote.account
    WHERE gid = $1 AND forwards IS NOT NULL)
SELECT l.kind, l.gid, l.localpart, l.destinations, n.name AS domain, l.enabled,
       extract(epoch FROM l.expires_at)::bigint AS expires_at
FROM lists l JOIN postcote.domain_name n ON n.gid = l.gid AND n.is_primary
WHERE EXISTS (SELECT FROM unnest(l.destinations) AS one(template)
              WHERE regexp_replace(one.template, '@%d$', '') ~ '%[d=]')
ORDER BY l.localpart COLLATE "C" NULLS FIRST
