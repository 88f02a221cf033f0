-- The views: all that the daemon reads. Their columns are the contract, the tables behind them are
-- not.
--
-- Why: one row answers one question, by name or by (gid, localpart), and a column that is not of
-- its kind is NULL. Each branch of directory_entry reads one table only and fetches the rest by
-- sub-selects: then the planner flattens the UNION ALL and looks a whole batch of keys up by index,
-- `… FROM unnest($1::bigint[], $2::text[]) k(gid, localpart) JOIN postcote.directory_entry USING (gid, localpart)`.
-- Locks: creates new objects only.

CREATE VIEW postcote.directory_domain AS
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
                    ORDER BY r.gid, r.localpart LIMIT 1) IS NOT NULL AS has_recipient_list
    FROM postcote.domain_name n JOIN postcote.domain d USING (gid);

CREATE VIEW postcote.directory_entry AS
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
    FROM postcote.relay_recipient;

CREATE VIEW postcote.directory_change AS
    SELECT xid, name, gid, localpart FROM postcote.change;

-- A floor that came with a dump belongs to another history; in this one nothing was removed yet.
CREATE VIEW postcote.directory_change_floor AS
    SELECT CASE WHEN f.history = h.here THEN f.xid ELSE '3'::xid8 END AS xid, h.here AS history
    FROM postcote.change_floor f, (SELECT postcote.history() AS here) h;
