-- What was only added to something unknown is left unknown: it will be counted.
INSERT INTO postcote.quota_usage (uid, bytes, messages)
SELECT uid, greatest(coalesce(set_bytes, 0), 0), greatest(coalesce(set_messages, 0), 0)
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS told(uid, set_bytes, set_messages)
WHERE (set_bytes IS NOT NULL OR set_messages IS NOT NULL)
  AND NOT EXISTS (SELECT FROM postcote.quota_usage u WHERE u.uid = told.uid)
  AND EXISTS (SELECT FROM postcote.directory_entry e WHERE e.kind = 'account' AND e.uid = told.uid)
ON CONFLICT (uid) DO UPDATE SET bytes = excluded.bytes, messages = excluded.messages, updated_at = now()
