//! Passwords that others know, and logins that only have the name of an alternate login: found without a login.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::Pair;

const SCRAM: &str = "SET password_encryption = 'scram-sha-256'; ";

fn sql(pair: &Pair, text: &str) {
    pair.server.sql("postgres", &format!("{SCRAM}{text}"));
}

/// The findings about passwords.
fn known(pair: &Pair, code: i32) -> Vec<String> {
    let found = Pair::found(&pair.verify(&["--probes", "sample"], code));
    found.into_iter().filter(|line| line.contains("-password |")).collect()
}

#[test]
fn a_guessable_password_of_a_powerful_login_is_critical() {
    let pair = Pair::new();
    sql(
        &pair,
        "CREATE ROLE chief SUPERUSER LOGIN PASSWORD 'admin'; CREATE ROLE copier REPLICATION LOGIN PASSWORD 'copier'",
    );
    sql(
        &pair,
        "CREATE ROLE clerk CREATEROLE LOGIN PASSWORD 'master123'; CREATE ROLE board CREATEROLE; CREATE ROLE member LOGIN PASSWORD 'Member1' IN ROLE board",
    );
    sql(&pair, "SET password_encryption = 'md5'; CREATE ROLE legacy SUPERUSER LOGIN PASSWORD 'postgres'");
    let line = |role: &str| format!("critical | guessable-password | - | {role} | - | role {role}");
    assert_eq!(known(&pair, 4), ["chief", "clerk", "copier", "legacy", "member"].map(line));
    sql(&pair, "DROP ROLE chief, copier, clerk, member, board, legacy");
    // As people satisfy rules on capitals, digits and signs.
    let passwords = ["Passw0rd!", "P@ssw0rd123!", "Welcome1!", "Secret2025"];
    for (number, password) in passwords.iter().enumerate() {
        sql(&pair, &format!("CREATE ROLE boss{number} SUPERUSER LOGIN PASSWORD '{password}'"));
    }
    sql(&pair, "CREATE ROLE chief SUPERUSER LOGIN PASSWORD 'Chief2026!'");
    assert_eq!(known(&pair, 4), ["boss0", "boss1", "boss2", "boss3", "chief"].map(line));
    sql(&pair, "DROP ROLE boss0, boss1, boss2, boss3, chief");
    // A good one, none, and a bad one of a login that can enter nothing.
    sql(
        &pair,
        "CREATE ROLE chief SUPERUSER LOGIN PASSWORD 'k2J9sLq0pXm4'; CREATE ROLE copier REPLICATION LOGIN; CREATE ROLE guest LOGIN PASSWORD 'guest'",
    );
    pair.verify(&["--probes", "sample", "--only", "guessable-password"], 0);
    let found = Pair::found(&pair.verify(&["--probes", "sample", "--only", "guessable-password"], 0));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_passwords_of_logins_admitted_to_a_service_are_compared_too() {
    let allow = "allow:\n  - { finding: unmanaged-login-connect, role: reporter, reason: reads the tables }\n  - { finding: unmanaged-role-in-acl, role: reporter, reason: reads the tables }\n";
    let pair = Pair::with(&[], allow);
    let red = pair.project.password("red_app");
    sql(
        &pair,
        &format!(
            "CREATE ROLE reporter LOGIN PASSWORD '{red}'; GRANT CONNECT ON DATABASE blue_db TO reporter"
        ),
    );
    let result = pair.verify(&["--probes", "sample"], 4);
    assert_eq!(Pair::grave(&result), ["high | reused-password | - | reporter | - | role reporter"]);
    assert!(!result.to_string().contains(&red));
    sql(&pair, "ALTER ROLE reporter PASSWORD 'reporter'");
    assert_eq!(known(&pair, 4), ["high | guessable-password | - | reporter | - | role reporter"]);
    sql(&pair, "ALTER ROLE reporter PASSWORD 'k2J9sLq0pXm4'");
    assert_eq!(known(&pair, 0), Vec::<String>::new());
}

#[test]
fn an_unmanaged_login_with_a_services_password_is_found() {
    let pair = Pair::new();
    let blue = pair.project.password("blue_app");
    pair.server.sql("postgres", "CREATE DATABASE den");
    sql(
        &pair,
        &format!(
            "REVOKE ALL ON DATABASE den FROM PUBLIC; CREATE ROLE guest LOGIN PASSWORD '{blue}'; GRANT CONNECT ON DATABASE den TO guest"
        ),
    );
    assert_eq!(known(&pair, 4), ["high | reused-password | - | guest | - | role guest"]);
}

#[test]
fn a_services_login_with_the_password_of_another_is_found() {
    let pair = Pair::new();
    let red = pair.project.password("red_app");
    sql(&pair, &format!("ALTER ROLE blue_app PASSWORD '{red}'; ALTER ROLE blue_ro PASSWORD 'welcome'"));
    let found = known(&pair, 4);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[0], "high | guessable-password | blue | blue_ro | - | role blue_ro");
    assert!(
        found[1].starts_with("high | reused-password | blue | blue_app | blue_db | address"),
        "{found:#?}"
    );
    // The catalogs alone: no verifier is hashed for.
    pair.verify(&["--only", "guessable-password"], 0);
}

#[test]
fn an_expensive_verifier_is_skipped_with_a_note() {
    let pair = Pair::new();
    let costly = "SCRAM-SHA-256$2000000:QUFBQUFBQUFBQUFBQUFBQQ==$47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    sql(
        &pair,
        &format!("CREATE ROLE slow LOGIN PASSWORD '{costly}'; GRANT CONNECT ON DATABASE postgres TO slow"),
    );
    sql(&pair, "CREATE ROLE chief SUPERUSER LOGIN PASSWORD 'chief'");
    let started = Instant::now();
    let result = pair.verify(&["--probes", "sample"], 4);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert!(
        Pair::found(&result).iter().any(|line| line.starts_with("critical | guessable-password | - | chief"))
    );
    assert!(
        result["not_examined"].to_string().contains("the passwords of 1 login on server main"),
        "{result:#}"
    );
}

#[test]
fn a_login_named_like_an_alternate_is_unmanaged_unless_it_is_in_the_store() {
    let pair = Pair::new();
    let alternate = "critical | unknown-alternate-login | blue | blue_app_b | blue_db | role blue_app_b";
    let found = |code: i32| Pair::grave(&pair.verify(&["--probes", "sample"], code));
    let make = "CREATE ROLE blue_app_b LOGIN PASSWORD 'k2J9sLq0pXm4' CONNECTION LIMIT 6 IN ROLE blue_app; ALTER ROLE blue_app_b SET temp_file_limit = '1GB'";
    sql(&pair, make);
    assert_eq!(found(4), [alternate]);
    pair.verify(&["--probes", "sample", "--fix", "-y"], 0);
    assert_eq!(
        pair.server.value("postgres", "SELECT rolcanlogin::text FROM pg_roles WHERE rolname = 'blue_app_b'"),
        "false"
    );
    sql(&pair, "DROP ROLE blue_app_b");
    // Two rotations, there and back: each stays quiet between its steps and after them.
    for _ in 0..2 {
        pair.project.run(&["rotate", "--service", "blue", "--overlap"]).expect(0);
        assert_eq!(found(0), Vec::<String>::new());
        pair.project.run(&["rotate", "--service", "blue", "--finish"]).expect(0);
        assert_eq!(found(0), Vec::<String>::new());
    }
    // The closed one is opened again behind martydb.
    sql(&pair, "ALTER ROLE blue_app_b LOGIN PASSWORD 'k2J9sLq0pXm4'");
    assert_eq!(found(4), [alternate]);
    // During a rotation, with a password that the store does not have.
    sql(&pair, "ALTER ROLE blue_app_b NOLOGIN");
    for turn in ["--overlap", "--finish", "--overlap"] {
        pair.project.run(&["rotate", "--service", "blue", turn]).expect(0);
    }
    assert_eq!(found(0), Vec::<String>::new());
    sql(&pair, "ALTER ROLE blue_app_b PASSWORD 'k2J9sLq0pXm4'");
    assert_eq!(found(4), [alternate]);
}

#[test]
fn a_lost_store_disables_no_login_that_may_be_in_use() {
    let pair = Pair::new();
    pair.project.run(&["rotate", "--service", "blue", "--overlap"]).expect(0);
    std::fs::remove_file(pair.project.path().join(".martydb/secrets/development.yaml")).unwrap();
    let result = pair.verify(&["--probes", "sample", "--fix", "-y"], 4);
    let findings = result["findings"].as_array().unwrap();
    let unknown: Vec<_> = findings.iter().filter(|one| one["id"] == "unknown-alternate-login").collect();
    assert_eq!(unknown.len(), 3, "{result:#}");
    let is_advice = |one: &&&Value| one["fix"].as_str().is_some_and(|fix| fix.contains("it may belong"));
    assert!(unknown.iter().all(|one| one["severity"] == "critical"), "{unknown:#?}");
    assert_eq!(unknown.iter().filter(is_advice).count(), 3, "{unknown:#?}");
    let open = "SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolname IN ('blue_migrator_b', 'blue_app_b', 'blue_ro_b')";
    assert_eq!(pair.server.value("postgres", open), "3");
}
