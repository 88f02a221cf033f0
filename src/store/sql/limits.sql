-- The limits of a domain, and how much it has of what is limited: to count all accounts of a large
-- domain would be a waste where there is no limit.
SELECT d.max_accounts, d.max_aliases, d.max_alias_domains, d.max_destinations, d.max_total_quota,
       CASE WHEN d.max_accounts IS NOT NULL
            THEN (SELECT count(*) FROM postcote.account a WHERE a.gid = d.gid) END AS accounts,
       CASE WHEN d.max_aliases IS NOT NULL
            THEN (SELECT count(*) FROM postcote.alias a WHERE a.gid = d.gid) END AS aliases,
       CASE WHEN d.max_alias_domains IS NOT NULL
            THEN (SELECT count(*) FROM postcote.domain_name n
                  WHERE n.gid = d.gid AND NOT n.is_primary) END AS alias_domains,
       least(coalesce(held.quota, 0), 9223372036854775807)::bigint AS quota,
       held.unlimited
FROM postcote.domain d
LEFT JOIN LATERAL
    (SELECT sum(coalesce(a.quota_bytes, d.quota_bytes)) AS quota,
            count(*) FILTER (WHERE coalesce(a.quota_bytes, d.quota_bytes) = 0) AS unlimited
     FROM postcote.account a WHERE a.gid = d.gid) held ON d.max_total_quota IS NOT NULL
WHERE d.gid = $1
