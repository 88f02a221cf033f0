-- The accounts at these addresses, counted from 1.
SELECT key.position, a.uid
FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS key(gid, localpart, position)
JOIN postcote.account a USING (gid, localpart)
