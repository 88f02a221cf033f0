-- Nothing holds less than nothing, or more than a bigint.
UPDATE postcote.quota_usage u SET
    bytes = least(greatest(coalesce(set_bytes, u.bytes::numeric + coalesce(add_bytes, 0)), 0),
                  9223372036854775807),
    messages = least(greatest(coalesce(set_messages, u.messages::numeric + coalesce(add_messages, 0)), 0),
                     9223372036854775807),
    updated_at = now()
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
    AS told(uid, set_bytes, add_bytes, set_messages, add_messages)
WHERE u.uid = told.uid
