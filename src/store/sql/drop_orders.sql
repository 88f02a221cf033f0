WITH gone AS (
    DELETE FROM postcote.mailbox_order WHERE id = ANY ($1) RETURNING id, kind, uid, gid, home, new_home
)
-- What was ordered after a move counts on it.
UPDATE postcote.mailbox_order later
SET home = gone.home, gid = gone.gid
FROM gone
WHERE gone.kind = 'move' AND later.uid = gone.uid AND later.id > gone.id
  AND later.home = gone.new_home AND later.state <> 'done' AND later.id <> ALL ($1)
