-- What the policy service decides by: how much may be sent, who may write to an alias, and who may
-- use addresses of others as the sender.
--
-- Why: these are facts about accounts and domains, so they stand and change with them. Limits are
-- one object a row, read with the row: a key that is absent is left to whoever decides next, null
-- is explicitly no limit. A grant stands in the domain whose addresses it gives away, and is read
-- with that domain: the question is who else may use an address, and its domain is at hand then.
-- The view shows the login by its name, so that of an account or a domain changing is a change of
-- each domain in which grants of it stand.
-- Locks: ALTER TABLE holds domain, account, alias, default_alias and app_password in ACCESS
-- EXCLUSIVE while the new constraints look at each row, about a second for a million; no row is
-- rewritten. CREATE OR REPLACE VIEW waits for readers of the two views and holds them for a moment.

-- A flat object of some of seven keys; each value is a whole number in the range of bigint, or null.
-- The number is looked at as a text, for 1.0 is no whole number to whoever reads it.
CREATE FUNCTION postcote.are_sending_limits(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN value IS NULL THEN true
        WHEN jsonb_typeof(value) <> 'object' THEN false
        ELSE (SELECT coalesce(bool_and(
                  one.key IN ('messages-per-hour', 'recipients-per-hour', 'bytes-per-hour',
                              'messages-per-day', 'recipients-per-day', 'bytes-per-day',
                              'new-recipients-per-day')
                  AND CASE
                      WHEN one.amount = 'null'::jsonb THEN true
                      WHEN one.amount::text ~ '^[0-9]{1,19}$'
                      THEN one.amount::numeric <= 9223372036854775807
                      ELSE false
                  END), true)
              FROM jsonb_each(value) AS one(key, amount))
    END;

-- 1 to 1000 of `authenticated`, `domain`, `members`, and addresses in whose local part a * stands
-- for any text; none twice. A local part stands here as it is compared, without quotes.
CREATE FUNCTION postcote.are_senders(list text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN list IS NULL
        OR array_ndims(list) = 1
       AND cardinality(list) BETWEEN 1 AND 1000
       AND (SELECT count(*) = count(DISTINCT one.sender)
                   AND coalesce(bool_and(
                       one.sender IN ('authenticated', 'domain', 'members')
                       OR one.sender ~ '@[^@]+$'
                          AND postcote.is_localpart(regexp_replace(one.sender, '@[^@]*$', ''))
                          AND postcote.is_domain_name(substring(one.sender FROM '@([^@]*)$'))),
                       false)
            FROM unnest(list) AS one(sender));

ALTER TABLE postcote.account
    ADD COLUMN sending_limits jsonb,
    ADD CONSTRAINT account_sending_limits_valid
        CHECK (postcote.are_sending_limits(sending_limits));
ALTER TABLE postcote.domain
    ADD COLUMN sending_limits         jsonb,
    ADD COLUMN account_sending_limits jsonb,
    ADD CONSTRAINT domain_sending_limits_valid
        CHECK (postcote.are_sending_limits(sending_limits)),
    ADD CONSTRAINT domain_account_sending_limits_valid
        CHECK (postcote.are_sending_limits(account_sending_limits));
ALTER TABLE postcote.app_password
    ADD COLUMN sending_limits jsonb,
    ADD CONSTRAINT app_password_sending_limits_valid
        CHECK (postcote.are_sending_limits(sending_limits));
ALTER TABLE postcote.alias
    ADD COLUMN senders text[],
    ADD CONSTRAINT alias_senders_valid CHECK (postcote.are_senders(senders));
ALTER TABLE postcote.default_alias
    ADD COLUMN senders text[],
    ADD CONSTRAINT default_alias_senders_valid CHECK (postcote.are_senders(senders));
-- Whoever is renamed is renamed there, too: each sender, and each domain behind an @.
CREATE FUNCTION postcote.sender_keys(list text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT array_agg(DISTINCT key)
            FROM unnest(list) AS one(sender),
                 unnest(ARRAY[sender, substring(sender FROM '@[^@]*$')]) AS key
            WHERE key IS NOT NULL);
CREATE INDEX alias_senders ON postcote.alias USING gin (postcote.sender_keys(senders))
    WITH (fastupdate = off) WHERE senders IS NOT NULL;
COMMENT ON COLUMN postcote.account.sending_limits IS 'an absent key: as the domain says; null: no limit';
COMMENT ON COLUMN postcote.domain.sending_limits IS 'of all its accounts together';
COMMENT ON COLUMN postcote.domain.account_sending_limits IS 'of each account that says nothing itself';
COMMENT ON COLUMN postcote.alias.senders IS 'NULL: anybody may write to it';
COMMENT ON COLUMN postcote.default_alias.senders IS 'NULL: anybody; `domain` is the one that was asked for';

-- The account may use addresses of the domain as the sender: those whose local part is like this
-- one, in which a * stands for any text. Alias domains share them.
CREATE TABLE postcote.sender_grant (
    uid         bigint      NOT NULL,
    gid         bigint      NOT NULL,
    localpart   text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    domain_kind text        NOT NULL GENERATED ALWAYS AS ('mailbox') STORED,
    CONSTRAINT sender_grant_pkey PRIMARY KEY (uid, gid, localpart),
    CONSTRAINT sender_grant_of_account FOREIGN KEY (uid) REFERENCES postcote.account (uid)
        ON DELETE CASCADE,
    CONSTRAINT sender_grant_in_mailbox_domain FOREIGN KEY (gid, domain_kind)
        REFERENCES postcote.domain (gid, kind) ON DELETE CASCADE,
    CONSTRAINT sender_grant_localpart_valid CHECK (postcote.is_localpart(localpart))
);
CREATE INDEX sender_grant_gid ON postcote.sender_grant (gid);

-- Whoever announces grants holds the domains of their accounts first: whoever changes a primary name
-- at the same moment comes before us, then its new name is seen, or after us, then it announces.
CREATE FUNCTION postcote.hold_domains_of(uids bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF postcote.sees_latest() THEN
        PERFORM FROM postcote.domain
            WHERE gid = ANY (ARRAY(SELECT a.gid FROM postcote.account a WHERE a.uid = ANY (uids)))
            ORDER BY gid FOR NO KEY UPDATE;
    END IF;
END
$$;

CREATE FUNCTION postcote.sender_grant_announced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    uids bigint[];
    gids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT uid), array_agg(DISTINCT gid) INTO uids, gids FROM added;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT uid), array_agg(DISTINCT gid) INTO uids, gids FROM removed;
    ELSE
        WITH before AS (SELECT uid, gid, localpart FROM removed),
             after AS (SELECT uid, gid, localpart FROM added)
            SELECT array_agg(DISTINCT uid), array_agg(DISTINCT gid) INTO uids, gids
            FROM (SELECT * FROM (TABLE before EXCEPT TABLE after) gone
                  UNION SELECT * FROM (TABLE after EXCEPT TABLE before) come) changed;
    END IF;
    IF gids IS NOT NULL THEN
        PERFORM postcote.hold_domains_of(uids);
        PERFORM postcote.announce_names(gids);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER sender_grant_announced_insert AFTER INSERT ON postcote.sender_grant
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.sender_grant_announced();
CREATE TRIGGER sender_grant_announced_update AFTER UPDATE ON postcote.sender_grant
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.sender_grant_announced();
CREATE TRIGGER sender_grant_announced_delete AFTER DELETE ON postcote.sender_grant
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.sender_grant_announced();
CREATE TRIGGER sender_grant_truncated AFTER TRUNCATE ON postcote.sender_grant
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.table_truncated();

-- An account got another address, or its domain another primary name: grants show it. The lock of a
-- grant on the key of its account makes it come before a change of the address, or wait for it.
CREATE FUNCTION postcote.grantee_announced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    uids bigint[];
    gids bigint[];
BEGIN
    IF TG_TABLE_NAME = 'account' THEN
        uids := ARRAY(SELECT uid FROM (SELECT uid, gid, localpart FROM added
                                       EXCEPT SELECT uid, gid, localpart FROM removed) moved);
        IF cardinality(uids) = 0 THEN
            RETURN NULL;
        ELSIF NOT postcote.sees_latest() THEN
            -- A grant may have come that this statement does not see.
            INSERT INTO postcote.change DEFAULT VALUES;
            PERFORM pg_notify('postcote', '');
            RETURN NULL;
        END IF;
        uids := ARRAY(SELECT DISTINCT uid FROM postcote.sender_grant WHERE uid = ANY (uids));
    ELSE
        IF TG_OP = 'INSERT' THEN
            gids := ARRAY(SELECT gid FROM added WHERE is_primary);
        ELSE
            gids := ARRAY(SELECT gid FROM (TABLE removed EXCEPT TABLE added) gone WHERE is_primary
                          UNION SELECT gid FROM (TABLE added EXCEPT TABLE removed) come WHERE is_primary);
        END IF;
        -- These domains are held since domain_name_announced().
        uids := ARRAY(SELECT DISTINCT g.uid FROM postcote.sender_grant g
                      JOIN postcote.account a USING (uid) WHERE a.gid = ANY (gids));
    END IF;
    IF cardinality(uids) > 0 THEN
        PERFORM postcote.hold_domains_of(uids);
        PERFORM postcote.announce_names(
            ARRAY(SELECT DISTINCT gid FROM postcote.sender_grant WHERE uid = ANY (uids)));
    END IF;
    RETURN NULL;
END
$$;
-- Triggers fire in the order of their names: these after those that announce the table itself.
CREATE TRIGGER account_grantee_update AFTER UPDATE ON postcote.account
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.grantee_announced();
CREATE TRIGGER domain_name_grantee_insert AFTER INSERT ON postcote.domain_name
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.grantee_announced();
CREATE TRIGGER domain_name_grantee_update AFTER UPDATE ON postcote.domain_name
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.grantee_announced();

REVOKE ALL ON FUNCTION postcote.hold_domains_of(bigint[]) FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON postcote.sender_grant TO postcote_admin;

-- A login is the local part as it is compared, without quotes, an @, and the primary name.
CREATE OR REPLACE VIEW postcote.directory_domain AS
    SELECT n.name,
           (SELECT p.name FROM postcote.domain_name p WHERE p.gid = n.gid AND p.is_primary
            LIMIT 1) AS primary_name,
           d.gid,
           d.kind,
           d.enabled,
           d.transport,
           d.services,
           d.quota_bytes,
           d.quota_messages,
           d.directory,
           (SELECT c.destinations FROM postcote.catchall c WHERE c.gid = n.gid) AS catchall,
           -- ORDER BY keeps to the index: EXISTS would be planned as a scan that hopes to end soon,
           -- when one domain has most of the recipients.
           d.kind = 'relay'
               AND (SELECT r.gid FROM postcote.relay_recipient r WHERE r.gid = n.gid
                    ORDER BY r.gid, r.localpart LIMIT 1) IS NOT NULL AS has_recipient_list,
           d.sending_limits,
           d.account_sending_limits,
           (SELECT jsonb_agg(jsonb_build_object('localpart', g.localpart,
                       'login', a.localpart || '@' || p.name) ORDER BY g.localpart, g.uid)
            FROM postcote.sender_grant g
            JOIN postcote.account a ON a.uid = g.uid
            JOIN postcote.domain_name p ON p.gid = a.gid AND p.is_primary
            WHERE g.gid = n.gid) AS sender_grants
    FROM postcote.domain_name n JOIN postcote.domain d USING (gid);

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
                       'expires', extract(epoch FROM p.expires_at)::bigint,
                       'sending', p.sending_limits) ORDER BY p.id)
            FROM postcote.app_password p WHERE p.uid = a.uid) AS app_passwords,
           a.sending_limits,
           NULL::text[] AS senders
    FROM postcote.account a
UNION ALL
    SELECT gid, localpart, 'alias'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, expires_at, NULL::boolean, NULL::text[], NULL::boolean,
           destinations, enabled, NULL::text, NULL::timestamptz, NULL::jsonb,
           NULL::jsonb, senders
    FROM postcote.alias
UNION ALL
    SELECT gid, localpart, 'relocated'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::boolean, NULL::text[],
           NULL::boolean, NULL::text[], NULL::boolean, new_address, NULL::timestamptz, NULL::jsonb,
           NULL::jsonb, NULL::text[]
    FROM postcote.relocated
UNION ALL
    SELECT gid, localpart, 'relay_recipient'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::boolean, NULL::text[],
           NULL::boolean, NULL::text[], NULL::boolean, NULL::text, NULL::timestamptz, NULL::jsonb,
           NULL::jsonb, NULL::text[]
    FROM postcote.relay_recipient
UNION ALL
    SELECT gid, localpart, 'alias'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, expires_at, NULL::boolean, NULL::text[], NULL::boolean,
           destinations, enabled, NULL::text, NULL::timestamptz, NULL::jsonb,
           NULL::jsonb, senders
    FROM postcote.default_alias;
