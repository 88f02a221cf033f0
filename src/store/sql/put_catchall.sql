INSERT INTO postcote.catchall (gid, destinations)
VALUES ($1, $2)
ON CONFLICT ON CONSTRAINT catchall_pkey DO UPDATE SET destinations = excluded.destinations
