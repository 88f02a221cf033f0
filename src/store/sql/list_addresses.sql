SELECT r.localpart, n.name AS domain, r.kind
FROM postcote.address r
JOIN postcote.domain_name n ON n.gid = r.gid AND n.is_primary
WHERE r.gid = ANY ($1) AND r.localpart LIKE $2 OR r.localpart LIKE $3
ORDER BY n.name, r.localpart COLLATE "C"
