-- Alias domains for all sub-domains: `*.example.org` stands for every name below example.org that
-- has no row of its own, not for example.org itself; the longest pattern wins.
--
-- Why: VMailMgr had it (`.example.org` in qmail's virtualdomains), and nobody can list the names
-- that a sub-domain per customer makes. The pattern is a row of domain_name like any other, so
-- its domain, the feed and the one-owner rule hold; it cannot be primary, for it is no name that
-- an address could be shown with, and `*.` alone before a top-level label is refused as a slip.
-- Locks: ALTER TABLE postcote.domain_name, ACCESS EXCLUSIVE while the constraint looks at each row.

ALTER TABLE postcote.domain_name
    DROP CONSTRAINT domain_name_valid,
    ADD CONSTRAINT domain_name_valid CHECK (
        postcote.is_domain_name(name)
        OR NOT is_primary AND octet_length(name) <= 255 AND name LIKE '*.%.%'
           AND postcote.is_domain_name(substr(name, 3)));
