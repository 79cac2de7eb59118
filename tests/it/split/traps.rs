//! Code in a service's tables never runs with the admin's privileges: not when rows are read, written or compared.

use crate::support::{Admin, Project, Server, as_both_admins};

/// Traps of many kinds: each fails the statement if it is sprung in a session of an admin, or as anybody but the owner at the target.
const TRAPPED: &str = "
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE TYPE pair AS (a int, b text);
CREATE FUNCTION sprung(what text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
CREATE FUNCTION sprung_text(mood) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.sprung('cast'); RETURN 'x'; END $$;
CREATE FUNCTION sprung_pair(pair) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.sprung('cast of a pair'); RETURN 'x'; END $$;
CREATE CAST (mood AS text) WITH FUNCTION sprung_text(mood) AS IMPLICIT;
CREATE CAST (pair AS text) WITH FUNCTION sprung_pair(pair) AS IMPLICIT;
CREATE DOMAIN odd AS int CHECK (public.sprung('domain'));
CREATE TABLE items (
    id int PRIMARY KEY, state mood, both_of pair, n odd, what text CHECK (public.sprung('check')),
    made bool GENERATED ALWAYS AS (public.sprung('generated')) STORED
);
CREATE INDEX items_sprung ON items (public.sprung(what));
CREATE INDEX items_part ON items (id) WHERE public.sprung('predicate');
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY sprung ON items USING (public.sprung('policy'));
CREATE FUNCTION sprung_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.sprung('trigger'); RETURN NEW; END $$;
CREATE TRIGGER sprung BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION sprung_row();
ALTER TABLE items ENABLE ALWAYS TRIGGER sprung;
CREATE TABLE others (id int PRIMARY KEY);
";

/// From here on the traps are armed.
const ARMED: &str = "CREATE OR REPLACE FUNCTION sprung(what text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
    IF session_user IN ('postgres', 'adm') OR current_user IN ('postgres', 'adm') THEN RAISE EXCEPTION 'sprung: % as % in a session of %', what, current_user, session_user; END IF;
    RETURN true; END $$;";

fn ready(server: &Server, admin: Admin) -> Project {
    server.sql("postgres", "CREATE ROLE team");
    server.sql("postgres", "CREATE DATABASE shared");
    server.sql(
        "shared",
        &format!(
            "GRANT CREATE ON SCHEMA public TO team; SET ROLE team; {TRAPPED}
             INSERT INTO items SELECT i, 'ok', ROW(i, 'x')::pair, i, repeat('long ', 60) FROM generate_series(1, 6000) i; INSERT INTO others VALUES (1); {ARMED}"
        ),
    );
    if admin == Admin::Limited {
        server.sql("postgres", "GRANT team TO adm WITH ADMIN OPTION; GRANT CREATE ON DATABASE shared TO adm");
    }
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: shop\nservers:\n  main:\n    url: {}\nservices:\n  items:\n  others:\n",
        server.url_of(admin)
    ));
    project.write("split.yaml", "source: { server: main, database: shared }\nservices:\n  items: { tables: [public.items] }\n  others: { tables: [public.others] }\n");
    project.write(
        "items/migrations/V1__tables.sql",
        &format!("{}{ARMED}", TRAPPED.replace("CREATE TABLE others (id int PRIMARY KEY);", "")),
    );
    project.write("others/migrations/V1__tables.sql", "CREATE TABLE others (id int PRIMARY KEY);");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    project
}

as_both_admins!(a_split_runs_no_planted_code, |admin| {
    let server = Server::for_admin(admin);
    let project = ready(&server, admin);
    project.run(&["split", "plan"]).expect(0);
    project.run(&["split", "copy"]).expect(0);
    let compared = project.json(&["split", "verify"], 0);
    assert_eq!(compared["services"][0]["rows"], 6000);
    // Differing rows are read once more.
    let migrator = project.password("items_migrator");
    server
        .sql_as("items_migrator", &migrator, "items", "SET ROLE items_owner; DELETE FROM items WHERE id = 7")
        .unwrap();
    project.run(&["split", "verify"]).expect(3);
    assert!(!server.log().contains("ERROR:  sprung: "), "a trap was sprung");
});

/// An index of a partition, and the key of a partitioned table, which are evaluated when a foreign key is added to it; and a plain one.
const TRAPPED_KEYS: &str = "
CREATE ROLE team; CREATE ROLE other_team;
GRANT CREATE ON SCHEMA public TO team, other_team;
CREATE FUNCTION sprung(what text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
CREATE FUNCTION evil() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.sprung('partition key'); RETURN 0; END $$;
ALTER FUNCTION sprung OWNER TO team; ALTER FUNCTION evil OWNER TO team;
SET ROLE team;
CREATE TABLE others (id int PRIMARY KEY);
CREATE TABLE lines (id int PRIMARY KEY, other int REFERENCES others);
CREATE TABLE items (id int, other int CONSTRAINT items_other REFERENCES others) PARTITION BY RANGE ((id + public.evil()));
CREATE TABLE items_1 PARTITION OF items FOR VALUES FROM (0) TO (1000);
CREATE INDEX items_sprung ON items_1 (id) WHERE public.sprung('predicate');
CREATE INDEX lines_sprung ON lines (id) WHERE public.sprung('predicate of lines');
INSERT INTO others VALUES (1); INSERT INTO items VALUES (1, 1); INSERT INTO lines VALUES (1, 1);
RESET ROLE;
";

/// A service whose tables refer to another one's, copied and cut over offline.
fn cut_over_keys(server: &Server, more: &str) -> Project {
    server.sql("postgres", "CREATE DATABASE shared");
    server.sql("shared", &format!("{TRAPPED_KEYS}{more}"));
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: shop\nservers:\n  main:\n    url: {}\nservices:\n  items:\n  others:\n",
        server.url()
    ));
    project.write(
        "split.yaml",
        "source: { server: main, database: shared }\nservices:\n  items: { tables: [public.items*, public.lines] }\n  others: { tables: [public.others] }\n\
         edges:\n  - { edge: \"foreign-key *\", answer: drop, reason: a test }\n  - { edge: \"function *\", answer: leave }\n",
    );
    project.write(
        "items/migrations/V1__tables.sql",
        "CREATE TABLE lines (id int PRIMARY KEY, other int); CREATE TABLE items (id int, other int) PARTITION BY RANGE (id);
         CREATE TABLE items_1 PARTITION OF items FOR VALUES FROM (0) TO (1000);",
    );
    project.write("others/migrations/V1__tables.sql", "CREATE TABLE others (id int PRIMARY KEY);");
    for step in [
        &["apply", "--all", "-y"][..],
        &["upgrade", "--all"],
        &["split", "copy"],
        &["split", "cutover", "--service", "items"],
    ] {
        project.run(step).expect(0);
    }
    project
}

/// Number of valid foreign keys at the source.
const KEYS: &str = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND convalidated AND connamespace = 'public'::regnamespace";

/// Number of logins for the rollback.
const LOGINS: &str = r"SELECT count(*) FROM pg_roles WHERE rolname LIKE 'martydb\_split%'";

#[test]
fn a_restored_foreign_key_runs_no_planted_code() {
    let server = Server::start();
    let project = cut_over_keys(&server, ARMED);
    assert_eq!(server.value("shared", KEYS), "0");
    let back = project.json(&["split", "rollback", "--service", "items"], 0);
    assert_eq!(back["warnings"], serde_json::json!([]));
    assert_eq!(server.value("shared", KEYS), "2");
    assert_eq!(server.value("shared", LOGINS), "0");
    assert!(!server.log().contains("ERROR:  sprung: "), "a trap was sprung");
}

#[test]
fn tables_of_several_owners_roll_back_without_a_login() {
    let server = Server::start();
    let project = cut_over_keys(&server, "ALTER TABLE lines OWNER TO other_team;");
    let back = project.json(&["split", "rollback", "--service", "items"], 0);
    let warnings = back["warnings"].to_string();
    assert!(warnings.contains("belong to several roles"), "{warnings}");
    assert_eq!(server.value("shared", LOGINS), "0");
}

#[test]
fn another_roles_schema_of_the_same_name_is_not_changed() {
    let server = Server::start();
    let project = ready(&server, Admin::Super);
    server.sql("shared", "CREATE SCHEMA martydb_split AUTHORIZATION team; SET ROLE team; CREATE TABLE martydb_split.note (a int)");
    for step in [&["split", "copy"][..], &["split", "status"]] {
        let refused = project.run(step).expect(1).stderr;
        assert!(refused.contains("belongs to another role"), "{refused}");
    }
}
