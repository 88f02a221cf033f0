INSERT INTO postcote.app_password_use AS known (id, at)
SELECT id, to_timestamp(seconds)
FROM unnest($1::bigint[], $2::bigint[]) AS told(id, seconds)
WHERE EXISTS (SELECT FROM postcote.app_password p WHERE p.id = told.id)
ON CONFLICT (id) DO UPDATE SET at = excluded.at WHERE known.at < excluded.at
