UPDATE postcote.account a
SET home = nullif($2::text, d.directory || '/' || a.uid)
FROM postcote.domain d
WHERE d.gid = a.gid AND a.uid = $1
