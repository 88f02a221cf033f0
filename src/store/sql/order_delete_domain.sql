INSERT INTO postcote.mailbox_order (kind, gid, address, home)
SELECT 'delete-domain', d.gid, n.name, d.directory
FROM postcote.domain d
JOIN postcote.domain_name n ON n.gid = d.gid AND n.is_primary
WHERE d.gid = $1 AND d.kind = 'mailbox'
