SELECT extract(epoch FROM g.first_at)::bigint AS first_at,
       extract(epoch FROM g.passed_at)::bigint AS passed_at,
       c.passes, extract(epoch FROM c.last_at)::bigint AS last_at
FROM (SELECT $1::bigint AS triplet, $2::text::cidr AS network) asked
LEFT JOIN postcote.greylist g ON g.triplet = asked.triplet
LEFT JOIN postcote.greylist_client c ON c.network = asked.network
