SELECT substring(a.password FROM '^\{([^}]*)\}') AS password_scheme,
       extract(epoch FROM a.created_at)::bigint AS created,
       extract(epoch FROM a.changed_at)::bigint AS changed,
       u.bytes AS used_bytes, u.messages AS used_messages,
       extract(epoch FROM u.updated_at)::bigint AS used_at,
       d.services, d.quota_bytes, d.quota_messages, d.transport, d.enabled
FROM postcote.account a
JOIN postcote.domain d USING (gid)
LEFT JOIN postcote.quota_usage u USING (uid)
WHERE a.uid = $1
