SELECT a.localpart || '@' || n.name AS address, h.home, a.mailbox_format, a.mailbox_root
FROM postcote.account a
JOIN postcote.domain d ON d.gid = a.gid
JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
CROSS JOIN LATERAL (SELECT coalesce(a.home, d.directory || '/' || a.uid) AS home) h
WHERE starts_with(h.home, $1::text || '/')
LIMIT 1
