SELECT a.localpart, n.name AS domain, g.uid, g.gid, g.localpart AS granted,
       d.name AS granted_domain, extract(epoch FROM g.created_at)::bigint AS created_at
FROM postcote.sender_grant g
JOIN postcote.account a USING (uid)
JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
JOIN postcote.domain_name d ON d.gid = g.gid AND d.is_primary
