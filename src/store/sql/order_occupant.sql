SELECT a.localpart || '@' || n.name AS address, coalesce(a.home, d.directory || '/' || a.uid) AS home,
       a.mailbox_format, a.mailbox_root
FROM postcote.account a
JOIN postcote.domain d ON d.gid = a.gid
JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
WHERE a.uid = $1
