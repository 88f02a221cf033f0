-- What a DBA does once, before `postcote db migrate`: roles and the database.
--
--   sudo -u postgres psql -X -v ON_ERROR_STOP=1 -f roles.sql
--
-- Two group roles carry the rights; the migrations grant to them and create them only where the
-- migrating role has CREATEROLE.

-- Reads the views, and writes quota usage and last logins: the daemon.
CREATE ROLE postcote_reader NOLOGIN;
-- Reads and writes the data: `postcote admin`, `postcote orders`, and people with psql.
CREATE ROLE postcote_admin NOLOGIN;

-- Owns database and schema, and runs `postcote db migrate`. Nobody else needs it.
CREATE ROLE postcote_owner LOGIN;

-- The daemon. As a system user of the same name it needs no password with `peer` in pg_hba.conf,
-- and the default url "postgresql:///postcote" is right.
CREATE ROLE postcote LOGIN IN ROLE postcote_reader;

-- One for each administrator, so that the server's log knows who it was. Example:
--   CREATE ROLE anna LOGIN IN ROLE postcote_admin;

-- UTF8 because local parts may be Unicode; template0 because template1 may have another encoding.
CREATE DATABASE postcote OWNER postcote_owner TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE postcote FROM PUBLIC;
GRANT CONNECT ON DATABASE postcote TO postcote_reader, postcote_admin;

-- pg_hba.conf, above the lines for `all`. Over a network use TLS and passwords
-- (`\password postcote` in psql sets one without showing it):
--   local    postcote  postcote,postcote_owner,+postcote_admin                      peer
--   hostssl  postcote  postcote,postcote_owner,+postcote_admin  192.0.2.0/24        scram-sha-256
