INSERT INTO postcote.alias (gid, localpart, destinations)
VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT alias_pkey DO UPDATE SET destinations = excluded.destinations
