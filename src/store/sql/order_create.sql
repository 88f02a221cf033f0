INSERT INTO postcote.mailbox_order (kind, gid, uid, address, home)
SELECT 'create', a.gid, a.uid, a.localpart || '@' || n.name,
       coalesce(a.home, d.directory || '/' || a.uid)
FROM postcote.account a
JOIN postcote.domain d ON d.gid = a.gid
JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
WHERE a.uid = ANY ($1)
ORDER BY a.uid
