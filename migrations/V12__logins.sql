-- What logins need beside the password of an account: app passwords, and what is written back.
--
-- Why: a password for one program or device can be taken away alone, and can be made for some
-- services only. It is made up, so a fast hash keeps it as safe as a slow one would. The daemon
-- reads them with the entry of their account, so a change of one is announced as a change of it.
-- What the daemon writes back (last logins, quota usage) it has acknowledged before, from a journal
-- on its disk; journal_position says in the same transaction how far a journal was carried over, so
-- that nothing is added twice when nobody knows whether a commit was done.
-- Locks: creates tables and functions; CREATE OR REPLACE VIEW waits for readers of
-- postcote.directory_entry and holds it for a moment.

CREATE TABLE postcote.app_password (
    id         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    uid        bigint      NOT NULL,
    name       text        NOT NULL,
    password   text        NOT NULL,
    services   text[],
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT app_password_pkey PRIMARY KEY (id),
    CONSTRAINT app_password_name UNIQUE (uid, name),
    CONSTRAINT app_password_of_account FOREIGN KEY (uid) REFERENCES postcote.account (uid)
        ON DELETE CASCADE,
    CONSTRAINT app_password_name_valid
        CHECK (char_length(name) BETWEEN 1 AND 64 AND postcote.is_line(name)),
    CONSTRAINT app_password_password_has_scheme
        CHECK (password ~ '^\{[A-Z0-9.-]{2,40}\}.' AND postcote.is_line(password)
               AND octet_length(password) <= 1000),
    CONSTRAINT app_password_services_valid CHECK (postcote.are_services(services))
);
COMMENT ON COLUMN postcote.app_password.services IS 'NULL: whatever the account may use';

-- Apart from the password itself, so that using one changes nothing that is remembered.
CREATE TABLE postcote.app_password_use (
    id bigint      NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT app_password_use_pkey PRIMARY KEY (id),
    CONSTRAINT app_password_use_of_password FOREIGN KEY (id) REFERENCES postcote.app_password (id)
        ON DELETE CASCADE
);

CREATE TABLE postcote.journal_position (
    journal    text        NOT NULL,
    position   bigint      NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT journal_position_pkey PRIMARY KEY (journal),
    CONSTRAINT journal_position_journal_valid CHECK (journal ~ '^[a-z0-9-]{1,64}$'),
    CONSTRAINT journal_position_not_negative CHECK (position >= 0)
);

-- The lock on the account makes a change of its address come before or after, as in
-- mailbox_order_announced().
CREATE FUNCTION postcote.app_password_announced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unseen CONSTANT text[] := '{name,created_at}';
    uids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        uids := ARRAY(SELECT uid FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        uids := ARRAY(SELECT uid FROM removed);
    ELSE
        uids := ARRAY(
            WITH before AS (SELECT uid, to_jsonb(r) - unseen AS seen FROM removed r),
                 after AS (SELECT uid, to_jsonb(a) - unseen AS seen FROM added a)
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
CREATE TRIGGER app_password_announced_insert AFTER INSERT ON postcote.app_password
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.app_password_announced();
CREATE TRIGGER app_password_announced_update AFTER UPDATE ON postcote.app_password
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.app_password_announced();
CREATE TRIGGER app_password_announced_delete AFTER DELETE ON postcote.app_password
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.app_password_announced();
CREATE TRIGGER app_password_truncated AFTER TRUNCATE ON postcote.app_password
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.table_truncated();

-- Puts another hash of the same password in place of the one that was verified, if that still
-- stands there. Whoever may call it can set passwords, so only an administrator grants it to the
-- daemon: GRANT EXECUTE ON FUNCTION postcote.rehash_password TO postcote_reader.
CREATE FUNCTION postcote.rehash_password(account_uid bigint, verified text, rehashed text)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE postcote.account SET password = rehashed
        WHERE uid = account_uid AND password = verified;
    RETURN FOUND;
END
$$;

REVOKE ALL ON FUNCTION postcote.rehash_password(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION postcote.rehash_password(bigint, text, text) TO postcote_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON postcote.app_password TO postcote_admin;
-- The daemon skips the use of a password that is gone; it needs no more than the number for that.
GRANT SELECT (id) ON postcote.app_password TO postcote_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON postcote.app_password_use, postcote.journal_position
    TO postcote_reader, postcote_admin;

CREATE OR REPLACE VIEW postcote.directory_entry AS
    SELECT a.gid,
           a.localpart,
           'account'::text AS kind,
           a.uid,
           coalesce(a.home, (SELECT d.directory || '/' || a.uid FROM postcote.domain d
                             WHERE d.gid = a.gid)) AS home,
           a.mailbox_format,
           a.mailbox_root,
           a.password,
           a.services,
           a.quota_bytes,
           a.quota_messages,
           a.transport,
           a.may_login,
           a.may_receive,
           a.may_send,
           a.suspend_reason,
           a.suspended_until,
           a.expires_at,
           EXISTS (SELECT FROM postcote.mailbox_order o
                   WHERE o.uid = a.uid AND o.kind = 'move' AND o.state = 'pending'
                     AND now() < o.created_at + interval '1 day') AS moving,
           a.forwards,
           a.keep_copy,
           NULL::text[] AS destinations,
           NULL::boolean AS enabled,
           NULL::text AS new_address,
           (SELECT max(o.created_at) + interval '1 day' FROM postcote.mailbox_order o
            WHERE o.uid = a.uid AND o.kind = 'move' AND o.state = 'pending') AS moving_until,
           (SELECT jsonb_agg(jsonb_build_object('id', p.id, 'password', p.password,
                       'services', p.services,
                       'expires', extract(epoch FROM p.expires_at)::bigint) ORDER BY p.id)
            FROM postcote.app_password p WHERE p.uid = a.uid) AS app_passwords
    FROM postcote.account a
UNION ALL
    SELECT gid, localpart, 'alias'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, expires_at, NULL::boolean, NULL::text[], NULL::boolean,
           destinations, enabled, NULL::text, NULL::timestamptz, NULL::jsonb
    FROM postcote.alias
UNION ALL
    SELECT gid, localpart, 'relocated'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::boolean, NULL::text[],
           NULL::boolean, NULL::text[], NULL::boolean, new_address, NULL::timestamptz, NULL::jsonb
    FROM postcote.relocated
UNION ALL
    SELECT gid, localpart, 'relay_recipient'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::boolean, NULL::text[],
           NULL::boolean, NULL::text[], NULL::boolean, NULL::text, NULL::timestamptz, NULL::jsonb
    FROM postcote.relay_recipient
UNION ALL
    SELECT gid, localpart, 'alias'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, expires_at, NULL::boolean, NULL::text[], NULL::boolean,
           destinations, enabled, NULL::text, NULL::timestamptz, NULL::jsonb
    FROM postcote.default_alias;
