-- Every list of destinations that may lead somewhere: one is like a pattern ($1), or has letters
-- whose folding PostgreSQL does not know. What exactly it leads to is for the caller to find out.
WITH lists AS (
    SELECT 'alias' AS kind, gid, localpart, destinations FROM postcote.alias
    UNION ALL
    SELECT 'catchall', gid, NULL, destinations FROM postcote.catchall
    UNION ALL
    SELECT 'account', gid, localpart, forwards FROM postcote.account WHERE forwards IS NOT NULL
    UNION ALL
    SELECT 'relocated', gid, localpart, ARRAY[new_address] FROM postcote.relocated)
SELECT l.kind, l.gid, l.localpart, n.name AS domain, l.destinations
FROM lists l
JOIN postcote.domain_name n ON n.gid = l.gid AND n.is_primary
WHERE EXISTS (SELECT FROM unnest(l.destinations) AS one(template)
              WHERE lower(one.template) LIKE ANY ($1) OR one.template ~ '[^\u0001-\u007F]')
ORDER BY n.name, l.localpart COLLATE "C" NULLS FIRST
