//! Audit rows in backups, where the manifest asks for them: they come back as they were, in a table of the admin's, and no
//! code of the service that runs during a restore adds one.

use std::path::PathBuf;

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Project, Server, as_both_admins, can_dump};

/// Code of a hostile service that a restore runs while it loads rows and makes indexes.
const HOSTILE: &str = "\
CREATE FUNCTION tamper(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE attempt text;
BEGIN
  FOREACH attempt IN ARRAY ARRAY[
    'INSERT INTO martydb_serve.audit (caller, collection, op, rows) VALUES (''forged'', ''x'', ''x'', 1)',
    'INSERT INTO martydb_serve.audit (login, caller, collection, op, rows) VALUES (''forged'', ''x'', ''x'', ''x'', 1)',
    'ALTER TABLE martydb_serve.audit DISABLE ROW LEVEL SECURITY',
    'GRANT ALL ON martydb_serve.audit TO PUBLIC'
  ] LOOP
    BEGIN EXECUTE attempt; EXCEPTION WHEN others THEN NULL; END;
  END LOOP;
  RETURN $1;
END $$;
CREATE TABLE hostile (name text CHECK (tamper(name) IS NOT NULL));
CREATE INDEX ON hostile (tamper(name));
INSERT INTO hostile VALUES ('one');
";

/// Everything that is in the rows, in their order.
const ROWS: &str = "SELECT coalesce(string_agg(concat_ws('|', extract(epoch FROM at), login, caller, coalesce(request, 'NULL'), collection, op,
    coalesce(key, 'NULL'), rows), E'\\n' ORDER BY at, rows), '') FROM martydb_serve.audit";

/// Owners, privileges and everything that belongs to the tables there.
const TABLES: &str = "SELECT string_agg(concat_ws(' ', c.relname, c.relkind, pg_get_userbyid(c.relowner), pg_get_userbyid(n.nspowner),
      c.relacl, n.nspacl, c.relrowsecurity, c.relforcerowsecurity, c.relhastriggers, c.relhasrules,
      (SELECT string_agg(concat_ws(' ', polname, polcmd, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)), ',' ORDER BY polname)
       FROM pg_policy WHERE polrelid = c.oid)), E'\\n' ORDER BY c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'martydb_serve'";

const EXPOSURE: &str = "{ audit: { writes: all, backup: true } }";

/// The exposure without the choice, and none at all.
const OTHER: &str = "{ audit: writes }";

fn kept(server: &Server, admin: Admin, prefix: &str) -> Project {
    let project = project(server, admin, prefix, EXPOSURE);
    let text = project.read("martydb.yaml");
    project.write("martydb.yaml", &format!("{text}backup:\n  to: ./kept\n"));
    project.write(&format!("{prefix}_a/migrations/V2__hostile.sql"), HOSTILE);
    let down = "DROP TABLE hostile;\nDROP FUNCTION tamper(text);\n";
    project.write(&format!("{prefix}_a/migrations/V2__hostile.down.sql"), down);
    project.run(&["upgrade", "--all"]).expect(0);
    project
}

fn backup(project: &Project, service: &str) -> String {
    let made = project.json(&["backup", service], 0);
    made["backups"][0]["id"].as_str().unwrap().to_owned()
}

fn write(project: &Project, service: &str, writer: &str, names: &[&str]) {
    let serving = DataService::start(project);
    for name in names {
        let headers = [("X-Request-Id", "r \\. \\N \"'")];
        let body = format!(r#"{{"name":"{name}"}}"#);
        let path = format!("/{service}/rest/customer");
        let done = serving.ask("POST", &path, Some(writer), &headers, &body);
        assert_eq!(done.status, 201, "{}", done.body);
    }
}

fn record(project: &Project, id: &str) -> serde_json::Value {
    let file: PathBuf = project.path().join("kept").join(id).join("record.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn restore(project: &Project, service: &str, id: &str) -> serde_json::Value {
    project.json(&["restore", service, "--from", id, "-y"], 0)
}

fn replace(project: &Project, from: &str, to: &str) {
    let text = project.read("martydb.yaml");
    assert!(text.contains(from), "{text}");
    project.write("martydb.yaml", &text.replace(from, to));
}

fn is_converged(project: &Project) {
    assert_eq!(project.json(&["plan", "--check"], 0)["changes"].as_array().unwrap().len(), 0);
}

/// A limited admin cannot close the schema public before 15, and a restore ends with the proof.
fn proven(server: &Server, admin: Admin) -> Admin {
    let closed = "REVOKE CONNECT ON DATABASE template1, postgres FROM PUBLIC";
    server.sql("postgres", &format!("{closed}; GRANT CONNECT ON DATABASE template1, postgres TO adm"));
    if server.major() < 15 { Admin::Super } else { admin }
}

as_both_admins!(audit_rows_are_restored_unchanged_and_never_forged, |admin| {
    let server = Server::with_both_admins();
    if !can_dump(&server) {
        return;
    }
    let project = kept(&server, proven(&server, admin), "sab");
    is_converged(&project);
    let writer = key(&project, "writer");
    write(&project, "sab_a", &writer, &["Ada", "Bob"]);
    // Values that a file of rows could take for something else.
    let odd = "INSERT INTO martydb_serve.audit VALUES ('infinity', 'x', E'a\\tb\\\\', E'\\\\.', E'1\\n\\\\.\\n2', '', NULL, 3),
        ('2000-01-01 00:00:00.000001+05:30', 'y', U&'\\00e4\\2603', '\\N', 'NULL', '\"', '', -1)";
    server.sql("sab_a", odd);
    let (rows, tables) = (server.value("sab_a", ROWS), server.value("sab_a", TABLES));
    let id = backup(&project, "sab_a");
    let recorded = record(&project, &id);
    let sum = recorded["contents"]["table martydb_serve.audit"].as_str().unwrap();
    assert!(sum.starts_with("4 rows, sum "), "{sum}");
    assert_eq!(recorded["audit"].as_array().unwrap().len(), 8, "{recorded:#}");
    project.run(&["backup", "verify", &id]).expect(0);

    // The later row stays in the database that the restore replaces.
    write(&project, "sab_a", &writer, &["Cyd"]);
    assert_eq!(restore(&project, "sab_a", &id)["plan_changes"], 0);
    assert_eq!(server.value("sab_a", ROWS), rows);
    assert_eq!(server.value("sab_a", TABLES), tables);
    is_converged(&project);
    for (role, sql) in [
        ("sab_a_serve", "SELECT 1::text FROM martydb_serve.audit"),
        ("sab_a_serve", "DELETE FROM martydb_serve.audit"),
        (
            "sab_a_serve",
            "INSERT INTO martydb_serve.audit (login, caller, collection, op, rows) VALUES ('x', 'x', 'x', 'x', 1)",
        ),
        ("sab_a_serve_ro", "UPDATE martydb_serve.audit SET rows = 0"),
        (
            "sab_a_migrator",
            "SET ROLE sab_a_owner; INSERT INTO martydb_serve.audit (caller, collection, op, rows) VALUES ('x', 'x', 'x', 1)",
        ),
        ("sab_a_migrator", "SET ROLE sab_a_owner; DROP TABLE martydb_serve.audit"),
    ] {
        let done = server.sql_as(role, &project.password(role), "sab_a", sql);
        assert_eq!(done.err().as_deref(), Some("42501"), "{role}: {sql}");
    }
    write(&project, "sab_a", &writer, &["Cyd"]);
    assert_eq!(server.value("sab_a", "SELECT count(*)::text FROM martydb_serve.audit"), "5");
    project.run(&["restore", "sab_a", "--discard-old", "-y"]).expect(0);

    // The audit without the service, for the admin only.
    let beside = ["restore", "sab_a", "--from", &id, "--table", "martydb_serve.audit", "--as", "sab_look"];
    let looked = project.json(&beside, 0);
    let expected = serde_json::json!([{"table": "martydb_serve.audit", "rows": 4}]);
    assert_eq!(looked["tables"], expected, "{looked:#}");
    assert_eq!(server.value("sab_look", ROWS), rows);
    for role in ["sab_a_serve", "sab_a_migrator"] {
        let refused = server.sql_as(role, &project.password(role), "sab_look", "SELECT 1::text");
        assert_eq!(refused.err().as_deref(), Some("42501"), "{role}");
    }
    server.sql("postgres", "DROP DATABASE sab_look");
    // With another table, and without the audit.
    project
        .run(&["restore", "sab_a", "--from", &id, "--table", "public.customer", "--as", "sab_look"])
        .expect(0);
    let schema = "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'martydb_serve'";
    assert_eq!(server.value("sab_look", schema), "0");
    server.sql("postgres", "DROP DATABASE sab_look");
    is_converged(&project);
});

#[test]
fn manifest_and_backup_may_disagree_about_audit_rows() {
    let server = Server::with_both_admins();
    if !can_dump(&server) {
        return;
    }
    let project = kept(&server, proven(&server, Admin::Limited), "sax");
    let writer = key(&project, "writer");
    write(&project, "sax_a", &writer, &["Ada"]);
    let rows = server.value("sax_a", ROWS);
    let with = backup(&project, "sax_a");
    let counted = project.json(&["backup", "sax_a", "--no-hashes"], 0);
    let counted = counted["backups"][0]["id"].as_str().unwrap();
    assert_eq!(record(&project, counted)["contents"]["table martydb_serve.audit"], "1 rows");
    project.run(&["backup", "verify", counted]).expect(0);

    // Without the choice a backup has none. What a backup has comes back.
    replace(&project, EXPOSURE, OTHER);
    let without = backup(&project, "sax_a");
    assert!(record(&project, &without)["audit"].is_null());
    assert!(!project.path().join("kept").join(&without).join("audit").exists());
    server.sql("sax_a", "DELETE FROM martydb_serve.audit");
    restore(&project, "sax_a", &with);
    assert_eq!(server.value("sax_a", ROWS), rows);
    is_converged(&project);

    // With the choice, a backup that has none is restored with a note.
    replace(&project, OTHER, EXPOSURE);
    let done = restore(&project, "sax_a", &without);
    assert!(
        done["notes"].to_string().contains("the backup has no rows of table martydb_serve.audit"),
        "{done:#}"
    );
    assert_eq!(server.value("sax_a", ROWS), "");
    is_converged(&project);

    // The file of --anonymize cannot change them, so that they are left out.
    project.write("anonymous.sql", "UPDATE customer SET name = 'x';\n");
    let arguments = ["restore", "sax_a", "--from", &with, "--anonymize", "anonymous.sql", "-y"];
    let done = project.json(&arguments, 0);
    assert!(done["notes"].to_string().contains("the file of --anonymize cannot change them"), "{done:#}");
    assert_eq!(server.value("sax_a", ROWS), "");
    project.run(&["restore", "sax_a", "--discard-old", "-y"]).expect(0);

    // A service that is no longer exposed: the rows are the admin's, until apply --prune removes them.
    let text = project.read("martydb.yaml").replace(&format!("    serve: {EXPOSURE}\n"), "");
    let text = text.lines().filter(|line| !line.contains("service: sax_a")).collect::<Vec<_>>().join("\n");
    project.write("martydb.yaml", &text);
    // The proof at its end reports the logins, whose privileges are restored like any drift.
    project.run(&["restore", "sax_a", "--from", &with, "-y"]).expect(4);
    assert_eq!(server.value("sax_a", ROWS), rows);
    project.run(&["restore", "sax_a", "--discard-old", "-y"]).expect(0);
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert_eq!(
        server.value("sax_a", "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'martydb_serve'"),
        "0"
    );
    is_converged(&project);
}

#[test]
fn a_restore_without_the_declared_audit_rows_needs_confirmation() {
    let server = Server::with_both_admins();
    if !can_dump(&server) {
        return;
    }
    let admin = proven(&server, Admin::Limited);
    let project = kept(&server, admin, "sal");
    let refused = |said: &str| {
        let done = project.run(&["backup", "sal_a"]);
        let whole = format!("table martydb_serve.audit: {said}");
        assert!(done.code == Some(1) && done.stderr.contains(&whole), "{said}: {done:?}");
    };
    // A table of the service's in this place could run code as the admin who reads it.
    server.sql("sal_a", "ALTER TABLE martydb_serve.audit OWNER TO sal_a_owner");
    refused("belongs to sal_a_owner, not to the admin");
    server.sql("sal_a", "ALTER TABLE martydb_serve.audit OWNER TO postgres");
    if admin == Admin::Limited {
        refused("belongs to postgres, not to the admin");
    }
    let back = format!(
        "ALTER TABLE martydb_serve.audit OWNER TO {}; ALTER TABLE martydb_serve.audit DROP key",
        admin.role()
    );
    server.sql("sal_a", &back);
    refused("was changed, and its rows are left out");
    server.sql("sal_a", "DROP TABLE martydb_serve.audit");
    refused("is missing, and so are its rows");
    let made = project.json(&["backup", "sal_a", "--accept"], 0);
    let id = made["backups"][0]["id"].as_str().unwrap();
    assert!(made["backups"][0]["left_out"].to_string().contains("martydb_serve.audit"), "{made:#}");
    project.run(&["backup", "verify", id]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["backup", "sal_a"]).expect(0);

    // Changed bytes in the store are refused.
    let changed = backup(&project, "sal_a");
    let file = project.path().join("kept").join(&changed).join("audit/rows");
    std::fs::write(file, "2000-01-01\tsal_a_serve\tforged\t\\N\tx\tx\t\\N\t1\n").unwrap();
    let done = project.run(&["restore", "sal_a", "--from", &changed, "-y"]).expect(1);
    assert!(done.stderr.contains("audit/rows"), "{done:?}");
    assert_eq!(server.value("sal_a", ROWS), "");
}
