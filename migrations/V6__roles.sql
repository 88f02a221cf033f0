-- Who may do what: postcote_reader for the daemon, postcote_admin for `postcote admin`.
--
-- Why: the daemon cannot read names and notes, and cannot change what it serves; an administrator
-- cannot forge the registry or the feed. Both are groups without login; conf-examples/postgresql/
-- roles.sql shows how a DBA gives them to the users that log in.
-- Locks: creates or grants only; GRANT takes no lock that reading or writing rows waits for.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['postcote_reader', 'postcote_admin'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN
                    NULL; -- another database of this cluster was migrated in the same moment
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'role `%` does not exist and `%` may not create it', wanted, current_user
                        USING ERRCODE = 'insufficient_privilege',
                              HINT = 'let a superuser run conf-examples/postgresql/roles.sql first';
            END;
        END IF;
    END LOOP;
END
$$;

REVOKE ALL ON SCHEMA postcote FROM PUBLIC;
GRANT USAGE ON SCHEMA postcote TO postcote_reader, postcote_admin;

GRANT SELECT ON postcote.directory_domain, postcote.directory_entry, postcote.directory_change,
    postcote.directory_change_floor TO postcote_reader, postcote_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON postcote.quota_usage, postcote.last_login
    TO postcote_reader, postcote_admin;

GRANT SELECT, INSERT, UPDATE, DELETE ON postcote.domain, postcote.domain_name, postcote.account,
    postcote.alias, postcote.catchall, postcote.relocated, postcote.relay_recipient,
    postcote.mailbox_order TO postcote_admin;
GRANT SELECT ON postcote.address, postcote.change, postcote.change_floor TO postcote_admin;
GRANT USAGE ON SEQUENCE postcote.domain_gid, postcote.account_uid TO postcote_admin;

REVOKE ALL ON FUNCTION postcote.prune_changes(interval), postcote.announce_names(bigint[])
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION postcote.prune_changes(interval) TO postcote_reader, postcote_admin;

-- The history of migrations is made by whoever applies them; without `postcote db` there is none.
DO $$
BEGIN
    IF pg_catalog.to_regclass('postcote.schema_history') IS NOT NULL THEN
        GRANT SELECT ON postcote.schema_history TO postcote_reader, postcote_admin;
    END IF;
END
$$;
