//! Ways to break the isolation of what martydb provisions, one row each. The unit tests of the audit have more variants of what
//! needs no other row of the catalogs.

use super::support::{Pair, groups, made};
use crate::support::{is_due, many};

/// One leak.
struct Leak {
    /// The majors it exists on.
    majors: std::ops::RangeInclusive<u32>,
    /// Database of the leak.
    database: &'static str,
    /// Statements that open the leak.
    open: &'static str,
    /// severity, id, service, role, and a word of the object.
    expect: [&'static str; 5],
    /// Statements for the part that `apply` cannot fix, in the same database.
    mend: &'static str,
}

const ALL: std::ops::RangeInclusive<u32> = 13..=99;

const fn leak(
    database: &'static str,
    open: &'static str,
    expect: [&'static str; 5],
    mend: &'static str,
) -> Leak {
    Leak { majors: ALL, database, open, expect, mend }
}

const fn since(major: u32, leak: Leak) -> Leak {
    Leak { majors: major..=99, ..leak }
}

#[rustfmt::skip]
const LEAKS: &[Leak] = &[
    // The fence.
    leak("postgres", "GRANT CONNECT ON DATABASE blue_db TO PUBLIC", ["critical", "foreign-database-connect", "blue", "PUBLIC", "blue_db"], ""),
    leak("postgres", "GRANT TEMPORARY ON DATABASE blue_db TO PUBLIC", ["medium", "public-privilege", "blue", "PUBLIC", "blue_db"], ""),
    leak("postgres", "GRANT CREATE ON DATABASE blue_db TO red_migrator", ["high", "foreign-role-in-acl", "blue", "red_migrator", "blue_db"], ""),
    leak("postgres", "GRANT CREATE ON DATABASE blue_db TO blue_app", ["high", "undeclared-privilege", "blue", "blue_app", "blue_db"], ""),
    leak("postgres", "GRANT CONNECT ON DATABASE blue_db TO blue_app WITH GRANT OPTION", ["medium", "grant-option", "blue", "blue_app", "blue_db"], ""),
    leak("postgres", "GRANT CONNECT ON DATABASE postgres TO PUBLIC", ["medium", "maintenance-database-connect", "-", "PUBLIC", "postgres"], ""),
    leak("postgres", "GRANT CONNECT ON DATABASE template1 TO red_app", ["medium", "template-database-connect", "-", "red_app", "template1"], ""),
    leak("postgres", "CREATE DATABASE den", ["medium", "unmanaged-database-connect", "-", "PUBLIC", "den"], "DROP DATABASE den"),
    leak("postgres", "ALTER DATABASE blue_db OWNER TO blue_app", ["high", "database-owner", "blue", "blue_app", "blue_db"], ""),
    leak("postgres", "ALTER DATABASE blue_db IS_TEMPLATE true", ["high", "database-is-template", "blue", "PUBLIC", "blue_db"], ""),
    // Attributes.
    leak("postgres", "ALTER ROLE red_app SUPERUSER", ["critical", "role-attribute", "red", "red_app", "red_app"], ""),
    leak("postgres", "ALTER ROLE red_app CREATEDB", ["medium", "role-attribute", "red", "red_app", "red_app"], ""),
    Leak { majors: 13..=15, ..leak("postgres", "ALTER ROLE red_app CREATEROLE", ["critical", "role-attribute", "red", "red_app", "red_app"], "") },
    since(16, leak("postgres", "ALTER ROLE red_app CREATEROLE", ["high", "role-attribute", "red", "red_app", "red_app"], "")),
    leak("postgres", "ALTER ROLE red_app REPLICATION", ["critical", "role-attribute", "red", "red_app", "red_app"], ""),
    leak("postgres", "ALTER ROLE blue_ro BYPASSRLS", ["medium", "role-attribute", "blue", "blue_ro", "blue_ro"], ""),
    leak("postgres", "ALTER ROLE blue_owner LOGIN", ["high", "owner-can-log-in", "blue", "blue_owner", "blue_owner"], ""),
    // Memberships.
    leak("postgres", "CREATE ROLE bridge; GRANT blue_ro TO bridge; GRANT bridge TO red_ro", ["critical", "foreign-role-membership", "blue", "red_ro", "blue_ro"], "DROP ROLE bridge"),
    leak("postgres", "ALTER ROLE red_app NOINHERIT; GRANT blue_owner TO red_app", ["critical", "foreign-role-membership", "blue", "red_app", "blue_owner"], ""),
    since(16, leak("postgres", "GRANT blue_app TO red_ro WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", ["critical", "foreign-role-membership", "blue", "red_ro", "blue_app"], "")),
    since(16, leak("postgres", "GRANT blue_app TO red_ro WITH INHERIT FALSE, SET TRUE", ["critical", "foreign-role-membership", "blue", "red_ro", "blue_app"], "")),
    leak("postgres", "GRANT blue_owner TO blue_app", ["high", "own-service-membership", "blue", "blue_app", "blue_owner"], ""),
    leak("postgres", "GRANT blue_app TO blue_ro", ["medium", "own-service-membership", "blue", "blue_ro", "blue_app"], ""),
    leak("postgres", "GRANT red_owner TO red_migrator WITH ADMIN OPTION", ["high", "membership-admin-option", "red", "red_migrator", "red_owner"], ""),
    leak("postgres", "CREATE ROLE ghost LOGIN; GRANT blue_ro TO ghost", ["high", "unmanaged-membership", "blue", "ghost", "blue_ro"], "DROP ROLE ghost"),
    leak("postgres", "CREATE ROLE ghost LOGIN; GRANT CONNECT ON DATABASE blue_db TO ghost", ["high", "unmanaged-login-connect", "blue", "ghost", "blue_db"], "DROP OWNED BY ghost; DROP ROLE ghost"),
    Leak { majors: 13..=15, ..leak("postgres", "CREATE ROLE ghost LOGIN; CREATE ROLE portal CREATEROLE; GRANT portal TO ghost", ["medium", "unmanaged-role-power", "-", "ghost", "-"], "DROP ROLE ghost, portal") },
    leak("postgres", "CREATE ROLE copier LOGIN REPLICATION", ["medium", "unmanaged-role-power", "-", "copier", "-"], "DROP ROLE copier"),
    since(14, leak("postgres", "GRANT pg_read_all_data TO blue_ro", ["high", "predefined-role", "blue", "blue_ro", "pg_read_all_data"], "")),
    leak("postgres", "GRANT pg_monitor TO red_app", ["high", "predefined-role", "red", "red_app", "pg_monitor"], ""),
    leak("postgres", "CREATE ROLE helpers; GRANT pg_execute_server_program TO helpers; GRANT helpers TO red_app", ["critical", "predefined-role", "red", "red_app", "pg_execute_server_program"], "DROP ROLE helpers"),
    leak("postgres", "CREATE ROLE mighty SUPERUSER; GRANT mighty TO red_app", ["critical", "role-attribute", "red", "red_app", "mighty"], "DROP ROLE mighty"),
    // Privileges inside a database.
    leak("blue_db", "GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC", ["high", "public-privilege", "blue", "PUBLIC", "public"], ""),
    leak("blue_db", "GRANT SELECT (secret) ON hidden TO red_app", ["medium", "foreign-role-in-acl", "blue", "red_app", "hidden.secret"], ""),
    leak("blue_db", "GRANT SELECT ON item TO PUBLIC", ["medium", "public-privilege", "blue", "PUBLIC", "item"], ""),
    leak("blue_db", "GRANT TRIGGER ON item TO blue_ro", ["high", "undeclared-privilege", "blue", "blue_ro", "item"], ""),
    since(17, leak("blue_db", "GRANT MAINTAIN ON item TO blue_ro", ["high", "undeclared-privilege", "blue", "blue_ro", "item"], "")),
    leak("blue_db", "GRANT UPDATE ON SEQUENCE item_id_seq TO PUBLIC", ["high", "public-privilege", "blue", "PUBLIC", "item_id_seq"], ""),
    leak("blue_db", "SET ROLE blue_owner; CREATE TYPE mood AS ENUM ('a'); GRANT USAGE ON TYPE mood TO PUBLIC; RESET ROLE", ["medium", "public-privilege", "blue", "PUBLIC", "mood"], ""),
    leak("blue_db", "SET ROLE blue_owner; SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC; RESET ROLE", ["medium", "public-privilege", "blue", "PUBLIC", "4711"], "REVOKE ALL ON LARGE OBJECT 4711 FROM PUBLIC"),
    leak("blue_db", "CREATE ROLE crowd; GRANT SELECT ON hidden TO crowd; GRANT crowd TO red_app", ["medium", "foreign-role-in-acl", "blue", "red_app", "hidden"], "DROP OWNED BY crowd; DROP ROLE crowd"),
    leak("blue_db", "ALTER TABLE hidden OWNER TO blue_app", ["medium", "object-owner", "blue", "blue_app", "hidden"], ""),
    leak("blue_db", "ALTER VIEW pg_catalog.pg_shadow OWNER TO blue_app", ["critical", "object-owner", "blue", "blue_app", "pg_shadow"], "ALTER VIEW pg_catalog.pg_shadow OWNER TO postgres"),
    leak("blue_db", "ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO red_owner", ["critical", "object-owner", "blue", "red_owner", "pg_read_file"], "ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO postgres"),
    leak("blue_db", "ALTER SCHEMA information_schema OWNER TO blue_app", ["critical", "object-owner", "blue", "blue_app", "information_schema"], "ALTER SCHEMA information_schema OWNER TO postgres"),
    leak("blue_db", "ALTER LANGUAGE plpgsql OWNER TO blue_app", ["critical", "object-owner", "blue", "blue_app", "plpgsql"], "ALTER LANGUAGE plpgsql OWNER TO postgres"),
    leak("postgres", "ALTER TABLESPACE pg_default OWNER TO red_app", ["medium", "tablespace-privilege", "red", "red_app", "pg_default"], "ALTER TABLESPACE pg_default OWNER TO postgres"),
    leak("blue_db", "ALTER SCHEMA public OWNER TO red_owner", ["high", "object-owner", "blue", "red_owner", "public"], ""),
    leak("blue_db", "ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner GRANT SELECT ON TABLES TO PUBLIC", ["high", "default-privilege", "blue", "PUBLIC", "TABLES"], ""),
    leak("blue_db", "ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner IN SCHEMA public GRANT SELECT ON TABLES TO red_ro", ["high", "default-privilege", "blue", "red_ro", "TABLES"], ""),
    leak("blue_db", "CREATE ROLE analyst LOGIN; GRANT CONNECT ON DATABASE blue_db TO analyst; ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner GRANT SELECT ON TABLES TO analyst", ["medium", "default-privilege", "blue", "analyst", "TABLES"], "DROP OWNED BY analyst; DROP ROLE analyst"),
    leak("blue_db", "ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC", ["high", "default-privilege", "blue", "PUBLIC", "FUNCTIONS"], ""),
    since(18, leak("blue_db", "ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner GRANT SELECT ON LARGE OBJECTS TO PUBLIC", ["high", "default-privilege", "blue", "PUBLIC", "LARGE OBJECTS"], "")),
    leak("red_db", "GRANT SELECT ON pg_catalog.pg_authid TO red_app", ["critical", "catalog-privilege", "red", "red_app", "pg_authid"], "REVOKE SELECT ON pg_catalog.pg_authid FROM red_app"),
    leak("red_db", "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO PUBLIC", ["critical", "catalog-privilege", "red", "PUBLIC", "pg_read_file"], "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) FROM PUBLIC"),
    leak("red_db", "GRANT CREATE ON SCHEMA pg_catalog TO red_owner", ["critical", "catalog-privilege", "red", "red_owner", "pg_catalog"], "REVOKE CREATE ON SCHEMA pg_catalog FROM red_owner"),
    leak("red_db", "CREATE EXTENSION pg_buffercache; GRANT EXECUTE ON FUNCTION pg_buffercache_pages() TO red_app", ["high", "extension-privilege", "red", "red_app", "pg_buffercache_pages"], "DROP EXTENSION pg_buffercache"),
    // Code.
    leak("red_db", "CREATE FUNCTION shell(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE q; RETURN q; END'", ["critical", "definer-function", "red", "PUBLIC", "shell(text)"], "DROP FUNCTION shell(text)"),
    leak("red_db", "SET ROLE red_owner; CREATE FUNCTION note() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN PERFORM 1; END'; RESET ROLE", ["medium", "definer-search-path", "red", "red_app", "note()"], "DROP FUNCTION note()"),
    leak("red_db", "SET ROLE red_owner; CREATE FUNCTION trace(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS 'BEGIN RETURN true; END'; RESET ROLE; ALTER FUNCTION trace(text) LEAKPROOF", ["medium", "leakproof-function", "red", "red_owner", "trace(text)"], "DROP FUNCTION trace(text)"),
    leak("red_db", "CREATE VIEW everybody AS SELECT rolname, rolpassword FROM pg_authid; GRANT SELECT ON everybody TO red_ro", ["high", "definer-view", "red", "red_ro", "everybody"], "DROP VIEW everybody"),
    // Nearly like what is harmless.
    leak("red_db", "CREATE SCHEMA ops; CREATE TABLE ops.queue (what text); CREATE FUNCTION ops.work() RETURNS void LANGUAGE plpgsql AS 'DECLARE q text; BEGIN FOR q IN SELECT what FROM ops.queue LOOP EXECUTE q; END LOOP; END'; CREATE FUNCTION ops.add(x text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'INSERT INTO ops.queue VALUES ($1)'; GRANT USAGE ON SCHEMA ops TO red_app", ["critical", "definer-function", "red", "PUBLIC", "ops.add("], "DROP SCHEMA ops CASCADE"),
    leak("red_db", "CREATE SCHEMA ops; CREATE FUNCTION ops.cat(x text) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT pg_read_file($1)'; GRANT USAGE ON SCHEMA ops TO red_app", ["critical", "definer-function", "red", "PUBLIC", "ops.cat("], "DROP SCHEMA ops CASCADE"),
    leak("red_db", "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE accounts (l text) SERVER files OPTIONS (filename '/etc/passwd'); GRANT SELECT ON accounts TO red_ro", ["critical", "foreign-table", "red", "red_ro", "accounts"], "DROP EXTENSION file_fdw CASCADE"),
    leak("red_db", "CREATE EXTENSION postgres_fdw; CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'red_db'); CREATE USER MAPPING FOR red_ro SERVER self OPTIONS (user 'red_app', password 'x'); GRANT USAGE ON FOREIGN SERVER self TO red_ro", ["critical", "user-mapping", "red", "red_ro", "self"], "DROP EXTENSION postgres_fdw CASCADE"),
    leak("postgres", "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'blue_db'); CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user 'postgres'); CREATE FOREIGN TABLE item (id int) SERVER far", ["critical", "user-mapping", "blue", "blue_migrator", "far"], "DROP EXTENSION postgres_fdw CASCADE"),
    leak("postgres", "ALTER DATABASE blue_db SET session_preload_libraries = 'auto_explain'; ALTER DATABASE blue_db SET auto_explain.log_level = 'notice'", ["high", "role-setting", "blue", "PUBLIC", "auto_explain.log_level"], "ALTER DATABASE blue_db RESET auto_explain.log_level; ALTER DATABASE blue_db RESET session_preload_libraries"),
    leak("red_db", "CREATE VIEW logins AS SELECT rolname, rolsuper FROM pg_authid; GRANT SELECT, UPDATE ON logins TO red_app", ["critical", "definer-view", "red", "red_app", "logins"], "DROP VIEW logins"),
    leak("red_db", "CREATE VIEW everybody AS SELECT n, p FROM pg_authid a(o, n, s, i, cr, cd, cl, r, b, c, p, v); GRANT SELECT ON everybody TO red_ro", ["high", "definer-view", "red", "red_ro", "everybody"], "DROP VIEW everybody"),
    leak("red_db", "CREATE SCHEMA ops; CREATE TABLE ops.req (what text, got text); CREATE FUNCTION ops.get() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.got := pg_read_file(NEW.what); RETURN NEW; END'; CREATE TRIGGER get BEFORE INSERT ON ops.req FOR EACH ROW EXECUTE FUNCTION ops.get(); CREATE FUNCTION ops.ask(x text) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'INSERT INTO ops.req (what) VALUES ($1) RETURNING got'; GRANT USAGE ON SCHEMA ops TO red_app", ["critical", "definer-function", "red", "PUBLIC", "ops.ask("], "DROP SCHEMA ops CASCADE"),
    leak("red_db", "CREATE EXTENSION postgres_fdw; CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'prod.example', dbname 'red_db'); CREATE USER MAPPING FOR red_app SERVER self OPTIONS (user 'red_app', password 'x'); GRANT USAGE ON FOREIGN SERVER self TO red_app", ["critical", "user-mapping", "red", "red_app", "self"], "DROP EXTENSION postgres_fdw CASCADE"),
    since(16, leak("red_db", "CREATE SUBSCRIPTION fed CONNECTION 'host=127.0.0.1 port=1 dbname=far' PUBLICATION p WITH (connect = false, slot_name = NONE, run_as_owner = true); INSERT INTO pg_subscription_rel SELECT oid, 'item'::regclass, 'r', NULL FROM pg_subscription", ["high", "superuser-object", "red", "red_migrator", "item"], "DROP SUBSCRIPTION fed")),
    leak("red_db", "CREATE FUNCTION pg_catalog.shell(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE q; RETURN q; END'", ["critical", "definer-function", "red", "PUBLIC", "shell(text)"], "DROP FUNCTION pg_catalog.shell(text)"),
    leak("red_db", "CREATE AGGREGATE peek(text) (SFUNC = textcat, STYPE = text, INITCOND = '', FINALFUNC = pg_read_file)", ["critical", "untrusted-function", "red", "PUBLIC", "peek(text)"], "DROP AGGREGATE peek(text)"),
    leak("red_db", "CREATE FUNCTION step(text, text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE $2; RETURN $2; END'; REVOKE ALL ON FUNCTION step(text, text) FROM PUBLIC; CREATE AGGREGATE run_all(text) (SFUNC = step, STYPE = text)", ["critical", "untrusted-function", "red", "PUBLIC", "run_all(text)"], "DROP FUNCTION step(text, text) CASCADE"),
    leak("red_db", "CREATE FUNCTION rd(text) RETURNS bytea LANGUAGE internal AS 'pg_read_binary_file_all'", ["critical", "untrusted-function", "red", "PUBLIC", "rd(text)"], "REVOKE ALL ON FUNCTION rd(text) FROM PUBLIC"),
    leak("red_db", "UPDATE pg_language SET lanpltrusted = true WHERE lanname = 'c'", ["critical", "language-trusted", "red", "red_migrator", "language c"], "UPDATE pg_language SET lanpltrusted = false WHERE lanname = 'c'"),
    leak("red_db", "SET ROLE red_owner; CREATE FUNCTION spy() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; RESET ROLE; CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION spy()", ["critical", "event-trigger", "red", "red_owner", "spy"], "DROP EVENT TRIGGER spy"),
    leak("red_db", "CREATE FUNCTION far() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; ALTER FUNCTION far() OWNER TO blue_owner; CREATE TRIGGER far BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION far()", ["high", "foreign-trigger", "red", "blue_owner", "trigger far"], "DROP FUNCTION far() CASCADE"),
    leak("red_db", "ALTER FUNCTION pg_catalog.query_to_xml(text,boolean,boolean,text) SECURITY DEFINER", ["critical", "definer-function", "red", "PUBLIC", "query_to_xml"], "ALTER FUNCTION pg_catalog.query_to_xml(text,boolean,boolean,text) SECURITY INVOKER"),
    leak("red_db", "CREATE VIEW shadows AS SELECT rolname, rolpassword FROM pg_authid; GRANT SELECT (rolpassword) ON shadows TO red_app", ["high", "definer-view", "red", "red_app", "shadows"], "DROP VIEW shadows"),
    leak("red_db", "CREATE VIEW every_row AS SELECT id, name FROM item; ALTER TABLE item ENABLE ROW LEVEL SECURITY; GRANT SELECT ON every_row TO red_ro", ["high", "definer-view", "red", "red_ro", "every_row"], "DROP VIEW every_row; ALTER TABLE item DISABLE ROW LEVEL SECURITY"),
    leak("red_db", "SET ROLE red_owner; CREATE SCHEMA hidden; CREATE TABLE hidden.note (t text); REVOKE ALL ON SCHEMA hidden FROM red_ro; RESET ROLE; CREATE VIEW notes AS SELECT t FROM hidden.note; GRANT SELECT ON notes TO red_ro", ["high", "definer-view", "red", "red_ro", "notes"], "DROP SCHEMA hidden CASCADE"),
    leak("red_db", "SET ROLE red_owner; CREATE TABLE note (t text, s text); REVOKE SELECT ON note FROM red_ro; GRANT SELECT (t) ON note TO red_ro; RESET ROLE; CREATE VIEW notes AS SELECT s FROM note; GRANT SELECT ON notes TO red_ro", ["high", "definer-view", "red", "red_ro", "notes"], "DROP TABLE note CASCADE"),
    leak("red_db", "CREATE MATERIALIZED VIEW copied AS SELECT rolname, rolpassword FROM pg_authid; GRANT SELECT ON copied TO red_ro", ["high", "definer-view", "red", "red_ro", "copied"], "DROP MATERIALIZED VIEW copied"),
    leak("red_db", "CREATE TABLE inbox (t text); CREATE TABLE taken (p text); CREATE RULE r AS ON INSERT TO inbox DO ALSO INSERT INTO taken SELECT rolpassword FROM pg_authid; GRANT INSERT ON inbox TO red_app", ["high", "definer-view", "red", "red_app", "inbox"], "DROP TABLE inbox, taken"),
    leak("red_db", "CREATE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END'; REVOKE ALL ON FUNCTION log_it() FROM PUBLIC; CREATE TRIGGER log_it AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION log_it()", ["high", "definer-search-path", "red", "red_app", "log_it()"], "DROP FUNCTION log_it() CASCADE"),
    leak("red_db", "CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE NEW.name; RETURN NULL; END'; REVOKE ALL ON FUNCTION witness() FROM PUBLIC; CREATE TRIGGER witness AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION witness()", ["critical", "definer-function", "red", "red_app", "witness()"], "DROP FUNCTION witness() CASCADE"),
    leak("red_db", "CREATE VIEW information_schema.leak AS SELECT rolname, rolpassword FROM pg_authid; GRANT SELECT ON information_schema.leak TO PUBLIC", ["high", "definer-view", "red", "PUBLIC", "leak"], "DROP VIEW information_schema.leak"),
    leak("red_db", "CREATE EXTENSION hstore; COMMIT; CREATE FUNCTION run(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE q; RETURN q; END'; COMMIT; ALTER EXTENSION hstore ADD FUNCTION run(text)", ["critical", "definer-function", "red", "PUBLIC", "run(text)"], "DROP EXTENSION hstore CASCADE"),
    leak("red_db", "CREATE EXTENSION hstore; CREATE TABLE stolen (t text); GRANT SELECT ON stolen TO blue_ro; COMMIT; ALTER EXTENSION hstore ADD TABLE stolen", ["medium", "foreign-role-in-acl", "red", "blue_ro", "stolen"], "DROP EXTENSION hstore CASCADE"),
    leak("red_db", "CREATE EXTENSION hstore; UPDATE pg_extension SET extowner = 'red_app'::regrole WHERE extname = 'hstore'", ["medium", "object-owner", "red", "red_app", "hstore"], "DROP EXTENSION hstore CASCADE"),
    leak("red_db", "CREATE SUBSCRIPTION copied CONNECTION 'host=127.0.0.1 dbname=blue_db' PUBLICATION all_of_it WITH (connect = false, slot_name = NONE)", ["critical", "replication-object", "blue", "red_app", "copied"], "DROP SUBSCRIPTION copied"),
    leak("red_db", "CREATE EXTENSION postgres_fdw; CREATE SERVER next_door FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'blue_db'); CREATE USER MAPPING FOR red_app SERVER next_door OPTIONS (user 'blue_ro', password 'x'); GRANT USAGE ON FOREIGN SERVER next_door TO red_app", ["critical", "user-mapping", "blue", "red_app", "next_door"], "DROP EXTENSION postgres_fdw CASCADE"),
    leak("blue_db", "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON hidden TO red_app USING (true)", ["medium", "foreign-role-in-acl", "blue", "red_app", "policy"], "DROP POLICY p ON hidden; ALTER TABLE hidden DISABLE ROW LEVEL SECURITY"),
    leak("blue_db", "ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner GRANT SELECT ON TABLES TO blue_app WITH GRANT OPTION", ["medium", "grant-option", "blue", "blue_app", "TABLES"], "ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner REVOKE GRANT OPTION FOR SELECT ON TABLES FROM blue_app"),
    leak("blue_db", "SET ROLE blue_owner; SELECT lo_create(4712); GRANT SELECT, UPDATE ON LARGE OBJECT 4712 TO blue_ro; RESET ROLE", ["medium", "undeclared-privilege", "blue", "blue_ro", "4712"], "SELECT lo_unlink(4712)"),
    leak("postgres", "ALTER ROLE postgres IN DATABASE red_db SET role = 'red_owner'", ["high", "role-setting", "red", "postgres", "role"], "ALTER ROLE postgres IN DATABASE red_db RESET role"),
    leak("template1", "CREATE FUNCTION public.adm(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE q; RETURN q; END'", ["high", "definer-function", "-", "PUBLIC", "adm(text)"], "DROP FUNCTION public.adm(text)"),
    leak("red_db", "CREATE EXTENSION postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (password 'x'); GRANT USAGE ON FOREIGN SERVER elsewhere TO PUBLIC", ["critical", "user-mapping", "red", "PUBLIC", "elsewhere"], "DROP EXTENSION postgres_fdw CASCADE"),
    leak("red_db", "CREATE EXTENSION dblink", ["medium", "extension-crosses-databases", "red", "red_app", "dblink"], "DROP EXTENSION dblink"),
    // Settings.
    leak("postgres", "GRANT blue_app TO red_app; ALTER ROLE red_app SET role = 'blue_app'", ["critical", "role-setting", "blue", "red_app", "role"], ""),
    leak("postgres", "ALTER ROLE blue_app SET session_preload_libraries = 'auto_explain'", ["medium", "role-setting", "blue", "blue_app", "session_preload_libraries"], ""),
    leak("postgres", "ALTER ROLE blue_app SET session_replication_role = 'replica'", ["medium", "role-setting", "blue", "blue_app", "session_replication_role"], ""),
    leak("postgres", "ALTER ROLE blue_app RESET temp_file_limit", ["medium", "no-temp-file-limit", "blue", "blue_app", "blue_app"], ""),
    leak("postgres", "ALTER ROLE blue_app CONNECTION LIMIT -1", ["medium", "no-connection-limit", "blue", "blue_app", "blue_app"], ""),
    leak("postgres", "CREATE ROLE ghost LOGIN; CREATE ROLE helpers; GRANT pg_signal_backend TO helpers; GRANT helpers TO ghost", ["high", "unmanaged-role-power", "-", "ghost", "pg_signal_backend"], "DROP ROLE ghost, helpers"),
    since(15, leak("postgres", "CREATE ROLE ghost LOGIN; GRANT ALTER SYSTEM ON PARAMETER archive_command TO ghost", ["critical", "parameter-privilege", "-", "ghost", "archive_command"], "DROP OWNED BY ghost; DROP ROLE ghost")),
    since(15, leak("postgres", "CREATE ROLE ghost LOGIN; GRANT SET ON PARAMETER session_preload_libraries TO ghost", ["medium", "parameter-privilege", "-", "ghost", "session_preload_libraries"], "DROP OWNED BY ghost; DROP ROLE ghost")),
    // The service's schema before what superusers, or logins with more than this database, mean.
    leak("red_db", "CREATE SCHEMA ops; CREATE FUNCTION ops.purge() RETURNS void LANGUAGE sql AS 'SELECT 1'; ALTER DATABASE red_db SET search_path = public, ops", ["high", "superuser-search-path", "red", "red_migrator", "public"], "DROP SCHEMA ops CASCADE; ALTER DATABASE red_db RESET search_path"),
    leak("postgres", "CREATE ROLE ghost LOGIN; GRANT pg_monitor TO ghost; GRANT CONNECT ON DATABASE red_db TO ghost; ALTER ROLE ghost SET search_path = public, pg_catalog", ["medium", "role-setting", "red", "ghost", "search_path"], "DROP OWNED BY ghost; DROP ROLE ghost"),
    leak("postgres", "CREATE SCHEMA box AUTHORIZATION red_app; GRANT CONNECT ON DATABASE postgres TO red_app, blue_app; ALTER DATABASE postgres SET search_path = box, pg_catalog", ["medium", "role-setting", "-", "PUBLIC", "search_path"], "ALTER DATABASE postgres RESET search_path; DROP SCHEMA box; REVOKE CONNECT ON DATABASE postgres FROM red_app, blue_app"),
    leak("postgres", "ALTER DATABASE red_db SET search_path = public, pg_catalog", ["medium", "role-setting", "red", "PUBLIC", "search_path"], ""),
    // Before 14 that is what every role has.
    since(14, leak("postgres", "ALTER ROLE blue_app SET password_encryption = 'md5'", ["medium", "role-setting", "blue", "blue_app", "password_encryption"], "")),
    leak("postgres", "ALTER DATABASE red_db SET role = 'red_owner'", ["critical", "role-setting", "red", "PUBLIC", "role"], ""),
    since(15, leak("postgres", "GRANT SET ON PARAMETER session_replication_role TO red_app", ["medium", "parameter-privilege", "red", "red_app", "session_replication_role"], "REVOKE SET ON PARAMETER session_replication_role FROM red_app")),
    since(15, leak("postgres", "GRANT ALTER SYSTEM ON PARAMETER archive_command TO red_app", ["critical", "parameter-privilege", "red", "red_app", "archive_command"], "REVOKE ALTER SYSTEM ON PARAMETER archive_command FROM red_app")),
    leak("postgres", "GRANT CREATE ON TABLESPACE pg_default TO red_app", ["medium", "tablespace-privilege", "red", "red_app", "pg_default"], "REVOKE CREATE ON TABLESPACE pg_default FROM red_app"),
    // Words.
    leak("postgres", "COMMENT ON ROLE blue_app IS 'initial pw hunter2'", ["high", "secret-in-the-open", "blue", "PUBLIC", "blue_app"], "COMMENT ON ROLE blue_app IS NULL"),
    leak("postgres", "ALTER ROLE blue_app SET app.api_key = 'abc123def'", ["high", "secret-in-the-open", "blue", "PUBLIC", "blue_app"], ""),
];

/// Returns `true` if a line is the finding that a row expects.
fn is(line: &str, expect: &[&str; 5]) -> bool {
    let parts: Vec<&str> = line.split(" | ").collect();
    let [severity, id, service, role, object] = expect;
    parts[..4] == [*severity, *id, *service, *role] && parts[5].contains(object)
}

/// Words of leaks that change the findings of others, or that exclude each other.
const ALONE: [&str; 7] = [
    "SUPERUSER", "DATABASE blue_db OWNER", "REPLICATION", "CREATEROLE", "IS_TEMPLATE", "SET role",
    "search_path",
];

/// Returns `true` for leaks that are found as well together: their findings differ, and so do the names of what they make.
fn fit(one: &Leak, other: &Leak) -> bool {
    let is_alone = |leak: &Leak| ALONE.iter().any(|word| leak.open.contains(word));
    let is_made_twice = made(one.open).any(|name| made(other.open).any(|own| own == name));
    one.expect[..4] != other.expect[..4] && !is_alone(one) && !is_alone(other) && !is_made_twice
}

#[test]
fn every_leak_is_named_and_gone_after_its_fix() {
    let pair = Pair::new();
    let major = pair.server.major();
    assert_eq!(Pair::found(&pair.verify(&[], 0)), Vec::<String>::new());
    let mut mended: Vec<&Leak> = vec![];
    // The short form has what the major decides too. One that follows another may open the same.
    let is_taken = |number: usize, leak: &Leak| {
        leak.majors.contains(&major) && (leak.majors != ALL || is_due(number, LEAKS.len(), major))
    };
    let taken = LEAKS.iter().enumerate().filter(|(number, leak)| is_taken(*number, leak));
    let taken: Vec<&Leak> = taken.map(|(_, leak)| leak).collect();
    for group in groups(taken, many(1, 12), |one, other| fit(one, other)) {
        for leak in &group {
            pair.server.sql(leak.database, leak.open);
        }
        let result = pair.verify(&[], 4);
        let found = Pair::found(&result);
        let loud = result["findings"].as_array().unwrap().iter().filter(|one| one["severity"] != "low");
        loud.for_each(|one| assert!(one["fix"].is_string(), "neither a fix nor a reason: {one:#}"));
        let number = |leak: &Leak| found.iter().filter(|line| is(line, &leak.expect)).count();
        for leak in &group {
            assert!(number(leak) > 0, "{}\n{:?}\n{found:#?}", leak.open, leak.expect);
        }
        // The result of one group shows that the one before is gone: a result of its own would take a third of the time.
        for before in &mended {
            let is_again = group.iter().any(|leak| leak.expect == before.expect);
            assert_eq!(number(before), usize::from(is_again), "{}\n{found:#?}", before.open);
        }
        for leak in group.iter().filter(|leak| !leak.mend.is_empty()) {
            pair.server.sql(leak.database, leak.mend);
        }
        pair.project.run(&["apply", "--all", "-y"]).expect(0);
        mended = group;
    }
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn a_template_with_a_services_rows_is_open_to_roles_with_createdb() {
    let pair = Pair::new();
    pair.server.sql("postgres", "CREATE DATABASE copied TEMPLATE blue_db");
    pair.server
        .sql("postgres", "REVOKE ALL ON DATABASE copied FROM PUBLIC; ALTER DATABASE copied IS_TEMPLATE true");
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    pair.server.sql("postgres", "CREATE ROLE ghost LOGIN CREATEDB");
    let found = Pair::grave(&pair.verify(&["--fix", "-y"], 0));
    assert_eq!(found, Vec::<String>::new());
    let template = "SELECT datistemplate FROM pg_database WHERE datname = 'copied'";
    assert_eq!(pair.server.value("postgres", template), "f");
}

#[test]
fn known_passwords_are_found_without_logging_in() {
    let pair = Pair::new();
    let red = pair.project.password("red_app");
    pair.server.sql("postgres", "SET password_encryption = 'scram-sha-256'; CREATE ROLE blue_app_b LOGIN PASSWORD 'blue_app_b' CONNECTION LIMIT 6; ALTER ROLE blue_app_b SET temp_file_limit = '1GB'; GRANT blue_app TO blue_app_b");
    pair.server.sql(
        "postgres",
        &format!(
            "SET password_encryption = 'scram-sha-256'; CREATE ROLE dba SUPERUSER LOGIN PASSWORD '{red}'"
        ),
    );
    let mark = pair.server.log().len();
    let result = pair.verify(&["--probes", "gentle"], 4);
    assert_eq!(
        Pair::grave(&result),
        [
            "critical | reused-password | - | dba | - | role dba",
            "critical | unknown-alternate-login | blue | blue_app_b | blue_db | role blue_app_b",
            "high | guessable-password | blue | blue_app_b | - | role blue_app_b",
        ]
    );
    assert!(!result.to_string().contains(&red));
    assert!(!pair.server.log_since(mark).contains("authentication failed"), "no login was tried");
    pair.server.sql("postgres", "DROP ROLE dba; DROP ROLE blue_app_b");
    // A guessable password in use, set by hand: no word list is tried against the server, and it is found all the same.
    pair.server.sql(
        "postgres",
        "SET password_encryption = 'scram-sha-256'; ALTER ROLE blue_ro PASSWORD 'Blue_db123';
         SET password_encryption = 'md5'; ALTER ROLE red_ro PASSWORD 'k2J9sLq0-of-red'",
    );
    let found = Pair::grave(&pair.verify(&["--probes", "full"], 4));
    let expected = [
        "high | guessable-password | blue | blue_ro | - | role blue_ro",
        "medium | weak-verifier | red | red_ro | - | role red_ro",
    ];
    assert_eq!(found, expected);
    pair.project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(Pair::found(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn server_wide_protections_are_audited() {
    let pair = Pair::with(
        &[
            "password_encryption=md5",
            "dynamic_library_path=/tmp:$libdir",
            "logging_collector=on",
            "log_file_mode=0644",
        ],
        "",
    );
    let found = Pair::grave(&pair.verify(&[], 4)).join("\n");
    for (name, since) in [("password_encryption", 14), ("dynamic_library_path", 13), ("log_file_mode", 13)] {
        let told = found.contains(&format!("server-setting | - | PUBLIC | - | setting {name}"));
        assert_eq!(told, pair.server.major() >= since, "{name}\n{found}");
    }
}

#[test]
fn a_known_password_is_found_in_a_function_and_in_a_comment() {
    let pair = Pair::new();
    let blue = pair.project.password("blue_app");
    let body = format!(
        "CREATE FUNCTION dial() RETURNS text LANGUAGE sql AS $$SELECT 'postgresql://blue_app:{blue}@db/blue_db'$$"
    );
    pair.server.sql("red_db", &format!("SET ROLE red_owner; {body}"));
    pair.server.sql("red_db", &format!("COMMENT ON TABLE item IS 'blue uses {blue}'"));
    let result = pair.verify(&[], 4);
    assert_eq!(
        Pair::grave(&result),
        [
            "critical | secret-in-the-open | blue | PUBLIC | red_db | function public.dial()",
            "critical | secret-in-the-open | blue | PUBLIC | red_db | the comment on table public.item",
        ]
    );
    assert!(!result.to_string().contains(&blue));
    pair.server.sql("red_db", "DROP FUNCTION dial(); COMMENT ON TABLE item IS NULL");
    assert_eq!(Pair::found(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn every_login_is_refused_the_operations_of_the_database_owner() {
    let pair = Pair::new();
    let cases = [
        ("red_migrator", "ALTER DATABASE red_db SET role = 'red_owner'"),
        ("red_migrator", "GRANT CONNECT ON DATABASE red_db TO blue_app"),
        ("red_migrator", "ALTER DATABASE red_db CONNECTION LIMIT -1"),
        ("red_app", "GRANT CONNECT ON DATABASE red_db TO blue_app"),
        ("red_ro", "CREATE TEMP TABLE t ()"),
        ("red_app", "CREATE TABLE t ()"),
        ("red_app", "ALTER ROLE red_app RESET temp_file_limit"),
    ];
    for (role, statement) in cases {
        let password = pair.project.password(role);
        let refused = pair.server.sql_as(role, &password, "red_db", statement);
        // A GRANT without grant option is a warning, and does nothing.
        if !statement.starts_with("GRANT") {
            assert_eq!(refused, Err("42501".into()), "{role}: {statement}");
        }
    }
    assert_eq!(Pair::found(&pair.verify(&["--probes", "full"], 0)), Vec::<String>::new());
}
