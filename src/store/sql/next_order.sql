SELECT extract(epoch FROM min(o.next_attempt_at) - now())::float8
FROM postcote.mailbox_order o
WHERE o.state = 'pending'
  AND NOT EXISTS (SELECT FROM postcote.mailbox_order e
                  WHERE e.state <> 'done' AND e.id < o.id AND e.uid = o.uid)
  AND (o.kind <> 'delete-domain'
       OR NOT EXISTS (SELECT FROM postcote.mailbox_order e
                      WHERE e.state <> 'done' AND e.id < o.id AND e.gid = o.gid)
          AND NOT EXISTS (SELECT FROM postcote.mailbox_order e
                          WHERE e.state <> 'done' AND e.id < o.id AND e.new_gid = o.gid))
