-- Default aliases: local parts that every mailbox domain has, unless an entry of the domain itself
-- stands at the address.
--
-- Why: RFC 2142 wants postmaster@ and abuse@ in every domain, and nobody adds them a thousand
-- times. To the daemon they are entries of the pseudo-domain with gid 0, so the view, the feed and
-- the cache treat them as any alias; the generated column carries that 0.
-- Locks: creates a table; CREATE OR REPLACE VIEW waits for readers of postcote.directory_entry and
-- holds it for a moment.

CREATE TABLE postcote.default_alias (
    localpart    text        NOT NULL,
    destinations text[]      NOT NULL,
    enabled      boolean     NOT NULL DEFAULT true,
    expires_at   timestamptz,
    note         text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    gid          bigint      NOT NULL GENERATED ALWAYS AS (0) STORED,
    CONSTRAINT default_alias_pkey PRIMARY KEY (localpart),
    CONSTRAINT default_alias_localpart_valid CHECK (postcote.is_localpart(localpart)),
    CONSTRAINT default_alias_destinations_valid CHECK (postcote.are_destinations(destinations)),
    CONSTRAINT default_alias_note_size CHECK (char_length(note) <= 10000)
);
CREATE INDEX default_alias_destinations ON postcote.default_alias USING gin (destinations);

CREATE TRIGGER default_alias_announced_insert AFTER INSERT ON postcote.default_alias
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.entry_announced();
CREATE TRIGGER default_alias_announced_update AFTER UPDATE ON postcote.default_alias
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.entry_announced();
CREATE TRIGGER default_alias_announced_delete AFTER DELETE ON postcote.default_alias
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.entry_announced();
CREATE TRIGGER default_alias_truncated AFTER TRUNCATE ON postcote.default_alias
    FOR EACH STATEMENT EXECUTE FUNCTION postcote.table_truncated();

GRANT SELECT, INSERT, UPDATE, DELETE ON postcote.default_alias TO postcote_admin;

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
                   WHERE o.uid = a.uid AND o.kind = 'move' AND o.state <> 'done') AS moving,
           a.forwards,
           a.keep_copy,
           NULL::text[] AS destinations,
           NULL::boolean AS enabled,
           NULL::text AS new_address
    FROM postcote.account a
UNION ALL
    SELECT gid, localpart, 'alias'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, expires_at, NULL::boolean, NULL::text[], NULL::boolean,
           destinations, enabled, NULL::text
    FROM postcote.alias
UNION ALL
    SELECT gid, localpart, 'relocated'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::boolean, NULL::text[],
           NULL::boolean, NULL::text[], NULL::boolean, new_address
    FROM postcote.relocated
UNION ALL
    SELECT gid, localpart, 'relay_recipient'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::boolean, NULL::text[],
           NULL::boolean, NULL::text[], NULL::boolean, NULL::text
    FROM postcote.relay_recipient
UNION ALL
    SELECT gid, localpart, 'alias'::text,
           NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[],
           NULL::bigint, NULL::bigint, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean,
           NULL::text, NULL::timestamptz, expires_at, NULL::boolean, NULL::text[], NULL::boolean,
           destinations, enabled, NULL::text
    FROM postcote.default_alias;
