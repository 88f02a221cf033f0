-- Accounts, aliases and the rest are gone; names and the catch-all go with their domain.
DELETE FROM postcote.domain WHERE gid = $1
