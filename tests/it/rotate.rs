//! Rotation on a real server: in place, and with two logins that take turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use crate::support::{Admin, Project, Server, as_both_admins, until};

/// Returns user and password as `url` prints them.
fn credentials(project: &Project, service: &str, role: &str) -> (String, String) {
    let url = project.json(&["url", "--service", service, "--role", role], 0)["url"].clone();
    let (_, rest) = url.as_str().unwrap().split_once("://").unwrap();
    let (login, _) = rest.split_once('@').unwrap();
    let (user, password) = login.split_once(':').unwrap();
    (user.to_owned(), password.to_owned())
}

fn provisioned(server: &Server, prefix: &str) -> Project {
    let project = Project::new(server, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project
}

/// Returns the role that a login's session acts as, and its settings.
fn session(server: &Server, login: &(String, String), database: &str) -> Vec<Vec<String>> {
    let ask = "SELECT current_user, current_setting('search_path'), current_setting('lock_timeout'),
        current_setting('idle_in_transaction_session_timeout'), current_setting('temp_file_limit'),
        current_setting('statement_timeout')";
    server.sql_as(&login.0, &login.1, database, ask).unwrap()
}

#[test]
fn in_place_rotation_replaces_the_password() {
    let server = Server::start();
    let project = provisioned(&server, "place");
    let old = credentials(&project, "place_a", "app");
    let other = credentials(&project, "place_a", "readonly");
    let done = project.json(&["rotate", "--service", "place_a", "--role", "app"], 0);
    assert_eq!(done["rotations"][0]["outcome"], "ok", "{done:#}");
    let new = credentials(&project, "place_a", "app");
    assert_eq!(old.0, new.0);
    assert_ne!(old.1, new.1);
    assert!(server.sql_as(&new.0, &new.1, "place_a", "SELECT 1").is_ok());
    assert_eq!(server.sql_as(&old.0, &old.1, "place_a", "SELECT 1"), Err("28P01".into()));
    assert_eq!(other, credentials(&project, "place_a", "readonly"));
    project.run(&["plan", "--check"]).expect(0);
    for password in project.passwords() {
        assert!(!server.log().contains(&password));
    }
    project.run(&["rotate"]).expect(2);
}

as_both_admins!(s20_an_overlap_loses_no_login_of_clients_that_reconnect_and_reread_the_store, |admin| {
    let server = Arc::new(Server::for_admin(admin));
    let project = Arc::new(Project::new_as(&server, admin, "turns"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("turns_a", "SET ROLE turns_a_owner; CREATE TABLE kept (id int)");
    let owners = || {
        server.sql("turns_a", "SELECT relname, relowner::regrole::text FROM pg_class WHERE relname = 'kept'")
    };
    let before = owners();
    let (stop, logins) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = ["app", "app", "migrator"]
        .map(|role| {
            let (server, project, stop, logins) =
                (server.clone(), project.clone(), stop.clone(), logins.clone());
            std::thread::spawn(move || {
                let mut failures = vec![];
                while !stop.load(Relaxed) {
                    let (user, password) = credentials(&project, "turns_a", role);
                    match server.sql_as(&user, &password, "turns_a", "SELECT 1 FROM kept") {
                        Ok(_) => drop(logins.fetch_add(1, Relaxed)),
                        Err(error) => failures.push(format!("{user}: {error}")),
                    }
                }
                failures
            })
        })
        .into();
    let some_more = || {
        let from = logins.load(Relaxed);
        until("nine more logins", || logins.load(Relaxed) >= from + 9);
    };
    for expected in ["turns_a_app_b", "turns_a_app", "turns_a_app_b"] {
        some_more();
        project.run(&["rotate", "--service", "turns_a", "--overlap"]).expect(0);
        assert_eq!(credentials(&project, "turns_a", "app").0, expected);
        some_more();
        project.run(&["rotate", "--service", "turns_a", "--finish"]).expect(0);
        project.run(&["plan", "--check"]).expect(0);
    }
    some_more();
    stop.store(true, Relaxed);
    let failures: Vec<String> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    assert!(failures.is_empty(), "{} logins, failures: {failures:?}", logins.load(Relaxed));
    assert_eq!(owners(), before);
    project.run(&["test-connections"]).expect(0);
    // Privileges that a limited admin cannot revoke are findings.
    project.run(&["verify-isolation"]).expect(if admin == Admin::Limited { 4 } else { 0 });
});

#[test]
fn an_alternate_login_is_like_its_primary_and_acts_as_it() {
    let server = Server::start();
    let project = provisioned(&server, "like");
    let firsts = ["app", "readonly", "migrator"].map(|role| (role, credentials(&project, "like_a", role)));
    project.run(&["rotate", "--service", "like_a", "--overlap"]).expect(0);
    for (role, first) in firsts {
        let alternate = credentials(&project, "like_a", role);
        assert_eq!(alternate.0, format!("{}_b", first.0));
        assert_eq!(session(&server, &first, "like_a"), session(&server, &alternate, "like_a"), "{role}");
        let like = |name: &str| {
            server.sql(
                "postgres",
                &format!("SELECT rolinherit, rolconnlimit, rolcanlogin, rolsuper FROM pg_roles WHERE rolname = '{name}'"),
            )
        };
        assert_eq!(like(&first.0), like(&alternate.0), "{role}");
    }
    let migrator = credentials(&project, "like_a", "migrator");
    server.sql_as(&migrator.0, &migrator.1, "like_a", "CREATE TABLE made (id int)").unwrap();
    let owner = server.value("like_a", "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'made'");
    assert_eq!(owner, "like_a_owner");
    project.run(&["plan", "--check"]).expect(0);

    let finished = project.json(&["rotate", "--service", "like_a", "--finish"], 0);
    assert_eq!(finished["rotations"][1]["previous"], "like_a_app", "{finished:#}");
    let again = project.json(&["rotate", "--service", "like_a", "--finish"], 0);
    assert_eq!(again["rotations"][0]["outcome"], "unchanged", "{again:#}");
    let closed = "SELECT rolname FROM pg_authid WHERE rolname LIKE 'like_a%' AND NOT rolcanlogin AND rolpassword IS NULL ORDER BY 1";
    let closed: Vec<String> = server.sql("postgres", closed).into_iter().flatten().collect();
    assert_eq!(closed, ["like_a_app", "like_a_migrator", "like_a_owner", "like_a_ro"]);
}

#[test]
fn unexpected_attributes_of_an_alternate_login_are_drift() {
    let server = Server::start();
    let project = provisioned(&server, "alt");
    project.run(&["rotate", "--service", "alt_a", "--overlap"]).expect(0);
    let spoil = [
        ("ALTER ROLE alt_a_app_b CONNECTION LIMIT 7", "change connection limit from 7 to"),
        ("ALTER ROLE alt_a_app_b CREATEDB", "set NOCREATEDB"),
        ("ALTER ROLE alt_a_app_b NOLOGIN", "set LOGIN"),
        ("ALTER ROLE alt_a_app_b SET lock_timeout = '1s'", "change lock_timeout from 1s to 5s"),
        ("ALTER ROLE alt_a_app_b IN DATABASE alt_a RESET role", "role = alt_a_app"),
        ("REVOKE alt_a_app FROM alt_a_app_b", "alt_a_app_b is not a member of alt_a_app"),
        ("GRANT alt_b_app TO alt_a_app_b", "is a member of alt_b_app"),
        ("GRANT CONNECT ON DATABASE alt_b TO alt_a_app_b", "holds CONNECT on database alt_b"),
        (
            "REVOKE CONNECT ON DATABASE alt_a FROM alt_a_migrator_b",
            "grant CONNECT on database alt_a to alt_a_migrator_b",
        ),
    ];
    for (sql, reason) in spoil {
        server.sql("postgres", sql);
        let plan = project.json(&["plan", "--check"], 3);
        assert!(plan["changes"].to_string().contains(reason), "{sql}: {plan:#}");
        project.run(&["apply", "--all", "-y"]).expect(0);
        project.run(&["plan", "--check"]).expect(0);
    }
    project.run(&["verify-isolation"]).expect(0);
}

#[test]
fn an_interrupted_overlap_is_closed_and_restarted() {
    let server = Server::start();
    let project = provisioned(&server, "cut");
    let store = project.read(".martydb/secrets/development.yaml");
    let old = credentials(&project, "cut_a", "app");
    project.run(&["rotate", "--service", "cut_a", "--role", "app", "--overlap"]).expect(0);
    // As if killed before the store named the alternate login.
    project.write(".martydb/secrets/development.yaml", &store);
    assert!(server.sql_as(&old.0, &old.1, "cut_a", "SELECT 1").is_ok());
    let refused = project.run(&["rotate", "--service", "cut_a", "--role", "app", "--overlap"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r#"
    SERVICE  ROLE  ACTIVE LOGIN  PREVIOUS LOGIN  RESULT
    cut_a  app  cut_a_app  -  failed

    service cut_a:
    error: "cut_a_app" and "cut_a_app_b" are both in use already
    caused by: clients may still log in with the older one, and a new password would lock them out
    hint: when none does, run `martydb rotate --service cut_a --finish`, then this again
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    "#);
    project.run(&["rotate", "--service", "cut_a", "--finish"]).expect(0);
    assert!(server.sql_as(&old.0, &old.1, "cut_a", "SELECT 1").is_ok());
    project.run(&["rotate", "--service", "cut_a", "--role", "app", "--overlap"]).expect(0);
    assert_eq!(credentials(&project, "cut_a", "app").0, "cut_a_app_b");

    // The store lost: the first login comes back with a password of its own, where that is asked for.
    std::fs::remove_file(project.path().join(".martydb/secrets/development.yaml")).unwrap();
    project.run(&["rotate", "--service", "cut_a", "--finish"]).expect(1);
    project.run(&["apply", "--all", "-y"]).expect(2);
    project.run(&["apply", "--all", "-y", "--reset-passwords"]).expect(0);
    let new = credentials(&project, "cut_a", "app");
    assert_eq!(new.0, "cut_a_app");
    project.run(&["test-connections"]).expect(0);
}

#[test]
fn passwords_in_a_store_program_rotate_too() {
    let server = Server::start();
    let place = "{env}-{role}";
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: prog\nservers:\n  main:\n    url: {}\nsecrets:\n  provider: command\n  get: [cat, \"store/{place}\"]\n  set: [tee, \"store/{place}\"]\n  absent: {{ exit: 1, stderr: No such file }}\nservices:\n  prog_a:\n",
        server.url()
    ));
    project.write("store/empty", "");
    project.run(&["apply", "--all", "-y"]).expect(0);
    for user in ["prog_a_app_b", "prog_a_app"] {
        project.run(&["rotate", "--all", "--overlap"]).expect(0);
        let login = credentials(&project, "prog_a", "app");
        assert_eq!(login.0, user);
        assert!(server.sql_as(&login.0, &login.1, "prog_a", "SELECT 1").is_ok());
        project.run(&["rotate", "--all", "--finish"]).expect(0);
    }
    project.run(&["rotate", "--all"]).expect(0);
    project.run(&["test-connections"]).expect(0);
}

/// The program gives the old password once more after the server has the new one, as a store does that is read while a
/// rotation runs.
#[test]
fn an_upgrade_during_a_rotation_reads_the_store_again() {
    let server = Server::start();
    let project = Project::new(&server, "rsa");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let old = project.read(".martydb/secrets/development.yaml");
    project.run(&["rotate", "--service", "rsa_a", "--role", "migrator"]).expect(0);
    let new = project.read(".martydb/secrets/development.yaml");
    let passwords = |text: &str| -> std::collections::BTreeMap<String, String> {
        serde_yaml::from_str::<serde_json::Value>(text).unwrap()["main"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(role, password)| (role.clone(), password.as_str().unwrap().to_owned()))
            .collect()
    };
    let (old, new) = (passwords(&old), passwords(&new));
    assert_ne!(old["rsa_a_migrator"], new["rsa_a_migrator"]);
    for (role, password) in &new {
        project.write(&format!("store/{role}"), password);
    }
    project.write("old", &old["rsa_a_migrator"]);
    project.write(
        "get.sh",
        "if [ \"$1\" = rsa_a_migrator ] && [ -e old ]; then cat old; rm old; else cat \"store/$1\"; fi\n",
    );
    let text = project.read("martydb.yaml");
    let secrets = "secrets: { provider: command, get: [sh, get.sh, \"{role}\"] }\nservers:";
    project.write("martydb.yaml", &text.replacen("servers:", secrets, 1));
    let done = project.json(&["upgrade", "-s", "rsa_a"], 0);
    assert_eq!(done["services"][0]["to"], 2, "{done:#}");
    assert!(!project.path().join("old").exists());
    // A password that is wrong for good stays an error.
    project.write("store/rsa_a_migrator", "another");
    project.run(&["upgrade", "-s", "rsa_a"]).expect(5);
}

#[test]
fn an_expiry_is_kept_and_named_once_passed() {
    let server = Server::start();
    let project = provisioned(&server, "until");
    server.sql("postgres", "ALTER ROLE until_a_app VALID UNTIL '2001-02-03 00:00Z'");
    project.run(&["plan", "--check"]).expect(0);
    let tested = project.json(&["test-connections"], 5);
    assert!(tested.to_string().contains("2001-02-03"), "{tested:#}");
    let failed = project.run(&["rotate", "--service", "until_a", "--role", "app"]).expect(5);
    assert!(failed.stdout.contains("VALID UNTIL") && failed.stdout.contains("--valid-until"), "{failed:?}");
    project
        .run(&["rotate", "--service", "until_a", "--role", "app", "--valid-until", "2999-01-01"])
        .expect(0);
    project.run(&["test-connections"]).expect(0);
    let until = server
        .value("postgres", "SELECT rolvaliduntil::date::text FROM pg_roles WHERE rolname = 'until_a_app'");
    assert_eq!(until, "2999-01-01");
}

#[test]
fn s18_a_password_beyond_ascii_is_kept_as_saslprep_reads_it() {
    let server = Server::start();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: prep\nservers:\n  main:\n    url: {}\nsecrets: {{ provider: env }}\nservices:\n  prep_a:\n",
        server.url()
    ));
    let run = |app: &str, arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("PREP_A_MIGRATOR_PASSWORD", "m").env("PREP_A_READONLY_PASSWORD", "r");
        command.env("PREP_A_APP_PASSWORD", app);
        project.finish(command)
    };
    run("first", &["apply", "--all", "-y"]).expect(0);
    // The operator changes the variable, and rotate sets its value on the server.
    run("\u{fc}\u{aa}\u{2168}", &["rotate", "--service", "prep_a", "--role", "app"]).expect(0);
    for typed in ["\u{fc}\u{aa}\u{2168}", "u\u{308}aIX", "\u{fc}a\u{ad}IX"] {
        assert!(server.sql_as("prep_a_app", typed, "prep_a", "SELECT 1").is_ok(), "{typed}");
        run(typed, &["test-connections"]).expect(0);
    }
    let kept = "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'prep_a_app'";
    assert_eq!(server.value("postgres", kept), "t");
    let refused = run("x", &["rotate", "--service", "prep_a", "--overlap"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    SERVICE  ROLE  ACTIVE LOGIN  PREVIOUS LOGIN  RESULT
    prep_a  migrator  prep_a_migrator  -  failed
    prep_a  app  prep_a_app  -  failed
    prep_a  readonly  prep_a_ro  -  failed

    service prep_a:
    error: the secrets provider is env, which is read-only
    hint: set the variable to a new password, then run `martydb rotate` without --overlap
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    ");
}

#[test]
fn s21_no_output_has_a_password_and_the_store_stays_private() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start();
    let project = provisioned(&server, "seen");
    let mut known = project.passwords();
    let mut said = String::new();
    for arguments in [
        &["rotate", "--all", "-vv"][..],
        &["rotate", "--all", "--overlap", "-vv"],
        &["rotate", "--all", "--overlap", "-vv"],
        &["rotate", "--all", "--finish", "-vv", "-o", "json"],
        &["drop", "--service", "seen_b", "--confirm", "seen_b", "-vv"],
    ] {
        let done = project.run(arguments);
        said += &(done.stdout + &done.stderr);
        known.extend(project.passwords());
    }
    assert!(said.contains("<secret>"), "{said}");
    let log = server.log();
    for password in known.iter().filter(|text| !text.starts_with("-> ")) {
        assert_eq!(password.len(), 32);
        assert!(!said.contains(password) && !log.contains(password));
    }
    let mode = std::fs::metadata(project.path().join(".martydb/secrets/development.yaml")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
}

#[test]
fn concurrent_statements_do_not_stop_a_rotation() {
    let server = Arc::new(Server::start());
    let project = provisioned(&server, "noise");
    let stop = Arc::new(AtomicBool::new(false));
    let noise: Vec<_> = [
        "ALTER ROLE noise_a_app CONNECTION LIMIT 50",
        "GRANT TEMPORARY ON DATABASE noise_a TO noise_a_app",
        "ALTER ROLE noise_a_app SET lock_timeout = '5s'",
    ]
    .map(|sql| {
        let (server, stop) = (server.clone(), stop.clone());
        std::thread::spawn(move || {
            while !stop.load(Relaxed) {
                // Races with the rotation hit this side too.
                let _raced = server.sql_as("postgres", crate::support::ADMIN_PASSWORD, "postgres", sql);
            }
        })
    })
    .into();
    for arguments in
        [&["rotate", "--all"][..], &["rotate", "--all", "--overlap"], &["rotate", "--all", "--finish"]]
    {
        project.run(arguments).expect(0);
        project.run(arguments).expect(if arguments.contains(&"--overlap") { 2 } else { 0 });
    }
    stop.store(true, Relaxed);
    noise.into_iter().for_each(|thread| thread.join().unwrap());
    project.run(&["test-connections"]).expect(0);
}
