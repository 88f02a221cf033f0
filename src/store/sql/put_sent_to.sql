INSERT INTO postcote.sent_to AS known (uid, recipient, last_on)
SELECT uid, recipient, date '1970-01-01' + day
FROM unnest($1::bigint[], $2::bigint[], $3::int[]) AS told(uid, recipient, day)
WHERE EXISTS (SELECT FROM postcote.directory_entry e WHERE e.kind = 'account' AND e.uid = told.uid)
ON CONFLICT (uid, recipient) DO UPDATE SET last_on = excluded.last_on
    WHERE known.last_on < excluded.last_on
