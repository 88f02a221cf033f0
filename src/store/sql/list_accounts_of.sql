SELECT a.uid, a.gid, a.localpart, n.name AS domain, a.name, a.note, e.home, a.mailbox_format,
       a.mailbox_root, a.services, a.quota_bytes, a.quota_messages, a.transport, a.may_login,
       a.may_receive, a.may_send, a.suspend_reason,
       extract(epoch FROM a.suspended_until)::bigint AS suspended_until,
       extract(epoch FROM a.expires_at)::bigint AS expires_at,
       a.forwards, a.keep_copy
FROM unnest($1::bigint[]) WITH ORDINALITY AS asked(uid, position)
JOIN postcote.account a USING (uid)
JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
JOIN LATERAL (SELECT coalesce(a.home, d.directory || '/' || a.uid) AS home
              FROM postcote.domain d WHERE d.gid = a.gid) e ON true
ORDER BY asked.position
