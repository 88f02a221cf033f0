SELECT v.gid, v.name, v.primary_name, v.kind = 'relay' AS relayed, v.enabled, v.transport, v.services,
       v.quota_bytes, v.quota_messages
FROM postcote.directory_domain v
WHERE v.name = $1
