-- Limits of a domain: how many of each thing it may have, and what all its accounts may hold.
--
-- Why: whoever hosts domains for others sells them by size. `postcote admin` refuses what would
-- exceed a limit; the database itself does not count, so plain SQL by an administrator may.
-- Locks: ALTER TABLE postcote.domain, ACCESS EXCLUSIVE for a moment; new columns without a default
-- rewrite nothing, and their checks hold for NULL without a look at the rows.

ALTER TABLE postcote.domain
    ADD COLUMN max_accounts      bigint,
    ADD COLUMN max_aliases       bigint,
    ADD COLUMN max_alias_domains bigint,
    ADD COLUMN max_destinations  bigint,
    ADD COLUMN max_total_quota   bigint,
    ADD CONSTRAINT domain_max_accounts_not_negative CHECK (max_accounts >= 0),
    ADD CONSTRAINT domain_max_aliases_not_negative CHECK (max_aliases >= 0),
    ADD CONSTRAINT domain_max_alias_domains_not_negative CHECK (max_alias_domains >= 0),
    ADD CONSTRAINT domain_max_destinations_range CHECK (max_destinations BETWEEN 1 AND 1000),
    ADD CONSTRAINT domain_max_total_quota_positive CHECK (max_total_quota > 0);
COMMENT ON COLUMN postcote.domain.max_accounts IS 'NULL: no limit; so for the other limits';
COMMENT ON COLUMN postcote.domain.max_destinations IS 'of one alias or catch-all';
COMMENT ON COLUMN postcote.domain.max_total_quota IS 'bytes: what the quota limits of all its accounts add up to';

-- No view shows the limits, so a change of them is not announced.
CREATE OR REPLACE FUNCTION postcote.domain_announced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unseen CONSTANT text[] := '{note,created_at,max_accounts,max_aliases,max_alias_domains,'
                           || 'max_destinations,max_total_quota}';
    gids bigint[];
BEGIN
    -- The directory is part of every home, and an account that is being added while we look would
    -- be missed. It changes once in a domain's life, so the blunt word is good enough.
    IF EXISTS (SELECT FROM removed r JOIN added a USING (gid) WHERE r.directory <> a.directory) THEN
        INSERT INTO postcote.change DEFAULT VALUES;
        PERFORM pg_notify('postcote', '');
        RETURN NULL;
    END IF;
    gids := ARRAY(SELECT gid FROM removed r JOIN added a USING (gid)
                  WHERE to_jsonb(r) - unseen <> to_jsonb(a) - unseen);
    IF cardinality(gids) > 0 THEN
        PERFORM postcote.announce_names(gids);
    END IF;
    RETURN NULL;
END
$$;
