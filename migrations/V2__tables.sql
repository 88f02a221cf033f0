-- The tables: one for each noun of `postcote admin`, and the work-in-progress of the daemon.
--
-- Why: PostgreSQL owns the data. Everything that must never be is refused here by a named
-- constraint; the names are API, `postcote admin` turns them into refusals with a hint.
-- Two devices need a word. domain.kind is carried into the referencing tables by a generated
-- column, so a foreign key can say "only in a mailbox domain" without a race. NULL in services,
-- quota and transport of an account means "as the domain".
-- Locks: creates new objects only.

-- Never reused: a uid or gid owns files, and a new owner must not inherit them.
CREATE SEQUENCE postcote.domain_gid AS bigint
    START WITH 70000 MINVALUE 70000 MAXVALUE 4294967294 NO CYCLE;
CREATE SEQUENCE postcote.account_uid AS bigint
    START WITH 70000 MINVALUE 70000 MAXVALUE 4294967294 NO CYCLE;

CREATE TABLE postcote.domain (
    gid            bigint      NOT NULL DEFAULT nextval('postcote.domain_gid'),
    kind           text        NOT NULL DEFAULT 'mailbox',
    enabled        boolean     NOT NULL DEFAULT true,
    transport      text,
    services       text[]      NOT NULL DEFAULT '{imap,pop3,sieve,smtp}',
    quota_bytes    bigint      NOT NULL DEFAULT 0,
    quota_messages bigint      NOT NULL DEFAULT 0,
    directory      text        NOT NULL,
    note           text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT domain_pkey PRIMARY KEY (gid),
    CONSTRAINT domain_gid_kind UNIQUE (gid, kind),
    CONSTRAINT domain_gid_range CHECK (gid BETWEEN 70000 AND 4294967294),
    CONSTRAINT domain_kind_known CHECK (kind IN ('mailbox', 'relay')),
    CONSTRAINT domain_transport_valid CHECK (postcote.is_transport(transport)),
    CONSTRAINT domain_services_valid CHECK (postcote.are_services(services)),
    CONSTRAINT domain_quota_bytes_not_negative CHECK (quota_bytes >= 0),
    CONSTRAINT domain_quota_messages_not_negative CHECK (quota_messages >= 0),
    CONSTRAINT domain_directory_valid CHECK (postcote.is_directory(directory)),
    CONSTRAINT domain_note_size CHECK (char_length(note) <= 10000)
);
ALTER SEQUENCE postcote.domain_gid OWNED BY postcote.domain.gid;
COMMENT ON COLUMN postcote.domain.transport IS 'NULL: what main.cf says (virtual_transport, relay_transport)';
COMMENT ON COLUMN postcote.domain.quota_bytes IS 'default limit of each account, 0 = unlimited';
COMMENT ON COLUMN postcote.domain.directory IS 'NULL when inserted: BASE/CHARACTER/GID, BASE from the setting postcote.base_directory, else /srv/mail';

-- A name stands for one domain only (the primary key), so none is both primary and alias. The
-- one-primary rule waits for the commit, so a primary can be exchanged in any order of statements.
CREATE TABLE postcote.domain_name (
    name       text    NOT NULL,
    gid        bigint  NOT NULL,
    is_primary boolean NOT NULL DEFAULT false,
    CONSTRAINT domain_name_pkey PRIMARY KEY (name),
    CONSTRAINT domain_name_of_domain FOREIGN KEY (gid) REFERENCES postcote.domain (gid)
        ON DELETE CASCADE,
    CONSTRAINT domain_name_one_primary EXCLUDE USING btree (gid WITH =) WHERE (is_primary)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT domain_name_valid CHECK (postcote.is_domain_name(name))
);
CREATE INDEX domain_name_gid ON postcote.domain_name (gid);

CREATE TABLE postcote.account (
    uid             bigint      NOT NULL DEFAULT nextval('postcote.account_uid'),
    gid             bigint      NOT NULL,
    localpart       text        NOT NULL,
    password        text        NOT NULL,
    name            text,
    note            text,
    home            text,
    mailbox_format  text        NOT NULL DEFAULT 'maildir',
    mailbox_root    text        NOT NULL DEFAULT 'Maildir',
    services        text[],
    quota_bytes     bigint,
    quota_messages  bigint,
    transport       text,
    may_login       boolean     NOT NULL DEFAULT true,
    may_receive     boolean     NOT NULL DEFAULT true,
    may_send        boolean     NOT NULL DEFAULT true,
    suspend_reason  text,
    suspended_until timestamptz,
    expires_at      timestamptz,
    forwards        text[],
    keep_copy       boolean     NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    changed_at      timestamptz NOT NULL DEFAULT now(),
    domain_kind     text        NOT NULL GENERATED ALWAYS AS ('mailbox') STORED,
    CONSTRAINT account_pkey PRIMARY KEY (uid),
    CONSTRAINT account_address UNIQUE (gid, localpart),
    CONSTRAINT account_in_mailbox_domain FOREIGN KEY (gid, domain_kind)
        REFERENCES postcote.domain (gid, kind),
    CONSTRAINT account_uid_range CHECK (uid BETWEEN 70000 AND 4294967294),
    CONSTRAINT account_localpart_valid CHECK (postcote.is_localpart(localpart)),
    CONSTRAINT account_password_has_scheme
        CHECK (password ~ '^\{[A-Z0-9.-]{2,40}\}.' AND postcote.is_line(password)
               AND octet_length(password) <= 1000),
    CONSTRAINT account_name_size CHECK (char_length(name) <= 128 AND postcote.is_line(name)),
    CONSTRAINT account_note_size CHECK (char_length(note) <= 10000),
    CONSTRAINT account_home_valid CHECK (postcote.is_directory(home)),
    CONSTRAINT account_mailbox_format_known CHECK (mailbox_format IN ('maildir', 'sdbox', 'mdbox')),
    CONSTRAINT account_mailbox_root_valid
        CHECK (postcote.is_directory('/' || mailbox_root) AND octet_length(mailbox_root) <= 255),
    CONSTRAINT account_services_valid CHECK (postcote.are_services(services)),
    CONSTRAINT account_quota_both_or_neither
        CHECK ((quota_bytes IS NULL) = (quota_messages IS NULL)),
    CONSTRAINT account_quota_bytes_not_negative CHECK (quota_bytes >= 0),
    CONSTRAINT account_quota_messages_not_negative CHECK (quota_messages >= 0),
    CONSTRAINT account_transport_valid CHECK (postcote.is_transport(transport)),
    CONSTRAINT account_suspend_reason_size
        CHECK (char_length(suspend_reason) BETWEEN 1 AND 500 AND postcote.is_line(suspend_reason)),
    CONSTRAINT account_forwards_valid CHECK (postcote.are_destinations(forwards))
);
ALTER SEQUENCE postcote.account_uid OWNED BY postcote.account.uid;
CREATE INDEX account_forwards ON postcote.account USING gin (forwards) WHERE forwards IS NOT NULL;
COMMENT ON COLUMN postcote.account.home IS 'NULL: directory of the domain, a slash, the uid';
COMMENT ON COLUMN postcote.account.keep_copy IS 'whether mail is kept here, too, when forwards is set';

CREATE TABLE postcote.alias (
    gid          bigint      NOT NULL,
    localpart    text        NOT NULL,
    destinations text[]      NOT NULL,
    enabled      boolean     NOT NULL DEFAULT true,
    expires_at   timestamptz,
    note         text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    domain_kind  text        NOT NULL GENERATED ALWAYS AS ('mailbox') STORED,
    CONSTRAINT alias_pkey PRIMARY KEY (gid, localpart),
    CONSTRAINT alias_in_mailbox_domain FOREIGN KEY (gid, domain_kind)
        REFERENCES postcote.domain (gid, kind),
    CONSTRAINT alias_localpart_valid CHECK (postcote.is_localpart(localpart)),
    CONSTRAINT alias_destinations_valid CHECK (postcote.are_destinations(destinations)),
    CONSTRAINT alias_note_size CHECK (char_length(note) <= 10000)
);
CREATE INDEX alias_destinations ON postcote.alias USING gin (destinations);

CREATE TABLE postcote.catchall (
    gid          bigint NOT NULL,
    destinations text[] NOT NULL,
    domain_kind  text   NOT NULL GENERATED ALWAYS AS ('mailbox') STORED,
    CONSTRAINT catchall_pkey PRIMARY KEY (gid),
    CONSTRAINT catchall_in_mailbox_domain FOREIGN KEY (gid, domain_kind)
        REFERENCES postcote.domain (gid, kind) ON DELETE CASCADE,
    CONSTRAINT catchall_destinations_valid CHECK (postcote.are_destinations(destinations))
);

CREATE TABLE postcote.relocated (
    gid         bigint NOT NULL,
    localpart   text   NOT NULL,
    new_address text   NOT NULL,
    note        text,
    domain_kind text   NOT NULL GENERATED ALWAYS AS ('mailbox') STORED,
    CONSTRAINT relocated_pkey PRIMARY KEY (gid, localpart),
    CONSTRAINT relocated_in_mailbox_domain FOREIGN KEY (gid, domain_kind)
        REFERENCES postcote.domain (gid, kind),
    CONSTRAINT relocated_localpart_valid CHECK (postcote.is_localpart(localpart)),
    CONSTRAINT relocated_new_address_valid CHECK (postcote.is_address(new_address)),
    CONSTRAINT relocated_note_size CHECK (char_length(note) <= 10000)
);

-- A relay domain without a row here accepts every recipient; with one, only those listed.
CREATE TABLE postcote.relay_recipient (
    gid         bigint NOT NULL,
    localpart   text   NOT NULL,
    domain_kind text   NOT NULL GENERATED ALWAYS AS ('relay') STORED,
    CONSTRAINT relay_recipient_pkey PRIMARY KEY (gid, localpart),
    CONSTRAINT relay_recipient_in_relay_domain FOREIGN KEY (gid, domain_kind)
        REFERENCES postcote.domain (gid, kind),
    CONSTRAINT relay_recipient_localpart_valid CHECK (postcote.is_localpart(localpart))
);

CREATE TABLE postcote.quota_usage (
    uid        bigint      NOT NULL,
    bytes      bigint      NOT NULL DEFAULT 0,
    messages   bigint      NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT quota_usage_pkey PRIMARY KEY (uid),
    CONSTRAINT quota_usage_of_account FOREIGN KEY (uid) REFERENCES postcote.account (uid)
        ON DELETE CASCADE,
    CONSTRAINT quota_usage_bytes_not_negative CHECK (bytes >= 0),
    CONSTRAINT quota_usage_messages_not_negative CHECK (messages >= 0)
);

CREATE TABLE postcote.last_login (
    uid     bigint      NOT NULL,
    service text        NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    remote  inet,
    CONSTRAINT last_login_pkey PRIMARY KEY (uid, service),
    CONSTRAINT last_login_of_account FOREIGN KEY (uid) REFERENCES postcote.account (uid)
        ON DELETE CASCADE,
    CONSTRAINT last_login_service_valid CHECK (service ~ '^[a-z0-9_-]{1,40}$')
);

-- File-system work that a committed change still needs. No foreign key: a delete order outlives
-- its account.
CREATE TABLE postcote.mailbox_order (
    id              bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind            text        NOT NULL,
    uid             bigint      NOT NULL,
    gid             bigint      NOT NULL,
    address         text        NOT NULL,
    home            text        NOT NULL,
    new_home        text,
    state           text        NOT NULL DEFAULT 'pending',
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    last_error      text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT mailbox_order_pkey PRIMARY KEY (id),
    CONSTRAINT mailbox_order_kind_known CHECK (kind IN ('create', 'move', 'delete')),
    CONSTRAINT mailbox_order_state_known CHECK (state IN ('pending', 'failed', 'done')),
    CONSTRAINT mailbox_order_uid_range CHECK (uid BETWEEN 70000 AND 4294967294),
    CONSTRAINT mailbox_order_gid_range CHECK (gid BETWEEN 70000 AND 4294967294),
    CONSTRAINT mailbox_order_address_valid
        CHECK (octet_length(address) <= 400 AND postcote.is_line(address)),
    CONSTRAINT mailbox_order_home_valid CHECK (postcote.is_directory(home)),
    CONSTRAINT mailbox_order_new_home_valid CHECK (postcote.is_directory(new_home)),
    CONSTRAINT mailbox_order_new_home_only_of_move
        CHECK ((kind = 'move') = (new_home IS NOT NULL)),
    CONSTRAINT mailbox_order_attempts_not_negative CHECK (attempts >= 0)
);
CREATE INDEX mailbox_order_due ON postcote.mailbox_order (next_attempt_at, id)
    WHERE state = 'pending';
CREATE INDEX mailbox_order_moving ON postcote.mailbox_order (uid)
    WHERE kind = 'move' AND state <> 'done';
