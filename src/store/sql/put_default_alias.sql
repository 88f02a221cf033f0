INSERT INTO postcote.default_alias (localpart, destinations)
VALUES ($1, $2)
ON CONFLICT ON CONSTRAINT default_alias_pkey DO UPDATE SET destinations = excluded.destinations
