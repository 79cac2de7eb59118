//! A store whose writer made a backup of its own: every sum is correct, and no file is one that `backup` wrote. It is loaded by
//! the service's migrator, and gains nothing for anybody but who may write that service's rows anyway.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::support::{Allowed, HostileServer, NOTHING};
use crate::support::{Admin, Done, as_both_admins, can_dump};

/// Size of the placeholder in the archive that the writer of the store replaces.
const ROOM: usize = 6000;

/// A service with one backup, and its store.
struct Forger {
    hostile: HostileServer,
    id: String,
}

impl Forger {
    fn start(admin: Admin) -> Option<Forger> {
        let hostile = HostileServer::without_baits(admin);
        if !can_dump(&hostile.server) {
            return None;
        }
        let text = hostile.project.read("martydb.yaml");
        hostile.project.write("martydb.yaml", &format!("{text}backup: {{ to: ./kept }}\n"));
        let room = format!(
            "COMMENT ON TABLE item IS '{}'; SELECT lo_from_bytea(4711, 'large');\n",
            "x".repeat(ROOM)
        );
        hostile.project.write("red/migrations/V2__room.sql", &room);
        hostile.project.write("red/migrations/V2__room.down.sql", "-- martydb: irreversible: a test\n");
        hostile.project.run(&["upgrade", "-s", "red"]).expect(0);
        hostile.server.sql("red_db", "INSERT INTO item (name) VALUES ('red')");
        let made = hostile.project.json(&["backup", "red"], 0);
        let id = made["backups"][0]["id"].as_str().unwrap().to_owned();
        Some(Forger { hostile, id })
    }

    fn folder(&self) -> PathBuf {
        self.hostile.project.path().join("kept").join(&self.id)
    }

    /// Replaces the words that made room, wherever they are: `sql` runs where the comment was.
    fn forge_archive(&self, sql: &str) {
        let path = self.folder().join("dump/toc.dat");
        let mut bytes = std::fs::read(&path).unwrap();
        let old = format!("COMMENT ON TABLE public.item IS '{}';\n", "x".repeat(ROOM));
        let at = bytes.windows(old.len()).position(|text| text == old.as_bytes()).unwrap();
        let comment = format!("{sql};\nCOMMENT ON TABLE public.item IS pg_catalog.repeat('x', {ROOM})");
        // COMMENT accepts only a literal.
        let comment = comment.replace(
            &format!("COMMENT ON TABLE public.item IS pg_catalog.repeat('x', {ROOM})"),
            &format!(
                "DO $$BEGIN EXECUTE pg_catalog.format('COMMENT ON TABLE public.item IS %L', pg_catalog.repeat('x', {ROOM})); END$$"
            ),
        );
        assert!(comment.len() < old.len(), "no room for {sql}");
        bytes[at..at + old.len()].fill(b' ');
        bytes[at..at + comment.len()].copy_from_slice(comment.as_bytes());
        std::fs::write(path, bytes).unwrap();
        self.seal();
    }

    fn forge_record(&self, change: impl FnOnce(&mut Value)) {
        edit(&self.folder().join("record.json"), change);
        self.seal();
    }

    /// Corrects every sum.
    fn seal(&self) {
        let folder = self.folder();
        edit(&folder.join("manifest.json"), |manifest| {
            for file in manifest["files"].as_array_mut().unwrap() {
                let bytes = std::fs::read(folder.join(file["path"].as_str().unwrap())).unwrap();
                file["size"] = bytes.len().into();
                file["sha256"] = sum(&bytes).into();
            }
        });
        let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
        let mut sums = format!("{}  manifest.json\n", sum(&manifest));
        for file in serde_json::from_slice::<Value>(&manifest).unwrap()["files"].as_array().unwrap() {
            sums += &format!("{}  {}\n", file["sha256"].as_str().unwrap(), file["path"].as_str().unwrap());
        }
        std::fs::write(folder.join("SHA256SUMS"), sums).unwrap();
    }

    fn verify(&self, may: Allowed, codes: &[i32]) -> Done {
        let done = self.hostile.watched(&["backup", "verify", &self.id], may, codes);
        self.nothing_left();
        done
    }

    fn restore(&self, may: Allowed, codes: &[i32]) -> Done {
        let restore = ["restore", "red", "--from", &self.id, "-y", "-o", "json"];
        let done = self.hostile.watched(&restore, may, codes);
        self.nothing_left();
        done
    }

    fn nothing_left(&self) {
        let scratch = "SELECT count(*) FROM pg_database WHERE datname LIKE 'martydb\\_scratch%'";
        assert_eq!(self.hostile.server.value("postgres", scratch), "0");
    }
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, serde_json::to_vec_pretty(&value).unwrap()).unwrap();
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that would help its writer, tried one after the other, and what may be tried in no function by itself.
fn attempts(folder: &Path) -> String {
    let folder = folder.display();
    let all = [
        "ALTER ROLE red_app SUPERUSER".to_owned(),
        "ALTER ROLE red_app CREATEROLE CREATEDB".into(),
        "CREATE ROLE pwned LOGIN SUPERUSER".into(),
        "CREATE ROLE pwned".into(),
        "ALTER ROLE blue_app PASSWORD ''stolen''".into(),
        "ALTER ROLE blue_app SET search_path = public".into(),
        "ALTER ROLE ALL SET search_path = public".into(),
        "ALTER ROLE postgres SET session_preload_libraries = ''evil''".into(),
        "GRANT CONNECT ON DATABASE blue_db TO red_app".into(),
        "GRANT blue_owner TO red_app".into(),
        "GRANT postgres TO red_migrator".into(),
        "ALTER DATABASE blue_db OWNER TO red_owner".into(),
        "ALTER DATABASE red_db SET search_path = evil".into(),
        "ALTER DATABASE blue_db RENAME TO gone".into(),
        "DROP ROLE blue_ro".into(),
        "SET ROLE blue_owner".into(),
        "SET ROLE postgres".into(),
        "CREATE EXTENSION dblink".into(),
        "CREATE EXTENSION file_fdw".into(),
        "CREATE EXTENSION adminpack".into(),
        "CREATE FUNCTION public.evil() RETURNS int LANGUAGE c AS ''evil''".into(),
        "CREATE LANGUAGE plpython3u".into(),
        "CREATE EVENT TRIGGER evil ON ddl_command_start EXECUTE FUNCTION public.evil()".into(),
        "SELECT pg_catalog.pg_read_file(''/etc/passwd'')".into(),
        "SELECT pg_catalog.lo_import(''/etc/passwd'')".into(),
        format!("SELECT pg_catalog.lo_export(4711, ''{folder}/large'')"),
        format!("COPY (SELECT 1) TO ''{folder}/file''"),
        format!("COPY (SELECT 1) TO PROGRAM ''touch \"{folder}/program\"''"),
        "ALTER SYSTEM SET archive_command = ''evil''".into(),
        "SELECT pg_catalog.pg_reload_conf()".into(),
    ];
    let list: Vec<String> = all.iter().map(|one| format!("'{one}'")).collect();
    // As the owner that the archive is loaded as, and as the migrator that has logged in.
    let tried = format!(
        "DECLARE attempt text; BEGIN FOREACH attempt IN ARRAY ARRAY[{}] LOOP
           BEGIN EXECUTE attempt; RAISE LOG 'BAIT <store> <%> <%>', 'blue', attempt; EXCEPTION WHEN OTHERS THEN NULL; END;
         END LOOP; END",
        list.join(", ")
    );
    format!("DO $do${tried}$do$; SET ROLE NONE; DO $do${tried}$do$; SET ROLE red_owner")
}

as_both_admins!(an_archive_with_code_gains_no_privileges, |admin| {
    let Some(forger) = Forger::start(admin) else { return };
    let loot = tempfile::Builder::new().prefix("martydb-it-store-").tempdir().unwrap();
    std::fs::set_permissions(loot.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    forger.forge_archive(&attempts(loot.path()));
    // The bait is armed: it is loaded, and the objects are those of the record. None of it was allowed.
    forger.verify(NOTHING, &[0]);
    assert_eq!(std::fs::read_dir(loot.path()).unwrap().count(), 0);
    for event in ["EVENT TRIGGER", "attempt"] {
        let log = forger.hostile.server.log();
        assert!(log.contains(event), "{event} was not tried");
    }
});

/// Attributes that a login may change of itself.
const OWN: &[&str] =
    &["setting red_migrator", "password red_migrator", "membership blue_app of red_migrator"];

as_both_admins!(an_archive_that_changes_roles_fails_the_restore, |admin| {
    let Some(forger) = Forger::start(admin) else { return };
    let hostile = &forger.hostile;
    let may = Allowed { change: OWN, install: false };
    forger.forge_archive("SET ROLE NONE; ALTER ROLE red_migrator SET search_path = evil; SET ROLE red_owner");
    let done = forger.restore(may, &[3]);
    insta::assert_snapshot!(done.shown(), @r#"
    {
      "format_version": 1,
      "command": "restore",
      "error": {
      "kind": "divergent",
      "exit_code": 3,
      "message": "service \"red\" was not restored",
      "causes": [
      "roles of the service were changed while the backup was loaded",
      "new: setting search_path=evil of red_migrator"
      ],
      "hints": [
      "the archive or a concurrent run changed them; `martydb apply --all` restores them"
      ],
      "sqlstate": null
      }
    }
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    "#);
    hostile.project.run(&["apply", "--all", "-y"]).expect(0);
});

#[test]
fn a_password_changed_by_an_archive_is_noticed_before_the_service_is_touched() {
    let Some(forger) = Forger::start(Admin::Super) else { return };
    let hostile = &forger.hostile;
    forger.forge_archive("SET ROLE NONE; ALTER ROLE red_migrator PASSWORD 'stolen'; SET ROLE red_owner");
    let done = forger.restore(Allowed { change: OWN, install: false }, &[5]);
    assert!(done.stdout.contains("password authentication failed"), "{done:?}");
    assert!(done.stdout.contains("--reset-passwords"), "{done:?}");
    assert_eq!(hostile.server.value("red_db", "SELECT string_agg(name, ',') FROM item"), "red");
    hostile.project.run(&["apply", "--all", "--reset-passwords", "-y"]).expect(0);
    assert!(hostile.as_red("red_migrator", "SELECT 1").is_ok());
}

/// Files that the names of an archive lead to are read by the program on this machine.
#[test]
fn an_archive_that_names_other_files_is_not_read() {
    let Some(forger) = Forger::start(Admin::Super) else { return };
    let hostile = &forger.hostile;
    hostile.project.write("secret", "password of the operator\n");
    let list = std::fs::read_dir(forger.folder().join("dump")).unwrap().map(|file| file.unwrap().path());
    let list = list.into_iter().find(|path| path.file_name().unwrap().to_string_lossy().starts_with("blobs"));
    let secret = hostile.project.path().join("secret");
    std::fs::write(list.unwrap(), "4711 ../../../secret\n").unwrap();
    forger.seal();
    // The bait is armed: it is what pg_restore does with it where it lies.
    hostile.server.sql("postgres", "CREATE DATABASE plain");
    let mut plain = std::process::Command::new("pg_restore");
    plain.args(["-h", "127.0.0.1", "-U", "postgres", "-d", "plain", "--no-owner", "-p"]);
    plain.arg(hostile.server.port.to_string()).arg(forger.folder().join("dump"));
    let plain = plain.env("PGPASSWORD", crate::support::ADMIN_PASSWORD).output().unwrap();
    let refused = String::from_utf8(plain.stderr).unwrap().contains("invalid file name in archive");
    let read = || hostile.server.value("plain", "SELECT convert_from(lo_get(4711), 'UTF8')");
    assert!(refused || read() == std::fs::read_to_string(secret).unwrap(), "releases since 2026 refuse it");
    hostile.server.sql("postgres", "DROP DATABASE plain");
    let mark = hostile.server.log().len();
    for done in [forger.verify(NOTHING, &[1]), forger.restore(NOTHING, &[1])] {
        assert!(done.said().contains("it names an invalid file"), "{done:?}");
    }
    assert!(!hostile.server.log_since(mark).contains("CREATE DATABASE"), "something was made");
}

/// Changes that a restore may make: the service's database is another one.
const RESTORED: Allowed = Allowed {
    change: &[
        "database red_db", "acl of database red_db", "setting red_", "setting @red_db", "setting @lent",
    ],
    install: true,
};

as_both_admins!(a_record_that_names_other_objects_is_refused, |admin| {
    let Some(forger) = Forger::start(admin) else { return };
    let hostile = &forger.hostile;
    let named = |grantee: &str, privilege: &str| json!({"grantee": grantee, "privilege": privilege, "grantable": false});
    // Words that no server says end the run.
    for (place, words) in [
        ("/beyond/database/acl/0", named("red_app", "CONNECT ON DATABASE blue_db TO red_app; --")),
        ("/beyond/database/acl/0", named("red_app", "ALL")),
        ("/beyond/database/acl/0", named("red\0app", "CONNECT")),
        ("/beyond/public/acl/0", named("red_app", "USAGE; ALTER ROLE red_app SUPERUSER; --")),
        ("/beyond/roles/0", json!("guest\"; DROP ROLE blue_app; --")),
    ] {
        let genuine = std::fs::read(forger.folder().join("record.json")).unwrap();
        forger.forge_record(|record| *record.pointer_mut(place).unwrap() = words.clone());
        forger.restore(NOTHING, &[1]);
        std::fs::write(forger.folder().join("record.json"), genuine).unwrap();
    }
    // Settings of roles outside the service are skipped, and so are those that only a superuser may set.
    forger.forge_record(|record| {
        let beyond = &mut record["beyond"];
        let settings = beyond["database"]["settings"].as_array_mut().unwrap();
        for (role, name, value) in [
            (Value::Null, "session_preload_libraries", "evil"),
            (Value::Null, "zero_damaged_pages", "on"),
            (json!(admin.role()), "search_path", "evil"),
            (json!("postgres"), "default_transaction_read_only", "on"),
            (json!("guest"), "work_mem", "1MB"),
            (json!("red_app"), "search_path", "x'; ALTER ROLE red_app SUPERUSER; --"),
            (Value::Null, "x\"; ALTER ROLE red_app SUPERUSER; --", "y"),
        ] {
            settings.push(json!({"role": role, "name": name, "value": value}));
        }
        beyond["database"]["comment"] = json!("martydb-template:hostile/red");
        beyond["database"]["acl"].as_array_mut().unwrap().push(named("blue_app", "CONNECT"));
        beyond["public"]["owner"] = json!("blue_owner");
        beyond["large_objects"] = json!([{"oid": 4711, "owner": "blue_owner", "acl": [named("blue_app", "SELECT")]}]);
        beyond["default_privileges"] =
            json!([{"role": "blue_owner", "schema": null, "kind": "r", "acl": [named("red_app", "SELECT")]},
                   {"role": admin.role(), "schema": null, "kind": "f", "acl": [named("red_app", "EXECUTE")]}]);
    });
    let done = forger.restore(RESTORED, &[4]);
    let report = done.json();
    let notes = report["notes"].to_string();
    for refused in ["session_preload_libraries", "zero_damaged_pages", "of postgres"] {
        assert!(notes.contains(refused), "{refused}: {report:#}");
    }
    assert!(notes.contains(&format!("search_path of {}", admin.role())), "{report:#}");
    assert!(notes.contains("the comment of the database is not set again"), "{report:#}");
    // The way in that it gave to another service is restored as any drift is, and named at once.
    assert!(report["plan_changes"].as_u64().unwrap() > 0, "{report:#}");
    assert!(report["verify_isolation"].to_string().contains("blue_app"), "{report:#}");
    let comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'red_db'";
    assert_eq!(hostile.server.value("postgres", comment), "martydb:hostile");
    let given =
        "SELECT pg_get_userbyid(lomowner)::text || coalesce(lomacl::text, '') FROM pg_largeobject_metadata";
    assert_eq!(hostile.server.value("red_db", given), "red_owner");
    let defaults = "SELECT count(*) FROM pg_default_acl WHERE defaclrole <> 'red_owner'::regrole";
    assert_eq!(hostile.server.value("red_db", defaults), "0");
    hostile.project.run(&["apply", "--all", "-y"]).expect(0);
    hostile.project.run(&["plan", "--check"]).expect(0);
});

#[test]
fn a_backup_that_claims_another_service_does_not_become_its_database() {
    let Some(mut forger) = Forger::start(Admin::Super) else { return };
    let blue = forger.id.replace("-red-", "-blue-");
    std::fs::rename(forger.folder(), forger.hostile.project.path().join("kept").join(&blue)).unwrap();
    forger.id = blue;
    for end in ["sql", "down.sql"] {
        let file = forger.hostile.project.read(&format!("red/migrations/V2__room.{end}"));
        forger.hostile.project.write(&format!("blue/migrations/V2__room.{end}"), &file);
    }
    edit(&forger.folder().join("manifest.json"), |manifest| {
        manifest["id"] = json!(forger.id);
        manifest["service"] = json!("blue");
        manifest["database"] = json!("../../blue\u{1b}[31m_db");
    });
    forger.seal();
    let restore = ["restore", "blue", "--from", &forger.id, "-y"];
    let done = forger.hostile.watched(&restore, NOTHING, &[1, 3]);
    assert!(done.stderr.contains("was not restored"), "{done:?}");
    forger.nothing_left();
    edit(&forger.folder().join("manifest.json"), |manifest| manifest["project"] = json!("x\u{1b}[31m\nred"));
    forger.seal();
    let done = forger.hostile.watched(&restore, NOTHING, &[1]);
    assert!(!done.stderr.contains('\u{1b}'), "{done:?}");
    let listed = forger.hostile.watched(&["backup", "list"], NOTHING, &[0]);
    assert!(!(listed.stdout + &listed.stderr).contains('\u{1b}'));
}
