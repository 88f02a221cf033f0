SELECT extract(epoch FROM d.created_at)::bigint AS created,
       d.max_accounts, d.max_aliases, d.max_alias_domains, d.max_destinations, d.max_total_quota,
       s.total_quota, s.has_unlimited, s.used_bytes, s.used_messages, s.used_at,
       coalesce((SELECT cardinality(c.destinations) FROM postcote.catchall c
                 WHERE c.gid = d.gid), 0)::bigint AS catchall
FROM postcote.domain d
CROSS JOIN LATERAL (
    SELECT least(coalesce(sum(coalesce(a.quota_bytes, d.quota_bytes)), 0),
                 9223372036854775807)::bigint AS total_quota,
           coalesce(bool_or(coalesce(a.quota_bytes, d.quota_bytes) = 0), false) AS has_unlimited,
           least(sum(u.bytes), 9223372036854775807)::bigint AS used_bytes,
           sum(u.messages)::bigint AS used_messages,
           extract(epoch FROM max(u.updated_at))::bigint AS used_at
    FROM postcote.account a LEFT JOIN postcote.quota_usage u USING (uid)
    WHERE a.gid = d.gid) s
WHERE d.gid = $1
