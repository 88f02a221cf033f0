-- What the Postfix of the conformance tests is answered from; plain SQL, as an administrator may write it.

INSERT INTO postcote.domain (gid, kind, enabled, transport, directory) VALUES
    (70000, 'mailbox', true, NULL, '/srv/mail/s/70000'),
    (70001, 'mailbox', true, NULL, '/srv/mail/e/70001'),
    (70002, 'mailbox', true, NULL, '/srv/mail/a/70002'),
    (70003, 'mailbox', true, NULL, '/srv/mail/c/70003'),
    (70004, 'mailbox', true, NULL, '/srv/mail/b/70004'),
    (70005, 'mailbox', true, NULL, '/srv/mail/l/70005'),
    (70006, 'relay', true, 'lmtp:unix:private/relayed', '/srv/mail/r/70006'),
    (70007, 'relay', true, 'lmtp:unix:private/relayed', '/srv/mail/o/70007'),
    (70008, 'mailbox', true, 'lmtp:unix:private/special', '/srv/mail/p/70008'),
    (70009, 'mailbox', false, NULL, '/srv/mail/g/70009'),
    (70010, 'mailbox', true, NULL, '/srv/mail/m/70010'),
    (70011, 'mailbox', true, NULL, '/srv/mail/q/70011');

INSERT INTO postcote.domain_name (name, gid, is_primary) VALUES
    ('shop.example', 70000, true),
    ('store.example', 70000, false),
    ('example.org', 70001, true),
    ('example.com', 70001, false),
    ('admin.example.org', 70002, true),
    ('catch.example', 70003, true),
    ('caught.example', 70003, false),
    ('xn--bcher-kva.example', 70004, true),       -- bücher.example
    ('xn--livrs-esa.example', 70004, false),     -- livrés.example
    ('loop.example', 70005, true),
    ('listed.example', 70006, true),
    ('open.example', 70007, true),
    ('parted.example', 70008, true),
    ('gone.example', 70009, true),
    ('many.example', 70010, true),
    ('circle.example', 70011, true);

INSERT INTO postcote.account (uid, gid, localpart, password) VALUES
    (70000, 70000, 'anna', '{PLAIN}account-password'),
    (70001, 70000, 'bert', '{PLAIN}account-password'),
    (70002, 70000, 'carl', '{PLAIN}account-password'),
    (70003, 70000, 'jürgen', '{PLAIN}account-password'),
    (70004, 70000, 'john smith', '{PLAIN}account-password'),
    (70005, 70003, 'known', '{PLAIN}account-password'),
    (70006, 70002, 'postmaster', '{PLAIN}account-password'),
    (70007, 70004, 'anna', '{PLAIN}account-password'),
    (70008, 70008, 'anna', '{PLAIN}account-password'),
    (70009, 70009, 'anna', '{PLAIN}account-password'),
    (70010, 70005, 'box', '{PLAIN}account-password'),
    (70011, 70001, 'anna', '{PLAIN}account-password'),
    (70012, 70000, 'strasse', '{PLAIN}account-password'),
    (70013, 70000, 'a@b', '{PLAIN}account-password'),
    (70014, 70000, 'anna+own', '{PLAIN}account-password');

INSERT INTO postcote.account (uid, gid, localpart, password, transport) VALUES
    (70020, 70000, 'special', '{PLAIN}account-password', 'lmtp:unix:private/special'),
    (70021, 70008, 'bert', '{PLAIN}account-password', 'lmtp:unix:private/sink');

-- Accounts that take no mail, or send none.
INSERT INTO postcote.account
    (uid, gid, localpart, password, may_receive, suspend_reason, suspended_until, expires_at) VALUES
    (70030, 70000, 'dora', '{PLAIN}account-password', false, 'On leave, write to anna@shop.example', NULL, NULL),
    (70031, 70000, 'dirk', '{PLAIN}account-password', false, NULL, NULL, NULL),
    (70032, 70000, 'dina', '{PLAIN}account-password', false, 'On leave', now() - interval '1 day', NULL),
    (70033, 70000, 'edna', '{PLAIN}account-password', true, NULL, NULL, now() - interval '1 day'),
    (70034, 70000, 'emil', '{PLAIN}account-password', true, NULL, NULL, now() + interval '1 day'),
    (70035, 70000, 'mona', '{PLAIN}account-password', true, NULL, NULL, NULL);
INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home, new_home) VALUES
    ('move', 70035, 70000, 'mona@shop.example', '/srv/mail/s/70000/70035', '/srv/mail/t/70000/70035');
INSERT INTO postcote.account (uid, gid, localpart, password, may_login, may_send) VALUES
    (70036, 70000, 'lena', '{PLAIN}account-password', false, true),
    (70037, 70000, 'sven', '{PLAIN}account-password', true, false);

-- Accounts that forward.
INSERT INTO postcote.account (uid, gid, localpart, password, forwards, keep_copy) VALUES
    (70040, 70000, 'fred', '{PLAIN}account-password', '{fred@far.example,anna@shop.example}', true),
    (70041, 70000, 'fran', '{PLAIN}account-password', '{fran@far.example}', false),
    (70042, 70000, 'hans', '{PLAIN}account-password', '{ines@shop.example}', true),
    (70043, 70000, 'ines', '{PLAIN}account-password', '{hans@shop.example}', true),
    (70044, 70000, 'karl', '{PLAIN}account-password', '{kate@shop.example}', false),
    (70045, 70000, 'kate', '{PLAIN}account-password', '{karl@shop.example}', false),
    (70046, 70000, 'fine', '{PLAIN}account-password', '{bert@shop.example}', true);
UPDATE postcote.account SET may_receive = false WHERE uid = 70046;

INSERT INTO postcote.alias (gid, localpart, destinations, enabled, expires_at) VALUES
    (70000, 'team', '{anna@shop.example,bert@shop.example,carl@shop.example}', true, NULL),
    (70000, 'all', '{team@shop.example,special@shop.example}', true, NULL),
    (70000, 'team+board', '{bert@shop.example}', true, NULL),
    (70000, 'own', '{anna+own@shop.example,bert@shop.example}', true, NULL),
    (70000, 'guests', '{anna@far.example,bert@shop.example}', true, NULL),
    (70000, 'spaced', '{"\"john smith\"@shop.example"}', true, NULL),
    (70000, 'naïve', '{anna@shop.example}', true, NULL),
    (70000, 'movers', '{mona@shop.example}', true, NULL),
    (70000, 'former', '{dora@shop.example}', true, NULL),
    (70000, 'shut', '{anna@shop.example}', false, NULL),
    (70000, 'over', '{anna@shop.example}', true, now() - interval '1 day'),
    (70001, 'postmaster', '{postmaster+%d@admin.example.org}', true, NULL),
    (70001, 'carl', '{%n@shop.example,anna+%n@shop.example}', true, NULL),
    (70001, 'verp', '{bert+%=@shop.example}', true, NULL),
    (70001, 'rate', '{anna+50%%@shop.example}', true, NULL),
    (70003, 'listed', '{bert@shop.example}', true, NULL),
    (70004, 'grüsse', '{anna@xn--bcher-kva.example}', true, NULL);

INSERT INTO postcote.catchall (gid, destinations) VALUES
    (70003, '{anna@shop.example}'),
    -- It leads to itself, and to a way out.
    (70011, '{lost@circle.example,box@loop.example}');

INSERT INTO postcote.relocated (gid, localpart, new_address) VALUES
    (70000, 'moved', 'moved@elsewhere.example'),
    (70003, 'moved', 'moved@elsewhere.example');

INSERT INTO postcote.relay_recipient (gid, localpart) VALUES (70006, 'office'), (70006, 'jürgen');

-- Circles, which `postcote admin` would refuse: of two and of a hundred, without and with a way out.
INSERT INTO postcote.alias (gid, localpart, destinations)
    SELECT 70005, 'two' || n, ARRAY['two' || n % 2 + 1 || '@loop.example'] FROM generate_series(1, 2) n
    UNION ALL
    SELECT 70005, 'hop' || n, ARRAY['hop' || n % 100 + 1 || '@loop.example'] FROM generate_series(1, 100) n
    UNION ALL
    SELECT 70005, 'far' || n, ARRAY['far' || n % 100 + 1 || '@loop.example']
        || CASE n WHEN 100 THEN ARRAY['box@loop.example'] END FROM generate_series(1, 100) n;
INSERT INTO postcote.alias (gid, localpart, destinations) VALUES
    (70005, 'self', '{self@loop.example}'),
    (70005, 'selfish', '{selfish@loop.example,box@loop.example}'),
    (70005, 'way', '{ways@loop.example,box@loop.example}'),
    (70005, 'ways', '{way@loop.example}'),
    (70005, 'into', '{two1@loop.example}'),
    (70005, 'half', '{two1@loop.example,box@loop.example}'),
    (70005, 'kept', '{copy@loop.example}');
INSERT INTO postcote.account (uid, gid, localpart, password, forwards) VALUES
    (70050, 70005, 'copy', '{PLAIN}account-password', '{kept@loop.example}');

-- As many destinations as Postfix follows.
INSERT INTO postcote.account (uid, gid, localpart, password)
    SELECT 71000 + n, 70010, 'm' || n, '{PLAIN}account-password' FROM generate_series(1, 1000) n;
INSERT INTO postcote.alias (gid, localpart, destinations)
    SELECT 70010, 'everybody', array_agg('m' || n || '@many.example') FROM generate_series(1, 1000) n;
