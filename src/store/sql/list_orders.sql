SELECT o.id, o.kind, o.uid, o.gid, o.new_gid, o.address, o.home, o.new_home, o.state, o.attempts,
       floor(extract(epoch FROM o.next_attempt_at))::bigint AS next_attempt, o.last_error,
       floor(extract(epoch FROM o.created_at))::bigint AS created,
       floor(extract(epoch FROM o.finished_at))::bigint AS finished,
       CASE WHEN o.state <> 'done' THEN
           (SELECT min(e.id) FROM postcote.mailbox_order e
            WHERE e.state <> 'done' AND e.id < o.id
              AND (e.uid = o.uid
                   OR o.kind = 'delete-domain' AND (e.gid = o.gid OR e.new_gid = o.gid))) END
       AS waits_for
FROM postcote.mailbox_order o
WHERE o.state <> 'done' OR $1
ORDER BY o.id
