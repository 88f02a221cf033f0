SELECT name, primary_name, gid, kind, enabled, transport, services, quota_bytes, quota_messages,
       catchall, has_recipient_list, sending_limits::text AS sending_limits,
       account_sending_limits::text AS account_sending_limits,
       sender_grants::text AS sender_grants
FROM postcote.directory_domain
WHERE name = ANY($1)
