-- Domains with mailboxes by their primary names.
SELECT n.name, d.gid, d.transport, d.quota_bytes, d.quota_messages,
       d.max_accounts IS NOT NULL OR d.max_total_quota IS NOT NULL AS limited
FROM postcote.domain_name n
JOIN postcote.domain d USING (gid)
WHERE n.name = ANY ($1) AND n.is_primary AND d.kind = 'mailbox'
