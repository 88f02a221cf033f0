-- By uid, so that a page begins where the last one ended, whatever was added or renamed meanwhile.
SELECT e.uid, e.localpart, d.name
FROM postcote.directory_entry e
JOIN postcote.directory_domain d ON d.gid = e.gid AND d.name = d.primary_name
WHERE e.kind = 'account' AND e.uid > $1 AND d.enabled
ORDER BY e.uid
LIMIT $2
