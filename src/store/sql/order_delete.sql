INSERT INTO postcote.mailbox_order (kind, gid, uid, address, home)
SELECT 'delete', coalesce(m.gid, a.gid), a.uid, a.localpart || '@' || n.name,
       coalesce(m.home, a.home, d.directory || '/' || a.uid)
FROM postcote.account a
JOIN postcote.domain d ON d.gid = a.gid
JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
-- A move that is not done comes first, so this is where the home will be.
LEFT JOIN LATERAL (SELECT coalesce(o.new_gid, o.gid) AS gid, o.new_home AS home
                   FROM postcote.mailbox_order o
                   WHERE o.uid = a.uid AND o.kind = 'move' AND o.state <> 'done'
                   ORDER BY o.id DESC LIMIT 1) m ON true
WHERE a.uid = ANY ($1)
ORDER BY a.uid
