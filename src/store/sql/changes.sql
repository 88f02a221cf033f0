-- One statement, so that the new position and the rows before it come from one snapshot. Without
-- an old position ($1 is null) only the new one is wanted.
SELECT pg_current_snapshot()::text AS position,
       floor.history,
       coalesce(floor.xid <= pg_snapshot_xmin(since.position)
                AND pg_snapshot_xmax(since.position) <= pg_snapshot_xmax(pg_current_snapshot()),
                true) AS continuous,
       c.xid IS NOT NULL AS present, c.name, c.gid, c.localpart
FROM (SELECT $1::text::pg_snapshot AS position) since
CROSS JOIN postcote.directory_change_floor floor
LEFT JOIN postcote.directory_change c
       ON c.xid >= pg_snapshot_xmin(since.position)
      AND NOT pg_visible_in_snapshot(c.xid, since.position)
