SELECT pg_current_snapshot()::text AS position, known.kind, known.id
FROM (VALUES (true)) one
LEFT JOIN (
    SELECT s.kind, s.id FROM postcote.sent s WHERE s.writer <> $1 AND s.minute >= $2
    UNION
    SELECT r.kind, r.id FROM postcote.sent_reset r WHERE r.minute >= $2) known ON true
