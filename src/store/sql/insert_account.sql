INSERT INTO postcote.account
    (gid, localpart, password, name, note, mailbox_format, mailbox_root, services, quota_bytes,
     quota_messages, transport, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, to_timestamp($12::bigint))
RETURNING uid
