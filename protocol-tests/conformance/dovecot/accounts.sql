-- Whom the Dovecots of the conformance tests serve. MAIL is the directory of the run.

INSERT INTO postcote.domain (gid, kind, directory) VALUES (70000, 'mailbox', 'MAIL/s/70000');
INSERT INTO postcote.domain_name (name, gid, is_primary) VALUES
    ('shop.example', 70000, true),
    ('store.example', 70000, false);

INSERT INTO postcote.account (uid, gid, localpart, password) VALUES
    (70000, 70000, 'anna', '{PLAIN}account-password'),
    (70001, 70000, 'bert', '{PLAIN}account-password'),
    (70002, 70000, 'jürgen', '{PLAIN}account-password');

-- Who may not log in, or not everywhere. Mail for them was accepted, so it is delivered.
INSERT INTO postcote.account
    (uid, gid, localpart, password, services, may_login, suspend_reason, expires_at) VALUES
    (70010, 70000, 'pop', '{PLAIN}account-password', '{pop3}', true, NULL, NULL),
    (70011, 70000, 'shut', '{PLAIN}account-password', NULL, false, NULL, NULL),
    (70012, 70000, 'held', '{PLAIN}account-password', NULL, false, 'Ask the office', NULL),
    (70013, 70000, 'over', '{PLAIN}account-password', NULL, true, NULL, now() - interval '1 day');

INSERT INTO postcote.account (uid, gid, localpart, password, quota_bytes, quota_messages) VALUES
    (70020, 70000, 'small', '{PLAIN}account-password', 20000, 3);
