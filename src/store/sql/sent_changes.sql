-- One statement, so that the new position and the rows before it come from one snapshot. Numbers
-- beyond it stand in a database that was restored.
SELECT pg_current_snapshot()::text AS position, changed.kind, changed.id
FROM (SELECT $1::text::pg_snapshot AS position) since
LEFT JOIN LATERAL (
    SELECT s.kind, s.id
    FROM postcote.sent s
    WHERE s.changed_in >= pg_snapshot_xmin(since.position)
      AND NOT pg_visible_in_snapshot(s.changed_in, since.position)
      AND s.changed_in < pg_snapshot_xmax(pg_current_snapshot())
      AND s.writer <> $2
      AND s.minute >= $3
    UNION
    SELECT r.kind, r.id
    FROM postcote.sent_reset r
    WHERE r.changed_in >= pg_snapshot_xmin(since.position)
      AND NOT pg_visible_in_snapshot(r.changed_in, since.position)
      AND r.changed_in < pg_snapshot_xmax(pg_current_snapshot())
      AND r.minute >= $3) changed ON true
