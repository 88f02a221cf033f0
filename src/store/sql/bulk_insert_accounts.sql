-- Numbers are drawn after the sort, so uids rise in the order of the rows.
WITH made AS (
    INSERT INTO postcote.account
        (gid, localpart, password, name, note, mailbox_format, mailbox_root, services, quota_bytes,
         quota_messages, transport, expires_at)
    SELECT one.gid, one.localpart, one.password, one.name, one.note, one.mailbox_format,
           one.mailbox_root, string_to_array(one.services, ','), one.quota_bytes,
           one.quota_messages, one.transport, to_timestamp(one.expires_at)
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::text[], $12::bigint[])
         WITH ORDINALITY
         AS one(gid, localpart, password, name, note, mailbox_format, mailbox_root, services,
                quota_bytes, quota_messages, transport, expires_at, position)
    ORDER BY one.position
    RETURNING uid)
SELECT uid FROM made ORDER BY uid
