-- The words of the schema: what is a domain name, a local part, a destination, a transport.
--
-- Why: the database refuses a text that no parser would take, whoever writes it. The functions are
-- IMMUTABLE, and everything in them is schema-qualified, so a dump restores with an empty
-- search_path; their bodies are parsed now (RETURN), so pg_dump knows what depends on what.
-- This file stays ASCII: a server of another encoding must understand it to refuse politely.
-- Locks: creates new objects only; waits for nobody and lets nobody wait.

CREATE SCHEMA IF NOT EXISTS postcote;

DO $$
BEGIN
    IF pg_catalog.current_setting('server_version_num')::integer < 150000 THEN
        RAISE EXCEPTION 'this server is PostgreSQL %, postcote needs 15 or newer',
            pg_catalog.current_setting('server_version')
            USING ERRCODE = 'feature_not_supported';
    END IF;
    IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the encoding of database `%` is %, postcote needs UTF8',
            pg_catalog.current_database(), pg_catalog.current_setting('server_encoding')
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'CREATE DATABASE postcote TEMPLATE template0 ENCODING ''UTF8''';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_collation
                   WHERE collname = 'und-x-icu'
                     AND collnamespace = 'pg_catalog'::pg_catalog.regnamespace) THEN
        RAISE EXCEPTION 'collation `und-x-icu` is missing, postcote folds local parts with it'
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'use a server built with ICU, as the packages of all distributions are';
    END IF;
END
$$;

-- One line: no control character of ASCII or Latin-1, which would end or split a reply.
CREATE FUNCTION postcote.is_line(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN value !~ '[\u0001-\u001F\u007F-\u009F]';

-- Lower-case labels of letters, digits and inner hyphens (A-labels for IDN), at most 63 octets
-- each and 255 in all; a last label of digits only would be an IPv4 address.
CREATE FUNCTION postcote.is_domain_name(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN octet_length(value) <= 255
       AND value ~ '^[a-z0-9-]+(?:\.[a-z0-9-]+)*$'
       AND value !~ '(?:^|\.)-|-(?:\.|$)|[^.]{64}|(?:^|\.)[0-9]+$';

-- A local part as it is stored and compared: unquoted, 1 to 64 octets of UTF-8, no control
-- characters, NFC, and folded. Folding is Unicode full case folding, as Postfix does with ICU.
-- lower() is not quite that, so two corrections stand here. The class lists what folding changes
-- although it is lower case (sharp s, final sigma, ligatures, letters newer than some ICU).
-- Cherokee folds to its capitals, the only script that does, so they are taken out before lower()
-- sees them.
CREATE FUNCTION postcote.is_localpart(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN octet_length(value) BETWEEN 1 AND 64
       AND postcote.is_line(value)
       AND value IS NFC NORMALIZED
       AND (value ~ '^[\u0001-\u007F]*$' AND value !~ '[A-Z]'
            OR value !~ ('[\u00B5\u00DF\u0149\u017F\u0345\u03C2\u03D0\u03D1\u03D5\u03D6\u03F0\u03F1'
                      || '\u03F5\u0587\u13F8-\u13FD\u1C80-\u1C89\u1E9A\u1E9B\u1F80-\u1F87'
                      || '\u1F90-\u1F97\u1FA0-\u1FA7\u1FB2-\u1FB4\u1FB7\u1FC2-\u1FC4\u1FC7'
                      || '\u1FF2-\u1FF4\u1FF7\uA7CB\uA7CC\uA7CE\uA7D2\uA7D4\uA7DA\uA7DC\uA7DD'
                      || '\uA7E2\uAB6C\uAB6D\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17'
                      || '\U00010D50-\U00010D65\U00016EA0-\U00016EB8\U0001DF40\U0001DF48'
                      || '\U0001DF4A\U0001DF4D\U0001DF51\U0001DF68\U0001DF6A\U0001DF6C\U0001DF6E'
                      || '\U0001DF72\U0001DF74\U0001DF76\U0001DF78\U0001DF7A\U0001DF7C\U0001DF7E'
                      || '\U0001DF95]')
               AND regexp_replace(value, '[\u13A0-\u13F5]', '', 'g')
                   = lower(regexp_replace(value, '[\u13A0-\u13F5]', '', 'g')
                           COLLATE pg_catalog."und-x-icu"));

-- The part before the last @ as it is written in an address: unquoted without specials, or an
-- RFC 5322 quoted string that is not empty.
CREATE FUNCTION postcote.is_written_localpart(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN value ~ ('^(?:[^\u0001-\u0020\u007F-\u009F()<>\[\]:;@\\,"]+'
                 || '|"(?:[^\u0001-\u001F\u007F-\u009F"\\]|\\[^\u0001-\u001F\u007F-\u009F])+")$');

-- An address as a person would write it, the target of a relocated user: local part and domain,
-- at most 320 octets. Its local part keeps its case, for it is somebody else's.
CREATE FUNCTION postcote.is_address(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN octet_length(value) <= 320
       AND value ~ '@[^@]+$'
       AND octet_length(regexp_replace(value, '@[^@]*$', '')) <= 130
       AND postcote.is_written_localpart(regexp_replace(value, '@[^@]*$', ''))
       AND postcote.is_domain_name(substring(value FROM '@([^@]*)$'));

-- A destination template: an address in which %n, %d and %= stand for what was asked for. In the
-- local part any other % is a plain character, so is every %x. In the domain only %n and %d are
-- legal, for no name holds the = of %=; `n` and `d.example` stand in for them, as in the daemon.
CREATE FUNCTION postcote.is_destination(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN octet_length(value) <= 320
       AND value ~ '@[^@]+$'
       AND postcote.is_written_localpart(regexp_replace(value, '@[^@]*$', ''))
       AND postcote.is_domain_name(
               replace(replace(substring(value FROM '@([^@]*)$'), '%n', 'n'), '%d', 'd.example'));

-- 1 to 1000 destinations (Postfix expands no more, virtual_alias_expansion_limit), none twice.
CREATE FUNCTION postcote.are_destinations(list text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN list IS NULL
        OR array_ndims(list) = 1
       AND cardinality(list) BETWEEN 1 AND 1000
       AND (SELECT count(*) = count(DISTINCT one.template)
                   AND coalesce(bool_and(postcote.is_destination(one.template)), false)
            FROM unnest(list) AS one(template));

-- Some of the four services, none twice: each of the four adds one when present, so anything else
-- (a NULL, another word, a repetition) makes the list longer than the sum.
CREATE FUNCTION postcote.are_services(list text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(array_ndims(list), 1) = 1
       AND cardinality(list) = cardinality(array_positions(list, 'imap'))::boolean::integer
                             + cardinality(array_positions(list, 'pop3'))::boolean::integer
                             + cardinality(array_positions(list, 'sieve'))::boolean::integer
                             + cardinality(array_positions(list, 'smtp'))::boolean::integer;

-- transport(5) as NAME:NEXTHOP. The colon is required: a bare `lmtp` reads like the default next
-- hop and drops it. `:` and `:nexthop` are legal, they keep the default transport.
CREATE FUNCTION postcote.is_transport(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN octet_length(value) <= 1000
       AND postcote.is_line(value)
       AND value ~ '^[A-Za-z0-9_-]*:';

-- An absolute path that cannot leave its tree: no empty, `.` or `..` component.
CREATE FUNCTION postcote.is_directory(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN octet_length(value) <= 1000
       AND postcote.is_line(value)
       AND value ~ '^(?:/[^/]+)+$'
       AND value !~ '/\.\.?(?:/|$)';
