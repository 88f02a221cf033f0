-- The trigger draws the directory, below the base directory set for this transaction.
INSERT INTO postcote.domain (transport, services, quota_bytes, quota_messages, note)
VALUES ($1, $2, $3, $4, $5)
RETURNING gid
