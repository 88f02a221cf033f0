-- Quota ($2), services ($3) and transport ($4), each if it is wanted; an account that follows its
-- domain already is not touched.
UPDATE postcote.account
SET quota_bytes = CASE WHEN NOT $2::boolean THEN quota_bytes END,
    quota_messages = CASE WHEN NOT $2 THEN quota_messages END,
    services = CASE WHEN NOT $3::boolean THEN services END,
    transport = CASE WHEN NOT $4::boolean THEN transport END
WHERE gid = $1
  AND ($2 AND quota_bytes IS NOT NULL OR $3 AND services IS NOT NULL
       OR $4 AND transport IS NOT NULL)
