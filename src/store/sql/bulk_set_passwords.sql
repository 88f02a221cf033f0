UPDATE postcote.account a SET password = one.password
FROM unnest($1::bigint[], $2::text[]) AS one(uid, password)
WHERE a.uid = one.uid
