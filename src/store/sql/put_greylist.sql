INSERT INTO postcote.greylist AS known (triplet, first_at, passed_at)
SELECT triplet, to_timestamp(first), to_timestamp(passed)
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS told(triplet, first, passed)
ON CONFLICT (triplet) DO UPDATE
    SET first_at = greatest(known.first_at, excluded.first_at),
        passed_at = greatest(known.passed_at, excluded.passed_at)
