WITH aliases AS (
    UPDATE postcote.alias SET destinations = postcote.in_renamed_domain(destinations, $1, $2)
    WHERE postcote.destination_keys(destinations) && ARRAY[$1::text]
    RETURNING gid, localpart),
catchalls AS (
    UPDATE postcote.catchall SET destinations = postcote.in_renamed_domain(destinations, $1, $2)
    WHERE postcote.destination_keys(destinations) && ARRAY[$1]
    RETURNING gid),
accounts AS (
    UPDATE postcote.account SET forwards = postcote.in_renamed_domain(forwards, $1, $2)
    WHERE forwards IS NOT NULL AND postcote.destination_keys(forwards) && ARRAY[$1]
    RETURNING gid, localpart),
relocated AS (
    UPDATE postcote.relocated
    SET new_address = (postcote.in_renamed_domain(ARRAY[new_address], $1, $2::text))[1]
    WHERE postcote.destination_keys(ARRAY[new_address]) && ARRAY[$1]
    RETURNING gid, localpart)
SELECT 'alias' AS kind, gid, localpart FROM aliases
UNION ALL SELECT 'catchall', gid, NULL FROM catchalls
UNION ALL SELECT 'account', gid, localpart FROM accounts
UNION ALL SELECT 'relocated', gid, localpart FROM relocated
ORDER BY 1, 2, 3
