-- The change feed: which keys of the views went stale, and in which transaction.
--
-- Why: the daemon answers from memory, so each write has to name what it changed, whoever made it.
-- A notification only says "look"; the rows here are the truth, so a lost connection loses nothing.
-- Transactions commit out of order, therefore a reader's position is a snapshot, not a maximum:
-- it reads the rows whose transaction its last snapshot did not see. Triggers fire once a
-- statement and compare rows without the columns no view shows, so a note is not a change.
-- Locks: creates new objects only.

CREATE TABLE postcote.change (
    id        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    xid       xid8        NOT NULL DEFAULT pg_current_xact_id(),
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    name      text,
    gid       bigint,
    localpart text,
    CONSTRAINT change_pkey PRIMARY KEY (id),
    CONSTRAINT change_one_key
        CHECK ((gid IS NULL) = (localpart IS NULL) AND (name IS NULL OR gid IS NULL))
);
CREATE INDEX change_xid ON postcote.change (xid);
COMMENT ON TABLE postcote.change IS 'a name, or a gid and a localpart, or neither: then everything may have changed';

-- Where this database stands in the history of transaction ids: cluster, timeline, database. After
-- a restore from a dump or to an earlier point, and after a promotion, ids mean something else,
-- and a reader that sees another history has to start anew.
CREATE FUNCTION postcote.history() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.system_identifier || '/'
        || CASE WHEN pg_is_in_recovery()
                THEN (SELECT timeline_id FROM pg_control_checkpoint())::text
                ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer::text END
        || '/' || d.oid
    FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()
$$;

-- All changes of transaction `xid` and later are still in the table. Nothing has been removed from
-- a table that is new, so it starts with the first normal id.
CREATE TABLE postcote.change_floor (
    one_row boolean NOT NULL DEFAULT true,
    xid     xid8    NOT NULL DEFAULT '3',
    history text    NOT NULL DEFAULT postcote.history(),
    CONSTRAINT change_floor_pkey PRIMARY KEY (one_row),
    CONSTRAINT change_floor_one_row CHECK (one_row)
);
INSERT INTO postcote.change_floor DEFAULT VALUES;

-- Removes changes older than `keep` and says how many. The floor rises behind the last removed
-- one and no further, so a position that is older but missed nothing stays good. Rows of
-- transactions that some snapshot may not see yet are kept.
CREATE FUNCTION postcote.prune_changes(keep interval) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here CONSTANT text := postcote.history();
    bound xid8 := pg_snapshot_xmin(pg_current_snapshot());
    last xid8;
    pruned bigint;
BEGIN
    PERFORM FROM postcote.change_floor FOR UPDATE;
    -- Rows and a floor that came with a dump carry ids of another history.
    DELETE FROM postcote.change WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
        AND xid <> coalesce(pg_current_xact_id_if_assigned(), '0');
    UPDATE postcote.change_floor SET xid = '3', history = here WHERE history <> here;
    SELECT least(bound, min(xid)) INTO bound
        FROM postcote.change WHERE made_at > clock_timestamp() - keep;
    WITH gone AS (DELETE FROM postcote.change WHERE xid < bound RETURNING xid)
        SELECT max(xid), count(*) INTO last, pruned FROM gone;
    IF pruned > 0 THEN
        UPDATE postcote.change_floor
            SET xid = greatest(xid, (last::text::numeric + 1)::text::xid8);
    END IF;
    RETURN pruned;
END
$$;

-- An entry of a view changed: the address, before and after.
CREATE FUNCTION postcote.entry_announced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unseen CONSTANT text[] := '{name,note,created_at,changed_at}';
    announced boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO postcote.change (gid, localpart) SELECT gid, localpart FROM added;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO postcote.change (gid, localpart) SELECT gid, localpart FROM removed;
    ELSE
        INSERT INTO postcote.change (gid, localpart)
            WITH before AS (SELECT gid, localpart, to_jsonb(r) - unseen AS seen FROM removed r),
                 after AS (SELECT gid, localpart, to_jsonb(a) - unseen AS seen FROM added a)
            SELECT gid, localpart FROM (TABLE before EXCEPT TABLE after) gone
            UNION SELECT gid, localpart FROM (TABLE after EXCEPT TABLE before) come;
    END IF;
    announced := FOUND;
    -- has_recipient_list of the domain hangs on these rows. Two transactions may each remove what
    -- the other one takes for the rest of the list, so each says it.
    IF announced AND TG_TABLE_NAME = 'relay_recipient' THEN
        IF TG_OP = 'INSERT' THEN
            PERFORM postcote.announce_names(ARRAY(SELECT DISTINCT gid FROM added));
        ELSIF TG_OP = 'DELETE' THEN
            PERFORM postcote.announce_names(ARRAY(SELECT DISTINCT gid FROM removed));
        ELSE
            PERFORM postcote.announce_names(
                ARRAY(SELECT gid FROM removed UNION SELECT gid FROM added));
        END IF;
    END IF;
    IF announced THEN
        PERFORM pg_notify('postcote', '');
    END IF;
    RETURN NULL;
END
$$;

-- Whether a statement sees what others committed a moment ago. Those below look up keys in a second
-- table after they locked its domain or account; with an older snapshot they could miss one
-- and announce everything instead.
CREATE FUNCTION postcote.sees_latest() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT current_setting('transaction_isolation') IN ('read committed', 'read uncommitted') $$;

-- All names of some domains. The lock makes whoever adds a name at the same moment come before us,
-- then we see the name, or after us, then it announces the name itself. It lets inserts of
-- accounts through, they need the domain's key only.
CREATE FUNCTION postcote.announce_names(gids bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF postcote.sees_latest() THEN
        PERFORM FROM postcote.domain WHERE gid = ANY (gids) ORDER BY gid FOR NO KEY UPDATE;
        INSERT INTO postcote.change (name)
            SELECT name FROM postcote.domain_name WHERE gid = ANY (gids);
    ELSE
        INSERT INTO postcote.change DEFAULT VALUES;
    END IF;
    PERFORM pg_notify('postcote', '');
END
$$;

CREATE FUNCTION postcote.domain_announced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unseen CONSTANT text[] := '{note,created_at}';
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

-- A name came, went or moved: the name itself, and the other names of the domain, for they show
-- which one is primary.
CREATE FUNCTION postcote.domain_name_announced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO postcote.change (name) SELECT name FROM added;
        gids := ARRAY(SELECT DISTINCT gid FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO postcote.change (name) SELECT name FROM removed;
        gids := ARRAY(SELECT DISTINCT gid FROM removed);
    ELSE
        INSERT INTO postcote.change (name) SELECT name FROM removed EXCEPT SELECT name FROM added;
        gids := ARRAY(SELECT gid FROM (TABLE removed EXCEPT TABLE added) gone
                      UNION SELECT gid FROM (TABLE added EXCEPT TABLE removed) come);
    END IF;
    IF cardinality(gids) > 0 THEN
        PERFORM postcote.announce_names(gids);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION postcote.catchall_announced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        gids := ARRAY(SELECT gid FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        gids := ARRAY(SELECT gid FROM removed);
    ELSE
        gids := ARRAY(SELECT gid FROM (TABLE removed EXCEPT TABLE added) gone
                      UNION SELECT gid FROM (TABLE added EXCEPT TABLE removed) come);
    END IF;
    IF cardinality(gids) > 0 THEN
        PERFORM postcote.announce_names(gids);
    END IF;
    RETURN NULL;
END
$$;

-- A move order shows as `moving` in the entry of its account, until it is done. The lock on the
-- account does for its address what announce_names() does for names.
CREATE FUNCTION postcote.mailbox_order_announced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    uids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        uids := ARRAY(SELECT uid FROM added WHERE kind = 'move' AND state <> 'done');
    ELSIF TG_OP = 'DELETE' THEN
        uids := ARRAY(SELECT uid FROM removed WHERE kind = 'move' AND state <> 'done');
    ELSE
        uids := ARRAY(
            WITH before AS (SELECT id, uid FROM removed WHERE kind = 'move' AND state <> 'done'),
                 after AS (SELECT id, uid FROM added WHERE kind = 'move' AND state <> 'done')
            SELECT uid FROM (TABLE before EXCEPT TABLE after) gone
            UNION SELECT uid FROM (TABLE after EXCEPT TABLE before) come);
    END IF;
    IF cardinality(uids) = 0 THEN
        RETURN NULL;
    END IF;
    IF postcote.sees_latest() THEN
        INSERT INTO postcote.change (gid, localpart)
            SELECT gid, localpart FROM postcote.account WHERE uid = ANY (uids)
            ORDER BY uid FOR NO KEY UPDATE;
    ELSE
        INSERT INTO postcote.change DEFAULT VALUES;
    END IF;
    PERFORM pg_notify('postcote', '');
    RETURN NULL;
END
$$;

-- TRUNCATE names no rows: everything may have changed, and nothing of the kind is left.
CREATE FUNCTION postcote.table_truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM postcote.address WHERE kind = TG_TABLE_NAME;
    INSERT INTO postcote.change DEFAULT VALUES;
    PERFORM pg_notify('postcote', '');
    RETURN NULL;
END
$$;

DO $$
DECLARE
    watched record;
BEGIN
    FOR watched IN SELECT * FROM (VALUES
        ('account', 'entry_announced'), ('alias', 'entry_announced'),
        ('relocated', 'entry_announced'), ('relay_recipient', 'entry_announced'),
        ('domain_name', 'domain_name_announced'), ('catchall', 'catchall_announced'),
        ('mailbox_order', 'mailbox_order_announced')) AS one(relation, announcer)
    LOOP
        EXECUTE format('CREATE TRIGGER %1$s_announced_insert AFTER INSERT ON postcote.%1$s
            REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION postcote.%2$s()', watched.relation, watched.announcer);
        EXECUTE format('CREATE TRIGGER %1$s_announced_update AFTER UPDATE ON postcote.%1$s
            REFERENCING OLD TABLE AS removed NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION postcote.%2$s()', watched.relation, watched.announcer);
        EXECUTE format('CREATE TRIGGER %1$s_announced_delete AFTER DELETE ON postcote.%1$s
            REFERENCING OLD TABLE AS removed
            FOR EACH STATEMENT EXECUTE FUNCTION postcote.%2$s()', watched.relation, watched.announcer);
        EXECUTE format('CREATE TRIGGER %1$s_truncated AFTER TRUNCATE ON postcote.%1$s
            FOR EACH STATEMENT EXECUTE FUNCTION postcote.table_truncated()', watched.relation);
    END LOOP;
END
$$;

-- A domain without a name is invisible, so its insertion and deletion are told by its names.
CREATE TRIGGER domain_announced_update AFTER UPDATE ON postcote.domain
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.domain_announced();
CREATE TRIGGER domain_truncated AFTER TRUNCATE ON postcote.domain
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.table_truncated();
