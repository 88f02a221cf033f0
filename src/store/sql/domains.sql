SELECT name, primary_name, gid, kind, enabled, transport, services, quota_bytes, quota_messages,
       catchall, has_recipient_list
FROM postcote.directory_domain
WHERE name = ANY($1)
