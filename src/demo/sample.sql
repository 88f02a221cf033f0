-- The data set of the demo: something for every rule. Plain SQL, as an administrator may write it.

INSERT INTO postcote.domain (gid, kind, transport, directory) VALUES
    (70000, 'mailbox', 'lmtp:unix:private/dovecot-lmtp', '/srv/mail/e/70000'),
    (70001, 'mailbox', NULL, '/srv/mail/n/70001'),
    (70002, 'mailbox', NULL, '/srv/mail/b/70002'),
    (70003, 'relay', 'smtp:[192.0.2.25]', '/srv/mail/r/70003');

INSERT INTO postcote.domain_name (name, gid, is_primary) VALUES
    ('example.org', 70000, true),
    ('example.com', 70000, false),            -- an alias domain: shares all of example.org
    ('example.net', 70001, true),
    ('xn--bcher-kva.example', 70002, true),   -- bücher.example
    ('branch.example', 70003, true);

-- Everybody's password is `demo`.
INSERT INTO postcote.account (uid, gid, localpart, password, name) VALUES
    (70000, 70000, 'alice', '{PLAIN}demo', 'Alice Ahlers'),
    (70001, 70000, 'bob', '{PLAIN}demo', 'Bob Baker'),
    (70002, 70000, 'carol', '{PLAIN}demo', 'Carol Conti'),
    (70003, 70000, 'dave', '{PLAIN}demo', 'Dave Dupont'),
    (70004, 70000, 'erin', '{PLAIN}demo', 'Erin Eklund'),
    (70005, 70000, 'john smith', '{PLAIN}demo', 'John Smith'),
    (70006, 70001, 'sales', '{PLAIN}demo', 'Sales'),
    (70007, 70001, 'alice', '{PLAIN}demo', 'The other Alice'),
    (70008, 70002, 'jürgen', '{PLAIN}demo', 'Jürgen Jäger');

-- carol is on leave: she may read her mail, and senders are told.
UPDATE postcote.account
    SET may_receive = false, suspend_reason = 'Carol is on leave, please write to bob@example.org'
    WHERE uid = 70002;
-- dave reads his mail elsewhere, and keeps a copy.
UPDATE postcote.account SET forwards = '{dave@mail.example}' WHERE uid = 70003;
-- erin's mail goes another way than that of her domain.
UPDATE postcote.account SET transport = 'lmtp:inet:[192.0.2.7]:24' WHERE uid = 70004;

INSERT INTO postcote.alias (gid, localpart, destinations) VALUES
    (70000, 'info', '{alice@example.org}'),
    (70000, 'team', '{alice@example.org,bob@example.org,dave@example.org}'),
    (70000, 'postmaster', '{alice+%d@example.org}'),         -- %d: the domain asked for
    (70000, 'sales', '{%n@example.net}'),                    -- %n: the local part asked for
    (70000, 'bounces', '{bob+%=@example.org}'),              -- %=: both
    (70000, 'news', '{alice@example.org}'),                  -- for you to change
    (70000, 'half-price', '{alice+50%%@example.org}'),       -- %%: a percent sign
    -- Two aliases that lead to each other; only plain SQL can write that. bob is the way out.
    (70000, 'tweedledum', '{tweedledee@example.org,bob@example.org}'),
    (70000, 'tweedledee', '{tweedledum@example.org}');

INSERT INTO postcote.catchall (gid, destinations) VALUES (70001, '{sales@example.net}');

INSERT INTO postcote.relocated (gid, localpart, new_address) VALUES
    (70000, 'frank', 'frank@moved.example');

INSERT INTO postcote.relay_recipient (gid, localpart) VALUES (70003, 'office');

-- bob may also send as the offices of his domain, whatever they are called.
INSERT INTO postcote.sender_grant (uid, gid, localpart) VALUES
    (70001, 70000, 'office-*'), (70001, 70000, 'postmaster');

-- What would be made up: `demo` as well.
INSERT INTO postcote.app_password (uid, name, password) VALUES (70000, 'laptop', '{PLAIN}demo');
