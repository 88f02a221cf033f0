INSERT INTO postcote.mailbox_order (kind, gid, uid, address, home)
SELECT $1, one.gid, one.uid, one.address, one.home
FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[]) AS one(gid, uid, address, home)
