INSERT INTO postcote.sent_reset AS known (kind, id, minute)
SELECT kind, id, $3 FROM unnest($1::text[], $2::bigint[]) AS told(kind, id)
ON CONFLICT (kind, id) DO UPDATE
    SET minute = greatest(known.minute, excluded.minute), changed_in = excluded.changed_in
