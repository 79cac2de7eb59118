//! Other addresses, the socket, replication, TLS: what the matrix on the manifest's address does not see.

use std::collections::BTreeSet;

use serde_json::Value;

use super::doors::with_hba;
use super::support::Pair;

const BOTH: &str = "listen_addresses=127.0.0.1,::1";

/// `role database way outcome` of every attempt beside the matrix.
fn trials(result: &Value) -> Vec<String> {
    let text = |trial: &Value, key: &str| trial[key].as_str().unwrap().to_owned();
    let line = |trial: &Value| ["role", "database", "way", "outcome"].map(|key| text(trial, key)).join(" | ");
    result["trials"].as_array().unwrap().iter().map(line).collect()
}

fn has(result: &Value, expected: &str) {
    let all = trials(result);
    assert!(all.iter().any(|line| line == expected), "{expected}\n{}", all.join("\n"));
}

#[test]
fn each_address_probes_each_login_at_its_own_and_another_database() {
    let pair = Pair::with(&[BOTH], "");
    let result = pair.verify(&["--probes", "full"], 0);
    let port = pair.server.port;
    let socket = result["trials"].as_array().unwrap().iter().find_map(|trial| {
        trial["way"].as_str().unwrap().strip_prefix("at ").filter(|place| place.starts_with('/'))
    });
    for place in [format!("at ::1:{port}"), format!("at {}", socket.expect("a socket"))] {
        for service in ["red", "blue"] {
            for role in ["migrator", "app", "ro"] {
                let role = format!("{service}_{role}");
                has(&result, &format!("{role} | {service}_db | {place} | allowed"));
                has(&result, &format!("{role} | {service}_db | with a wrong password {place} | denied"));
                has(&result, &format!("{role} | {service}_db | with replication=true {place} | denied"));
                has(&result, &format!("{role} | {service}_db | with replication=database {place} | denied"));
                let foreign = |line: &String| {
                    line.starts_with(&format!("{role} | "))
                        && !line.contains(&format!("| {service}_db |"))
                        && line.ends_with(&format!("| {place} | denied"))
                };
                assert!(trials(&result).iter().any(foreign), "{role} {place}");
            }
        }
        if place.contains("::1") {
            has(&result, &format!("postgres | postgres | with a wrong password {place} | denied"));
        }
    }
    assert_eq!(result["summary"]["probes"], result["matrix"].as_array().unwrap().len());
    assert_eq!(result["not_examined"].as_array().unwrap().len(), 0, "{result:#}");
}

#[test]
fn a_line_for_one_login_and_database_is_probed_there() {
    let pair = Pair::with(&[BOTH], "");
    let port = pair.server.port;
    // It trusts one login at another service's database, on the address that the manifest does not name.
    with_hba(&pair, "host blue_db red_app ::1/128 trust\nhost replication all 127.0.0.1/32 trust\n");
    let result = pair.verify(&["--probes", "full"], 4);
    has(&result, &format!("red_app | blue_db | with a wrong password at ::1:{port} | breach"));
    has(&result, "red_ro | red_db | with a wrong password and replication=true | breach");
    let found = Pair::grave(&result).join("\n");
    for expected in [
        format!("critical | wrong-password-accepted | red | red_app | blue_db | address ::1:{port}"),
        format!("critical | wrong-password-accepted | red | red_ro | red_db | address 127.0.0.1:{port}"),
        format!("critical | wrong-password-accepted | - | postgres | postgres | address 127.0.0.1:{port}"),
    ] {
        assert!(found.contains(&expected), "{expected}\n{found}");
    }
    assert_eq!(result["summary"]["inconclusive"], 0, "{result:#}");
}

#[test]
fn a_grant_hidden_at_one_address_is_found_at_another() {
    let pair = Pair::with(&[BOTH], "");
    let port = pair.server.port;
    pair.server.sql("postgres", "GRANT CONNECT ON DATABASE blue_db TO red_ro");
    with_hba(&pair, "host blue_db red_ro 127.0.0.1/32 reject\n");
    let result = pair.verify(&["--probes", "full"], 4);
    let cell = |cell: &&Value| cell["role"] == "red_ro" && cell["database"] == "blue_db";
    let cell = result["matrix"].as_array().unwrap().iter().find(cell).unwrap();
    assert_eq!((cell["outcome"].as_str(), cell["sqlstate"].as_str()), (Some("denied"), Some("28000")));
    has(&result, &format!("red_ro | blue_db | at ::1:{port} | breach"));
    let live: Vec<_> =
        result["findings"].as_array().unwrap().iter().filter(|finding| finding["kind"] == "probe").collect();
    assert_eq!(live.len(), 1, "{live:#?}");
    let evidence = live[0]["evidence"].as_str().unwrap();
    assert!(evidence.contains("direct grant of CONNECT (at ::1:"), "{evidence}");
    assert_eq!(live[0]["id"], "foreign-database-connect");
    assert_eq!(live[0]["fix"], "REVOKE CONNECT ON DATABASE \"blue_db\" FROM \"red_ro\";");
    // There and over the socket.
    assert_eq!(result["summary"]["breaches"], 2);
}

#[test]
fn a_database_connection_replicates_without_a_replication_line() {
    let pair = Pair::new();
    with_hba(&pair, "host replication all all reject\nlocal replication all reject\n");
    pair.server.sql("postgres", "ALTER ROLE red_ro REPLICATION");
    let result = pair.verify(&["--probes", "full"], 4);
    has(&result, "red_ro | red_db | with replication=true | denied");
    has(&result, "red_ro | red_db | with replication=database | breach");
    let found = Pair::grave(&result).join("\n");
    assert!(
        found.contains("critical | replication-login | red | red_ro | red_db | address 127.0.0.1"),
        "{found}"
    );
}

#[test]
fn a_server_without_replication_gets_no_replication_probe() {
    let pair = Pair::with(&["max_wal_senders=0"], "");
    let result = pair.verify(&["--probes", "full"], 0);
    assert!(trials(&result).iter().all(|line| !line.contains("replication")), "{result:#}");
}

#[test]
fn exhaustive_probes_every_login_at_every_database_by_every_route() {
    let pair = Pair::with(&[BOTH], "");
    let full = pair.verify(&["--probes", "full"], 0);
    let result = pair.verify(&["--probes", "full", "--exhaustive"], 0);
    let key = |trial: &Value| ["role", "database", "way"].map(|key| trial[key].as_str().unwrap().to_owned());
    let all: BTreeSet<_> = result["trials"].as_array().unwrap().iter().map(key).collect();
    let socket = format!(
        "at {}",
        pair.server.data().parent().unwrap().join(format!(".s.PGSQL.{}", pair.server.port)).display()
    );
    for role in ["red_migrator", "red_app", "red_ro", "blue_migrator", "blue_app", "blue_ro"] {
        for database in ["red_db", "blue_db", "postgres", "template1"] {
            for place in ["", &format!("at ::1:{}", pair.server.port), &socket] {
                for way in [
                    "",
                    "with a wrong password",
                    "with a wrong password and replication=true",
                    "with replication=true",
                    "with replication=database",
                ] {
                    let way = format!("{way} {place}").trim().to_owned();
                    let cell = [role.into(), database.into(), way.clone()];
                    assert!(way.is_empty() || all.contains(&cell), "{cell:?} is missing");
                }
            }
        }
    }
    // The queries inside a database are the same in both.
    let beside = |result: &Value| trials(result).iter().filter(|line| !line.contains("| inside: ")).count();
    assert!(beside(&full) < beside(&result) / 2, "{} {}", beside(&full), beside(&result));
    let wrong = pair.project.run(&["verify-isolation", "--probes", "sample", "--exhaustive"]).expect(2);
    insta::assert_snapshot!(wrong.shown(), @r"
    error: --exhaustive tries every login, but --probes limits them
    hint: omit one of the two
    ");
}
