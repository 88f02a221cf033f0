-- A login that is older than the one known, from another journal, changes nothing.
INSERT INTO postcote.last_login AS known (uid, service, at, remote)
SELECT uid, service, to_timestamp(seconds), remote
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::inet[]) AS told(uid, service, seconds, remote)
WHERE EXISTS (SELECT FROM postcote.directory_entry e WHERE e.kind = 'account' AND e.uid = told.uid)
ON CONFLICT (uid, service) DO UPDATE SET at = excluded.at, remote = excluded.remote
    WHERE known.at <= excluded.at
