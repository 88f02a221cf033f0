SELECT r.localpart, n.name AS domain, r.kind
FROM (SELECT gid, localpart, kind FROM postcote.address
      UNION ALL
      SELECT gid, localpart, 'default_alias' FROM postcote.default_alias) r
LEFT JOIN postcote.domain_name n ON n.gid = r.gid AND n.is_primary
WHERE r.gid = ANY ($1) AND r.localpart LIKE $2 OR r.localpart LIKE $3
ORDER BY n.name NULLS FIRST, r.localpart COLLATE "C"
