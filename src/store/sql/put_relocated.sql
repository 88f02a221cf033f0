INSERT INTO postcote.relocated (gid, localpart, new_address)
VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT relocated_pkey DO UPDATE SET new_address = excluded.new_address
