INSERT INTO postcote.mailbox_order (kind, uid, address, gid, new_gid, home, new_home)
SELECT 'move', a.uid, a.localpart || '@' || n.name, f.gid, nullif(a.gid, f.gid),
       f.home, d.directory || '/' || a.uid
FROM postcote.account a
JOIN postcote.domain d ON d.gid = a.gid
JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
-- A move that is not done comes first, so this is where the home will be.
LEFT JOIN LATERAL (SELECT coalesce(o.new_gid, o.gid) AS gid, o.new_home AS home
                   FROM postcote.mailbox_order o
                   WHERE o.uid = a.uid AND o.kind = 'move' AND o.state <> 'done'
                   ORDER BY o.id DESC LIMIT 1) m ON true
CROSS JOIN LATERAL (SELECT coalesce(m.gid, $3::bigint) AS gid, coalesce(m.home, $2::text) AS home) f
WHERE a.uid = $1 AND f.home <> d.directory || '/' || a.uid
