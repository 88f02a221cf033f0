-- Who leads to this address? Asked before an account or alias is deleted or renamed, and to show
-- an account; the answer must not read every alias of a large site.
--
-- Why: a destination has many spellings (upper case, an extension, quotes, placeholders), so an
-- index over the texts finds the plain ones only. Each destination gets two keys that its
-- spellings share: its domain, and the letters and digits that its local part begins with, with a
-- `*` where a placeholder or a letter beyond ASCII follows (whose folding PostgreSQL does not
-- know). Keys find candidates; what exactly they lead to is for `postcote admin` to find out.
-- COLLATE "C": lower() of an index must not follow a locale. No fastupdate: a search would read
-- what an import has left in the waiting list.
-- Locks: creates functions; each CREATE INDEX lets readers pass, and writers of its table wait
-- while it reads the table, some seconds for a million rows.

CREATE FUNCTION postcote.destination_keys(list text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT array_agg(DISTINCT key)
        FROM unnest(list) AS one(template),
             lower(regexp_replace(template, '@[^@]*$', '') COLLATE pg_catalog."C") AS localpart,
             substring(localpart FROM '^"?([a-z0-9]*)') AS start,
             substring(template FROM '@([^@]*)$') AS written,
             -- %d is a name of the own domain, anything else with a placeholder may be any domain.
             regexp_replace(written, '^(?!%d$).*%.*$', '*') AS domain,
             unnest(ARRAY[domain,
                          CASE WHEN localpart ~ '^"?[a-z0-9]*[%\\]' THEN start || '*'
                               -- A combining mark changes the letter before it, too.
                               WHEN localpart ~ '^"?[a-z0-9]*[^\u0001-\u007F]'
                               THEN left(start, -1) || '*'
                               ELSE start
                          END || '@' || domain]) AS key);

CREATE INDEX alias_leads_to ON postcote.alias
    USING gin (postcote.destination_keys(destinations)) WITH (fastupdate = off);
CREATE INDEX catchall_leads_to ON postcote.catchall
    USING gin (postcote.destination_keys(destinations)) WITH (fastupdate = off);
CREATE INDEX account_leads_to ON postcote.account
    USING gin (postcote.destination_keys(forwards)) WITH (fastupdate = off) WHERE forwards IS NOT NULL;
CREATE INDEX relocated_leads_to ON postcote.relocated
    USING gin (postcote.destination_keys(ARRAY[new_address])) WITH (fastupdate = off);

-- Destinations with those in domain `old` in domain `new` instead; none comes to stand there twice.
CREATE FUNCTION postcote.in_renamed_domain(list text[], old text, new text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(
        SELECT template
        FROM (SELECT DISTINCT ON (template) template, place
              FROM unnest(list) WITH ORDINALITY AS one(was, place),
                   LATERAL (SELECT CASE WHEN right(was, length(old) + 1) = '@' || old
                                        THEN left(was, -length(old)) || new ELSE was END) AS to_be(template)
              ORDER BY template, place) AS first
        ORDER BY place);
