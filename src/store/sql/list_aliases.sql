SELECT a.gid, a.localpart, n.name AS domain, a.destinations, a.enabled,
       extract(epoch FROM a.expires_at)::bigint AS expires_at, a.note, a.senders
FROM (SELECT gid, localpart, destinations, enabled, expires_at, note, senders FROM postcote.alias
      UNION ALL
      SELECT gid, localpart, destinations, enabled, expires_at, note, senders
      FROM postcote.default_alias) a
LEFT JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
WHERE a.gid = ANY ($1) AND a.localpart LIKE $2 OR a.localpart LIKE $3
ORDER BY n.name NULLS FIRST, a.localpart COLLATE "C"
