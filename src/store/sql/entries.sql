SELECT gid, localpart, kind, uid, password, app_passwords::text AS app_passwords, home,
       mailbox_format, mailbox_root, services, quota_bytes, quota_messages, transport, may_login, may_receive, may_send, suspend_reason,
       extract(epoch FROM suspended_until)::bigint AS suspended_until,
       extract(epoch FROM expires_at)::bigint AS expires_at,
       extract(epoch FROM moving_until)::bigint AS moving_until,
       forwards, keep_copy, destinations, enabled, new_address,
       sending_limits::text AS sending_limits, senders
FROM unnest($1::bigint[], $2::text[]) AS asked(gid, localpart)
JOIN postcote.directory_entry USING (gid, localpart)
