SELECT a.gid, a.localpart, n.name AS domain, p.name, p.services,
       extract(epoch FROM p.expires_at)::bigint AS expires_at,
       extract(epoch FROM p.created_at)::bigint AS created_at,
       extract(epoch FROM u.at)::bigint AS used_at
FROM postcote.app_password p
JOIN postcote.account a USING (uid)
JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
LEFT JOIN postcote.app_password_use u ON u.id = p.id
WHERE a.gid = ANY ($1) AND a.localpart LIKE $2 OR a.localpart LIKE $3
ORDER BY n.name, a.localpart COLLATE "C", p.name COLLATE "C"
