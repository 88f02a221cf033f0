SELECT d.gid, n.name, d.kind, d.enabled, d.transport, d.services, d.quota_bytes, d.quota_messages,
       d.directory, d.note,
       ARRAY(SELECT o.name FROM postcote.domain_name o
             WHERE o.gid = d.gid AND NOT o.is_primary ORDER BY o.name) AS alias_domains,
       (SELECT count(*) FROM postcote.account x WHERE x.gid = d.gid) AS accounts,
       (SELECT count(*) FROM postcote.alias x WHERE x.gid = d.gid) AS aliases,
       (SELECT count(*) FROM postcote.relocated x WHERE x.gid = d.gid) AS relocated,
       (SELECT count(*) FROM postcote.relay_recipient x WHERE x.gid = d.gid) AS relay_recipients,
       EXISTS (SELECT FROM postcote.catchall x WHERE x.gid = d.gid) AS has_catchall
FROM postcote.domain d
JOIN postcote.domain_name n ON n.gid = d.gid AND n.is_primary
WHERE d.gid = ANY ($1)
ORDER BY n.name
