-- What whole mail servers have besides accounts.sql. MAIL is the directory of the run.

INSERT INTO postcote.domain (gid, kind, directory) VALUES (70001, 'mailbox', 'MAIL/c/70001');
INSERT INTO postcote.domain_name (name, gid, is_primary) VALUES ('catch.example', 70001, true);

INSERT INTO postcote.account
    (uid, gid, localpart, password, services, may_send, may_receive, suspend_reason) VALUES
    (70030, 70000, 'letters', '{PLAIN}account-password', '{imap,pop3,sieve}', true, true, NULL),
    (70031, 70000, 'mute', '{PLAIN}account-password', NULL, false, true, NULL),
    (70032, 70000, 'dora', '{PLAIN}account-password', NULL, true, false, 'On leave'),
    (70033, 70000, 'cold', '{PLAIN}account-password', NULL, true, true, NULL),
    (70034, 70000, 'iced', '{PLAIN}account-password', NULL, true, true, NULL);

INSERT INTO postcote.alias (gid, localpart, destinations) VALUES
    (70000, 'info', '{anna@shop.example}'),
    (70000, 'sales', '{bert+%n@shop.example}'),
    (70000, 'abuse', '{anna+%d@shop.example}');
INSERT INTO postcote.catchall (gid, destinations) VALUES (70001, '{bert+%n@shop.example}');
