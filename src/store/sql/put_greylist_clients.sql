INSERT INTO postcote.greylist_client AS known (network, passes, last_at)
SELECT network::cidr, passes, to_timestamp(at)
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS told(network, passes, at)
ON CONFLICT (network) DO UPDATE
    SET passes = known.passes + excluded.passes,
        last_at = greatest(known.last_at, excluded.last_at)
