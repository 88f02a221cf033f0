SELECT o.id, o.kind, o.uid, o.gid, o.new_gid, o.address, o.home, o.new_home, o.state, o.attempts,
       floor(extract(epoch FROM o.next_attempt_at))::bigint AS next_attempt, o.last_error,
       floor(extract(epoch FROM o.created_at))::bigint AS created,
       floor(extract(epoch FROM o.finished_at))::bigint AS finished,
       NULL::bigint AS waits_for
FROM postcote.mailbox_order o
WHERE o.state = 'pending' AND o.next_attempt_at <= now()
  AND NOT EXISTS (SELECT FROM postcote.mailbox_order e
                  WHERE e.state <> 'done' AND e.id < o.id AND e.uid = o.uid)
  AND (o.kind <> 'delete-domain'
       OR NOT EXISTS (SELECT FROM postcote.mailbox_order e
                      WHERE e.state <> 'done' AND e.id < o.id AND e.gid = o.gid)
          AND NOT EXISTS (SELECT FROM postcote.mailbox_order e
                          WHERE e.state <> 'done' AND e.id < o.id AND e.new_gid = o.gid))
ORDER BY o.next_attempt_at, o.id
LIMIT 1
FOR UPDATE SKIP LOCKED
