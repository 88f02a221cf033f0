-- What the policy service counts and remembers: what was sent, to whom, and who has come back.
--
-- Why: a daemon that starts anew must not forget what an account has sent, and one on another host
-- must hear of it within seconds. Each process ("writer") tells the whole of what it has counted
-- for somebody within a minute, as a number that only grows, so that telling it twice changes
-- nothing. changed_in says which transaction wrote a row: who polls asks for what its last snapshot
-- did not see, for transactions become visible in another order than they are numbered.
-- No foreign key of sent: an account that is deleted must not stop what is written back with it,
-- and rows go within days. Recipients and triplets are stored as hashes, not as addresses.
-- Locks: creates tables.

CREATE TABLE postcote.sent (
    kind           text   NOT NULL,
    id             bigint NOT NULL,
    minute         bigint NOT NULL,
    writer         bigint NOT NULL,
    messages       bigint NOT NULL,
    recipients     bigint NOT NULL,
    bytes          bigint NOT NULL,
    new_recipients bigint NOT NULL,
    changed_in     xid8   NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT sent_pkey PRIMARY KEY (kind, id, minute, writer),
    CONSTRAINT sent_kind_known CHECK (kind IN ('account', 'app_password', 'domain')),
    CONSTRAINT sent_not_negative CHECK
        (messages >= 0 AND recipients >= 0 AND bytes >= 0 AND new_recipients >= 0)
);
CREATE INDEX sent_changed ON postcote.sent (changed_in);
COMMENT ON COLUMN postcote.sent.id IS 'uid of the account, gid of the domain, or number of the app password';
COMMENT ON COLUMN postcote.sent.minute IS 'minutes since 1970-01-01 00:00 UTC';
COMMENT ON COLUMN postcote.sent.writer IS 'made up by each process at its start';

-- An administrator has said that what somebody sent until then no longer counts.
CREATE TABLE postcote.sent_reset (
    kind       text   NOT NULL,
    id         bigint NOT NULL,
    minute     bigint NOT NULL,
    changed_in xid8   NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT sent_reset_pkey PRIMARY KEY (kind, id),
    CONSTRAINT sent_reset_kind_known CHECK (kind IN ('account', 'app_password', 'domain'))
);
CREATE INDEX sent_reset_changed ON postcote.sent_reset (changed_in);
COMMENT ON COLUMN postcote.sent_reset.minute IS 'the last minute that no longer counts';

CREATE TABLE postcote.sent_to (
    uid       bigint NOT NULL,
    recipient bigint NOT NULL,
    last_on   date   NOT NULL,
    CONSTRAINT sent_to_pkey PRIMARY KEY (uid, recipient),
    CONSTRAINT sent_to_of_account FOREIGN KEY (uid) REFERENCES postcote.account (uid)
        ON DELETE CASCADE
);
COMMENT ON COLUMN postcote.sent_to.recipient IS 'hash of the address';

CREATE TABLE postcote.greylist (
    triplet   bigint      NOT NULL,
    first_at  timestamptz NOT NULL,
    passed_at timestamptz,
    CONSTRAINT greylist_pkey PRIMARY KEY (triplet)
);
COMMENT ON COLUMN postcote.greylist.triplet IS 'hash of network, sender and recipient';
COMMENT ON COLUMN postcote.greylist.passed_at IS 'NULL: it has not come back yet';

CREATE TABLE postcote.greylist_client (
    network cidr        NOT NULL,
    passes  bigint      NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT greylist_client_pkey PRIMARY KEY (network),
    CONSTRAINT greylist_client_not_negative CHECK (passes >= 0)
);

GRANT SELECT, INSERT, UPDATE, DELETE
    ON postcote.sent, postcote.sent_to, postcote.greylist, postcote.greylist_client
    TO postcote_reader, postcote_admin;
GRANT SELECT ON postcote.sent_reset TO postcote_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON postcote.sent_reset TO postcote_admin;
