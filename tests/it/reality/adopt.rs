//! A database that was there before martydb: taken over in view, with nothing lost.

use crate::support::{Admin, Project, Server};

const LEGACY_PASSWORD: &str = "of the old application";

/// A database as an application left it that ran everything with one login, with some objects made by a superuser.
const BEFORE: &str = "
    SET ROLE legacy;
    CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE part (at date NOT NULL, n int) PARTITION BY RANGE (at);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2030-01-01');
    CREATE VIEW names AS SELECT name FROM item;
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM item;
    CREATE SEQUENCE free;
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE PROCEDURE two() LANGUAGE sql AS 'SELECT 2';
    CREATE COLLATION plain (locale = 'C');
    CREATE STATISTICS linked ON at, n FROM part;
    INSERT INTO item (name) VALUES ('kept'), ('too');
    INSERT INTO part VALUES ('2025-01-01', 7);";

fn legacy(prefix: &str, admin: Admin) -> (Server, Project) {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, admin, prefix);
    server.sql("postgres", &format!("CREATE ROLE legacy LOGIN PASSWORD '{LEGACY_PASSWORD}'"));
    let database = format!("{prefix}_a");
    server.sql("postgres", &format!("CREATE DATABASE {database} OWNER legacy"));
    let open = if server.major() < 15 { "" } else { "ALTER SCHEMA public OWNER TO legacy;" };
    server.sql(&database, &format!("{open}{BEFORE}"));
    (server, project)
}

fn as_legacy(server: &Server, database: &str, sql: &str) -> Result<Vec<Vec<String>>, String> {
    server.sql_as("legacy", LEGACY_PASSWORD, database, sql)
}

const FOREIGN: &str = "SELECT count(*) FROM (
    SELECT relowner AS owner FROM pg_class WHERE oid >= 16384 AND relkind IN ('r','p','v','m','S')
    UNION ALL SELECT proowner FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT typowner FROM pg_type WHERE oid >= 16384
    UNION ALL SELECT collowner FROM pg_collation WHERE oid >= 16384
    UNION ALL SELECT stxowner FROM pg_statistic_ext WHERE oid >= 16384) o WHERE owner::regrole::text NOT LIKE '%_owner'";

#[test]
fn adopting_changes_every_owner_and_loses_no_row() {
    let (server, project) = legacy("ad", Admin::Super);
    server.sql("ad_a", "CREATE TABLE of_root (id int); INSERT INTO of_root VALUES (1)");
    let plan = project.json(&["plan", "--check"], 3);
    let shown = plan["changes"].to_string();
    for object in [
        "database ad_a",
        "table public.item",
        "table public.of_root",
        "table public.part_1",
        "view public.names",
        "materialized view public.counted",
        "sequence public.free",
        "type public.mood",
        "type public.positive",
        "function public.one()",
        "procedure public.two()",
        "collation public.plain",
        "statistics object public.linked",
    ] {
        let moved = |line: &str| line.contains(object) && line.contains("change owner from");
        assert!(shown.lines().any(moved), "{object}");
    }
    let risks = plan["changes"].as_array().unwrap().iter().filter(|change| {
        change["reason"].as_str().unwrap().contains("change owner from") && change["service"] == "ad_a"
    });
    assert!(
        risks.clone().count() > 10 && risks.clone().all(|change| change["risk"] == "caution"),
        "{plan:#}"
    );
    // Without a confirmation nothing changes.
    project.run(&["apply", "--all"]).expect(2);
    assert_eq!(
        server.value("ad_a", "SELECT relowner::regrole FROM pg_class WHERE relname = 'item'"),
        "legacy"
    );
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);

    assert_eq!(server.value("ad_a", FOREIGN), "0");
    assert_eq!(server.value("ad_a", "SELECT string_agg(name, ',' ORDER BY id) FROM item"), "kept,too");
    assert_eq!(server.value("ad_a", "SELECT (SELECT n FROM part) + (SELECT id FROM of_root)"), "8");
    let app = |sql: &str| server.sql_as("ad_a_app", &project.password("ad_a_app"), "ad_a", sql);
    for sql in [
        "INSERT INTO item (name) VALUES ('new')",
        "SELECT nextval('free')",
        "SELECT one()",
        "CALL two()",
        "SELECT * FROM counted",
        "INSERT INTO part VALUES ('2026-01-01', 1)",
        "SELECT * FROM of_root",
    ] {
        app(sql).unwrap_or_else(|state| panic!("{sql}: {state}"));
    }
    let ro = |sql: &str| server.sql_as("ad_a_ro", &project.password("ad_a_ro"), "ad_a", sql);
    assert_eq!(ro("SELECT count(*) FROM names").unwrap(), [["3"]]);
    assert_eq!(ro("SELECT one()"), Err("42501".into()));
}

/// Objects of a declared owner are older than its default privileges, whatever was granted on them by hand.
#[test]
fn a_declared_owner_that_has_tables_already_shares_them_with_the_service() {
    for admin in [Admin::Super, Admin::Limited] {
        let (server, project) = legacy("dc", admin);
        if admin == Admin::Limited && server.major() >= 16 {
            server.sql("postgres", "GRANT legacy TO adm WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
        }
        server.sql("dc_a", "CREATE ROLE reports; GRANT SELECT ON item TO reports");
        let manifest = project.read("martydb.yaml");
        let declared = manifest.replace("  dc_a:\n", "  dc_a: { roles: { owner: legacy } }\n");
        assert_ne!(manifest, declared);
        project.write("martydb.yaml", &declared);
        project.run(&["apply", "--all", "-y"]).expect(0);
        project.run(&["plan", "--check"]).expect(0);
        let app = |sql: &str| server.sql_as("dc_a_app", &project.password("dc_a_app"), "dc_a", sql);
        for sql in [
            "INSERT INTO item (name) VALUES ('new')",
            "SELECT nextval('free'), one()",
            "CALL two()",
            "SELECT 'good'::mood, n FROM counted",
            "INSERT INTO part VALUES ('2026-01-01', 1)",
        ] {
            app(sql).unwrap_or_else(|state| panic!("{sql}: {state}"));
        }
        let readonly = |sql: &str| server.sql_as("dc_a_ro", &project.password("dc_a_ro"), "dc_a", sql);
        assert_eq!(readonly("SELECT count(*) FROM names").unwrap(), [["3"]]);
        // From now on a migration decides which privileges are missing, also where it takes the default ones on tables.
        server.sql("dc_a", "REVOKE SELECT ON item FROM dc_a_ro; REVOKE INSERT ON part FROM dc_a_app");
        project.run(&["plan", "--check"]).expect(0);
        server.sql(
            "dc_a",
            "ALTER DEFAULT PRIVILEGES FOR ROLE legacy REVOKE ALL ON TABLES FROM dc_a_app, dc_a_ro",
        );
        let changes = project.json(&["plan", "--check"], 3)["changes"].to_string();
        assert!(changes.contains("future tables") && !changes.contains("public.item"), "{changes}");
    }
}

#[test]
fn the_former_login_works_until_prune() {
    let (server, project) = legacy("ol", Admin::Super);
    let mark = server.log().len();
    project.run(&["apply", "--all", "-y"]).expect(0);
    as_legacy(&server, "ol_a", "INSERT INTO item (name) VALUES ('by the old login')").unwrap();
    as_legacy(&server, "ol_a", "SELECT one(), nextval('free')").unwrap();
    assert_eq!(as_legacy(&server, "ol_a", "DROP TABLE item"), Err("42501".into()));
    // Existing objects got their grants in the transaction that took them over.
    let log = server.log_since(mark);
    let taken = "ALTER TABLE \"public\".\"item\" OWNER TO \"ol_a_owner\"";
    let message = log.split("statement: BEGIN").find(|message| message.contains(taken)).unwrap();
    assert!(message.contains("ON TABLE \"public\".\"item\" TO \"ol_a_app\""), "{message}");
    let listed = project.json(&["plan", "--check"], 0)["prunable"].to_string();
    assert!(listed.contains("legacy is a member of ol_a_app"), "{listed}");
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert_eq!(as_legacy(&server, "ol_a", "SELECT 1"), Err("42501".into()));
    // Its role is not ours to drop.
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'legacy'"), "1");
    project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn a_limited_admin_adopts_a_database_that_it_was_granted() {
    let (server, project) = legacy("li", Admin::Limited);
    if server.major() >= 16 {
        let limits = project.json(&["plan"], 0)["limits"].to_string();
        let grant = "GRANT \\\"legacy\\\" TO \\\"adm\\\" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE";
        assert!(limits.contains(grant), "{limits}");
        server.sql("postgres", "GRANT legacy TO adm WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    assert_eq!(server.value("li_a", FOREIGN), "0");
    assert_eq!(server.value("li_a", "SELECT string_agg(name, ',' ORDER BY id) FROM item"), "kept,too");
    as_legacy(&server, "li_a", "INSERT INTO item (name) VALUES ('by the old login')").unwrap();
    let borrowed = match server.major() {
        16.. => {
            "SELECT count(*) FROM pg_auth_members WHERE member = 'adm'::regrole AND (inherit_option OR set_option)"
        }
        _ => "SELECT count(*) FROM pg_auth_members WHERE member = 'adm'::regrole",
    };
    assert_eq!(server.value("postgres", borrowed), "0");
}

/// Borrowing would end with taking it away: what a DBA gave stays.
#[test]
fn a_membership_that_a_dba_granted_is_kept() {
    let (server, project) = legacy("me", Admin::Limited);
    server.sql("postgres", "GRANT legacy TO adm");
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(
        server.value("me_a", "SELECT relowner::regrole FROM pg_class WHERE relname = 'item'"),
        "me_a_owner"
    );
    let kept =
        "SELECT count(*) FROM pg_auth_members WHERE member = 'adm'::regrole AND roleid = 'legacy'::regrole";
    assert_eq!(server.value("postgres", kept), "1");
    project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn a_superusers_schema_keeps_its_owner() {
    let server = Server::start();
    let project = Project::new(&server, "mo");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("mo_a", "CREATE SCHEMA monitoring; CREATE TABLE monitoring.sample (x int)");
    project.run(&["plan", "--check"]).expect(0);
}

/// An owner sees all rows of its tables, a member of the app login's role those that a policy lets through.
#[test]
fn an_owner_that_becomes_subject_to_policies_is_named() {
    let (server, project) = legacy("rl", Admin::Super);
    server.sql(
        "rl_a",
        "ALTER TABLE item ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON item USING (name = current_user)",
    );
    let reasons = || project.json(&["plan"], 0)["changes"].to_string();
    let named =
        "change owner from legacy to rl_a_owner; its row security policies apply to legacy from then on";
    assert!(reasons().contains(named), "{}", reasons());
    // They do already where they are forced, and never to a role that bypasses them.
    server.sql("rl_a", "ALTER TABLE item FORCE ROW LEVEL SECURITY");
    assert!(!reasons().contains("row security"), "{}", reasons());
    server.sql("rl_a", "ALTER TABLE item NO FORCE ROW LEVEL SECURITY; ALTER ROLE legacy BYPASSRLS");
    assert!(!reasons().contains("row security"), "{}", reasons());
}

/// A database that has just been filled has no statistics of its catalogs.
#[test]
fn a_database_without_statistics_is_read_quickly() {
    let (server, project) = legacy("qu", Admin::Super);
    server.sql(
        "qu_a",
        "DO $$BEGIN
           FOR t IN 1..150 LOOP
             EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, up int REFERENCES t%s ON DELETE CASCADE)', t, greatest(t - 1, 1));
             FOR c IN 1..10 LOOP
               EXECUTE format('ALTER TABLE t%s ADD COLUMN c%s int DEFAULT 1 CHECK (c%2$s > 0)', t, c);
             END LOOP;
           END LOOP;
         END$$",
    );
    let started = std::time::Instant::now();
    project.run(&["plan", "-s", "qu_a"]).expect(0);
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}
