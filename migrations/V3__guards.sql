-- What a constraint alone cannot say: one kind of entry at an address, exactly one primary name,
-- ids that are never reused.
--
-- Why: plain SQL by an administrator must be safe, two administrators at a time as well.
-- The registry `address` has one row for each entry; its primary key is what makes exclusivity
-- free of races, because the second of two concurrent writers waits for the first. Triggers fire
-- once a statement, with transition tables, so a COPY of 100,000 accounts stays one INSERT.
-- Locks: creates new objects only.

CREATE TABLE postcote.address (
    gid       bigint NOT NULL,
    localpart text   NOT NULL,
    kind      text   NOT NULL,
    CONSTRAINT address_one_kind PRIMARY KEY (gid, localpart)
);
COMMENT ON TABLE postcote.address IS 'which kind of entry stands at an address; written by triggers only';

CREATE FUNCTION postcote.address_is_written_by_triggers() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- 1 is this trigger itself, so a statement from outside arrives with exactly that.
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'table `postcote.address` is written by triggers only'
            USING ERRCODE = 'insufficient_privilege', SCHEMA = 'postcote', TABLE = 'address',
                  CONSTRAINT = 'address_is_written_by_triggers',
                  HINT = 'write to account, alias, relocated or relay_recipient';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER address_is_written_by_triggers
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON postcote.address
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.address_is_written_by_triggers();

-- The tables of entries are named as the kinds are, so one function serves all four.
CREATE FUNCTION postcote.entry_registered() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    taken record;
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM postcote.address a USING removed r
            WHERE a.gid = r.gid AND a.localpart = r.localpart;
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM postcote.address a
            USING (SELECT gid, localpart FROM removed EXCEPT SELECT gid, localpart FROM added) r
            WHERE a.gid = r.gid AND a.localpart = r.localpart;
        INSERT INTO postcote.address (gid, localpart, kind)
            SELECT gid, localpart, TG_TABLE_NAME FROM added
            EXCEPT SELECT gid, localpart, TG_TABLE_NAME FROM removed;
    ELSE
        INSERT INTO postcote.address (gid, localpart, kind)
            SELECT gid, localpart, TG_TABLE_NAME FROM added;
    END IF;
    RETURN NULL;
EXCEPTION WHEN unique_violation THEN
    SELECT a.kind, a.localpart || '@' || coalesce(n.name, a.gid::text) AS address INTO taken
        FROM postcote.address a JOIN added USING (gid, localpart)
        LEFT JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary
        WHERE a.kind <> TG_TABLE_NAME
        ORDER BY 2 LIMIT 1;
    RAISE EXCEPTION USING
        ERRCODE = 'unique_violation', SCHEMA = 'postcote', TABLE = 'address',
        CONSTRAINT = 'address_one_kind',
        MESSAGE = CASE WHEN FOUND
            THEN format('address `%s` is of kind %s already', taken.address, taken.kind)
            ELSE 'another transaction took the address' END,
        DETAIL = SQLERRM,
        HINT = 'an address is one of account, alias, relocated: delete the other first';
END
$$;

DO $$
DECLARE
    entry text;
BEGIN
    FOREACH entry IN ARRAY ARRAY['account', 'alias', 'relocated', 'relay_recipient'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_registered_insert AFTER INSERT ON postcote.%1$s
            REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION postcote.entry_registered()', entry);
        EXECUTE format('CREATE TRIGGER %1$s_registered_update AFTER UPDATE ON postcote.%1$s
            REFERENCING OLD TABLE AS removed NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION postcote.entry_registered()', entry);
        EXECUTE format('CREATE TRIGGER %1$s_registered_delete AFTER DELETE ON postcote.%1$s
            REFERENCING OLD TABLE AS removed
            FOR EACH STATEMENT EXECUTE FUNCTION postcote.entry_registered()', entry);
    END LOOP;
END
$$;

-- Exactly one primary: the exclusion constraint sees a second one, this sees that none is left.
-- Both wait for the commit. Two transactions that each take away "the other" primary change the
-- same row, so the second sees the first one's work.
CREATE FUNCTION postcote.domain_has_primary() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    touched bigint := CASE WHEN TG_OP = 'INSERT' THEN NEW.gid ELSE OLD.gid END;
BEGIN
    IF EXISTS (SELECT FROM postcote.domain WHERE gid = touched)
       AND NOT EXISTS (SELECT FROM postcote.domain_name WHERE gid = touched AND is_primary) THEN
        RAISE EXCEPTION 'domain % has no primary name', touched
            USING ERRCODE = 'check_violation', SCHEMA = 'postcote', TABLE = 'domain',
                  CONSTRAINT = 'domain_has_primary',
                  HINT = 'in the same transaction insert or update a row of domain_name with is_primary';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER domain_has_primary AFTER INSERT ON postcote.domain
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION postcote.domain_has_primary();
CREATE CONSTRAINT TRIGGER domain_name_leaves_primary
    AFTER UPDATE OF gid, is_primary ON postcote.domain_name
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.is_primary) EXECUTE FUNCTION postcote.domain_has_primary();
CREATE CONSTRAINT TRIGGER domain_name_deleted_leaves_primary AFTER DELETE ON postcote.domain_name
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.is_primary) EXECUTE FUNCTION postcote.domain_has_primary();

CREATE FUNCTION postcote.domain_directory() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The character spreads domains over 36 directories; it is drawn, not derived from the name,
    -- so a rename moves no file.
    NEW.directory := coalesce(nullif(current_setting('postcote.base_directory', true), ''), '/srv/mail')
        || '/' || substr('0123456789abcdefghijklmnopqrstuvwxyz', 1 + floor(random() * 36)::integer, 1)
        || '/' || NEW.gid;
    RETURN NEW;
END
$$;
CREATE TRIGGER domain_directory BEFORE INSERT ON postcote.domain
    FOR EACH ROW WHEN (NEW.directory IS NULL) EXECUTE FUNCTION postcote.domain_directory();

CREATE FUNCTION postcote.id_is_fixed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the % of a % never changes, it owns files', TG_ARGV[0], TG_TABLE_NAME
        USING ERRCODE = 'check_violation', SCHEMA = 'postcote', TABLE = TG_TABLE_NAME,
              CONSTRAINT = TG_NAME;
END
$$;
CREATE TRIGGER domain_gid_fixed BEFORE UPDATE OF gid ON postcote.domain
    FOR EACH ROW WHEN (OLD.gid <> NEW.gid) EXECUTE FUNCTION postcote.id_is_fixed('gid');
CREATE TRIGGER account_uid_fixed BEFORE UPDATE OF uid ON postcote.account
    FOR EACH ROW WHEN (OLD.uid <> NEW.uid) EXECUTE FUNCTION postcote.id_is_fixed('uid');

CREATE FUNCTION postcote.account_changed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.changed_at := now();
    RETURN NEW;
END
$$;
CREATE TRIGGER account_changed BEFORE UPDATE ON postcote.account
    FOR EACH ROW EXECUTE FUNCTION postcote.account_changed();

-- An import brings its own ids; the sequence must move behind them, or a number would be handed
-- out twice. setval() can also move it back, when somebody draws numbers between the look and the
-- write: hence the lock against other imports, and numbers are drawn one by one unless the gap is
-- larger than what anybody could draw in that moment.
CREATE FUNCTION postcote.sequence_follows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sequence CONSTANT regclass := CASE TG_TABLE_NAME
        WHEN 'domain' THEN 'postcote.domain_gid' ELSE 'postcote.account_uid' END;
    lock_key CONSTANT bigint := hashtextextended('postcote.sequence_follows', 0);
    highest bigint;
    drawn bigint;
BEGIN
    IF TG_TABLE_NAME = 'domain' THEN
        SELECT max(gid) INTO highest FROM added;
        SELECT last_value - (NOT is_called)::integer INTO drawn FROM postcote.domain_gid;
    ELSE
        SELECT max(uid) INTO highest FROM added;
        SELECT last_value - (NOT is_called)::integer INTO drawn FROM postcote.account_uid;
    END IF;
    IF highest IS NULL OR highest <= drawn THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(lock_key);
    EXECUTE format('SELECT last_value - (NOT is_called)::integer FROM %s', sequence) INTO drawn;
    IF highest - drawn > 100000 THEN
        PERFORM setval(sequence, highest);
    ELSE
        WHILE drawn < highest LOOP
            drawn := nextval(sequence);
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER domain_sequence_follows AFTER INSERT ON postcote.domain
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.sequence_follows();
CREATE TRIGGER account_sequence_follows AFTER INSERT ON postcote.account
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.sequence_follows();
