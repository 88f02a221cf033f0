-- Orders work on the homes of one account ($3) or of all accounts of a domain.
INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home)
SELECT $1, e.uid, e.gid,
       e.localpart || '@' || (SELECT n.name FROM postcote.domain_name n
                              WHERE n.gid = e.gid AND n.is_primary),
       e.home
FROM postcote.directory_entry e
WHERE e.gid = $2 AND e.kind = 'account' AND ($3::bigint IS NULL OR e.uid = $3)
ORDER BY e.uid
