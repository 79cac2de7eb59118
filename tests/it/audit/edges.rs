//! Edges from the catalogs: columns that refer to functions, schemas of a path, views that write, and policies.

use std::os::unix::fs::PermissionsExt;

use super::support::Pair;

/// A login of no service, at a database of no service.
const LOBBY: &str = "CREATE ROLE ghost LOGIN CONNECTION LIMIT 2 PASSWORD 'ghost-of-the-lobby'; REVOKE ALL ON DATABASE lobby FROM PUBLIC;
    GRANT CONNECT ON DATABASE lobby TO ghost";

#[test]
fn whatever_reaches_a_superusers_code_or_catalogs_is_found_with_its_object() {
    let pair = Pair::new();
    pair.server.sql("postgres", "CREATE DATABASE lobby");
    pair.server.sql("postgres", LOBBY);
    pair.verify(&[], 0);
    // Views over views; the base of the last is no catalog, and the one with a count takes no write.
    pair.server.sql("lobby", "CREATE VIEW members AS SELECT * FROM pg_auth_members; GRANT INSERT ON members TO ghost;
        CREATE VIEW inner_doors AS SELECT datname, datallowconn FROM pg_database; CREATE VIEW doors AS SELECT * FROM inner_doors;
        GRANT UPDATE ON doors TO ghost; CREATE VIEW powers AS SELECT rolname, rolsuper FROM pg_authid; GRANT UPDATE ON powers TO ghost;
        CREATE TABLE notes (id int); CREATE VIEW board AS SELECT * FROM notes; GRANT ALL ON board TO ghost;
        CREATE VIEW sizes AS SELECT count(*) AS n FROM pg_class; GRANT ALL ON sizes TO ghost");
    // The path of a superuser's function has a schema of the login.
    pair.server.sql("lobby", "CREATE SCHEMA ghost AUTHORIZATION ghost; CREATE SCHEMA ops;
        CREATE FUNCTION ops.hello() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ghost, pg_temp AS 'BEGIN RETURN greet(); END';
        REVOKE ALL ON FUNCTION ops.hello() FROM PUBLIC");
    // The function of a role without members writes through a superuser's view, and a superuser's table holds a password of blue's.
    let password = pair.project.password("blue_app");
    pair.server.sql("red_db", &format!("CREATE ROLE middle; CREATE SCHEMA desk; GRANT USAGE ON SCHEMA desk TO middle, red_app, red_ro;
        CREATE FUNCTION desk.run(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE q; END';
        ALTER FUNCTION desk.run OWNER TO middle; REVOKE ALL ON FUNCTION desk.run FROM PUBLIC; GRANT EXECUTE ON FUNCTION desk.run TO red_app;
        CREATE VIEW desk.crew AS SELECT roleid, member, grantor, admin_option FROM pg_auth_members; GRANT INSERT ON desk.crew TO middle;
        CREATE TABLE desk.accounts (login text, pass text); INSERT INTO desk.accounts VALUES ('blue_app', '{password}');
        GRANT SELECT ON desk.accounts TO red_ro; GRANT SELECT (login) ON desk.accounts TO red_app"));
    // Columns that refer to pg_proc, whichever they are.
    pair.server.sql("red_db", "SET ROLE red_owner; CREATE FUNCTION public.valid(text[], oid) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
        CREATE FUNCTION public.same(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN $1 = $2; END'");
    pair.server.sql(
        "red_db",
        "CREATE FOREIGN DATA WRAPPER far VALIDATOR public.valid;
        CREATE SCHEMA ops; CREATE OPERATOR ops.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same)",
    );
    // A superuser's view of a table with a trigger of its own kind, and rows that a setting tells apart.
    pair.server.sql("red_db", "CREATE TABLE ops.token (service text, token text); ALTER TABLE ops.token ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON ops.token USING (service = current_setting('platform.service', true));
        GRANT USAGE ON SCHEMA ops TO red_app; GRANT SELECT ON ops.token TO red_app;
        CREATE TABLE ops.mine (who name); ALTER TABLE ops.mine ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON ops.mine USING (who = current_user);
        GRANT SELECT ON ops.mine TO red_app");
    let found = Pair::grave(&pair.verify(&[], 4));
    let has = |line: &str| assert!(found.iter().any(|one| one.contains(line)), "{line}\n{found:#?}");
    for view in ["members", "doors", "powers"] {
        has(&format!("critical | definer-view | - | ghost | lobby | view public.{view}"));
    }
    has("critical | definer-search-path | - | ghost | lobby | function ops.hello()");
    has("superuser-object | red | red_migrator | red_db | function public.valid(text[],oid)");
    has("superuser-object | red | red_migrator | red_db | function public.same(text,text)");
    has("medium | weak-row-policy | red | red_app | red_db | table ops.token");
    has("critical | definer-view | red | red_app | red_db | view desk.crew");
    has("critical | secret-in-the-open | blue | red_ro | red_db | the rows of table desk.accounts");
    let quiet = |word: &str| assert!(!found.iter().any(|one| one.contains(word)), "{word}\n{found:#?}");
    ["board", "sizes", "ops.mine", "red_app | red_db | the rows of"].iter().for_each(|word| quiet(word));
}

#[test]
fn policies_of_one_service_are_notes() {
    let pair = Pair::new();
    pair.server.sql("red_db", "SET ROLE red_owner; CREATE TABLE account (customer text, name text); ALTER TABLE account ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON account USING (customer = current_setting('app.customer', true)) WITH CHECK (true)");
    let result = pair.verify(&[], 0);
    let note = "low | weak-row-policy | red | red_app | red_db | table public.account";
    assert!(Pair::found(&result).iter().any(|line| line == note), "{result:#}");
}

#[test]
fn a_function_or_a_view_of_the_owner_gives_its_own_logins_no_more_unseen() {
    let pair = Pair::new();
    pair.server.sql("red_db", "SET ROLE red_owner; CREATE FUNCTION public.run(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE q; END';
        CREATE FUNCTION public.tidy(t text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE format(''ANALYZE %s'', t::regclass); END'");
    pair.server.sql(
        "red_db",
        "SET ROLE red_owner; CREATE VIEW public.versions AS SELECT * FROM martydb.refinery_schema_history",
    );
    let result = pair.verify(&[], 4);
    let medium = "medium | definer-function | red | red_app | red_db | function public.run(text)";
    assert_eq!(Pair::grave(&result), [medium]);
    let note = "low | definer-view | red | red_app | red_db | view public.versions";
    assert!(Pair::found(&result).iter().any(|line| line == note), "{result:#}");
    pair.verify(&["--fix", "-y"], 0);
}

#[test]
fn files_that_a_command_of_a_setting_executes_or_writes_are_judged_by_their_modes() {
    // The server shows no archive_command while it archives nothing.
    let pair = Pair::with(&["archive_mode=on"], "");
    let folder = tempfile::tempdir().unwrap();
    let set_mode = |name: &str, mode: u32| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(folder.path().join(name), permissions).unwrap();
    };
    let script = folder.path().join("archive.sh").display().to_string();
    let archive = folder.path().join("wal").display().to_string();
    std::fs::write(&script, "#!/bin/sh\n").unwrap();
    std::fs::create_dir(&archive).unwrap();
    std::fs::write(format!("{archive}/000000010000000000000001"), "").unwrap();
    for (name, mode) in
        [("", 0o755), ("archive.sh", 0o755), ("wal", 0o755), ("wal/000000010000000000000001", 0o600)]
    {
        set_mode(name, mode);
    }
    pair.server.sql("postgres", &format!("ALTER SYSTEM SET archive_command = '{script} %p {archive}/%f'"));
    pair.server.reload();
    let told = |code: i32| Pair::grave(&pair.verify(&["--only", "server-setting"], code));
    let line = |path: &str| format!("high | server-setting | - | PUBLIC | - | file {path}");
    assert_eq!(told(0), Vec::<String>::new());
    set_mode("archive.sh", 0o757);
    assert_eq!(told(4), [line(&script)]);
    set_mode("archive.sh", 0o755);
    set_mode("wal/000000010000000000000001", 0o644);
    assert_eq!(told(4), [line(&format!("{archive}/"))]);
}
