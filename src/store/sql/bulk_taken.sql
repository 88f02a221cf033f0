-- At which of these addresses, counted from 1, something stands.
SELECT key.position
FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS key(gid, localpart, position)
JOIN postcote.address USING (gid, localpart)
