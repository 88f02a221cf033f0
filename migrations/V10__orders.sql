-- The order queue as its worker needs it.
--
-- Why: a domain has a directory, too, which goes after the last home in it, so an order without
-- an account is needed. A move keeps the address waiting while it is pending, at most a day: an
-- order that failed, or that no worker takes, must not defer mail for ever. Until the move is
-- done account.home names the old place, so nothing is ever delivered into the void. An account
-- that moves to another domain gets another group, so its order knows both.
-- Locks: ALTER TABLE postcote.mailbox_order, ACCESS EXCLUSIVE while its constraints look at each
-- row; CREATE OR REPLACE VIEW waits for readers of postcote.directory_entry.

ALTER TABLE postcote.mailbox_order
    ALTER COLUMN uid DROP NOT NULL,
    ADD COLUMN finished_at timestamptz,
    ADD COLUMN new_gid bigint,
    DROP CONSTRAINT mailbox_order_kind_known,
    ADD CONSTRAINT mailbox_order_kind_known
        CHECK (kind IN ('create', 'move', 'delete', 'delete-domain')),
    ADD CONSTRAINT mailbox_order_uid_unless_domain
        CHECK ((kind = 'delete-domain') = (uid IS NULL)),
    ADD CONSTRAINT mailbox_order_finished_if_done
        CHECK (finished_at IS NULL OR state = 'done'),
    ADD CONSTRAINT mailbox_order_new_gid_range CHECK (new_gid BETWEEN 70000 AND 4294967294),
    ADD CONSTRAINT mailbox_order_new_gid_only_of_move CHECK (new_gid IS NULL OR kind = 'move');
CREATE INDEX mailbox_order_uid ON postcote.mailbox_order (uid, id) WHERE state <> 'done';
CREATE INDEX mailbox_order_gid ON postcote.mailbox_order (gid, id) WHERE state <> 'done';
CREATE INDEX mailbox_order_new_gid ON postcote.mailbox_order (new_gid, id) WHERE state <> 'done';
CREATE INDEX mailbox_order_finished ON postcote.mailbox_order (finished_at) WHERE state = 'done';
COMMENT ON COLUMN postcote.mailbox_order.gid IS 'the group of the files before the work';
COMMENT ON COLUMN postcote.mailbox_order.new_gid IS 'the group of the files after a move; NULL: the same';
COMMENT ON COLUMN postcote.mailbox_order.created_at IS 'when it was ordered, or ordered again after it had failed';
COMMENT ON COLUMN postcote.mailbox_order.address IS 'the login of the account, or the name of the domain, when it was ordered';

-- Only a pending move shows in the entry of its account.
CREATE OR REPLACE FUNCTION postcote.mailbox_order_announced() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    uids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        uids := ARRAY(SELECT uid FROM added WHERE kind = 'move' AND state = 'pending');
    ELSIF TG_OP = 'DELETE' THEN
        uids := ARRAY(SELECT uid FROM removed WHERE kind = 'move' AND state = 'pending');
    ELSE
        uids := ARRAY(
            WITH before AS (SELECT id, uid, created_at FROM removed
                            WHERE kind = 'move' AND state = 'pending'),
                 after AS (SELECT id, uid, created_at FROM added
                           WHERE kind = 'move' AND state = 'pending')
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

-- Wakes the worker; the rows are the truth, a lost notification only costs it a poll.
CREATE FUNCTION postcote.mailbox_ordered() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('postcote_order', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER mailbox_order_wakes AFTER INSERT OR UPDATE OF next_attempt_at ON postcote.mailbox_order
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.mailbox_ordered();

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
            WHERE o.uid = a.uid AND o.kind = 'move' AND o.state = 'pending') AS moving_until
    FROM postcote.account a
UNION ALL
    SELECT gid, localpart, 'alias'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, expires_at, NULL::boolean, NULL::text[], NULL::boolean,
           destinations, enabled, NULL::text, NULL::timestamptz
    FROM postcote.alias
UNION ALL
    SELECT gid, localpart, 'relocated'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::boolean, NULL::text[],
           NULL::boolean, NULL::text[], NULL::boolean, new_address, NULL::timestamptz
    FROM postcote.relocated
UNION ALL
    SELECT gid, localpart, 'relay_recipient'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::boolean, NULL::text[],
           NULL::boolean, NULL::text[], NULL::boolean, NULL::text, NULL::timestamptz
    FROM postcote.relay_recipient
UNION ALL
    SELECT gid, localpart, 'alias'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, expires_at, NULL::boolean, NULL::text[], NULL::boolean,
           destinations, enabled, NULL::text, NULL::timestamptz
    FROM postcote.default_alias;
