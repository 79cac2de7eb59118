//! Rules on disk that the server did not load are not the rules in force: no run that met them ends with 0.

use std::fs;

use super::blind::unread;
use super::doors::with_hba;
use super::support::Pair;

const RELOAD: &str = "SELECT pg_catalog.pg_reload_conf()";

/// Writes a file of the server's data folder, in a second after that of its last load.
fn change(pair: &Pair, name: &str, text: Option<&str>) {
    pair.pass_second_of_load();
    let path = pair.server.data().join(name);
    match text {
        Some(text) => fs::write(path, text).unwrap(),
        None => fs::remove_file(path).unwrap(),
    }
}

fn read(pair: &Pair, name: &str) -> String {
    fs::read_to_string(pair.server.data().join(name)).unwrap()
}

/// Verifies, and returns the only reason why the rules in force are unknown.
fn only_reason(pair: &Pair) -> String {
    let result = pair.verify(&[], 4);
    let mut all = unread(&result);
    assert!(all.len() == 1 && result["summary"]["inconclusive"] == 1, "{all:#?}");
    let reason = all.remove(0);
    assert!(reason.starts_with("the login rules in force (") && reason.contains(RELOAD), "{reason}");
    reason
}

/// A reload that the server refuses moves `pg_conf_load_time()`, so that no file looks changed.
#[test]
fn rules_with_a_broken_line_are_inconclusive_although_the_server_was_reloaded() {
    let pair = Pair::new();
    let usual = read(&pair, "pg_hba.conf");
    fs::write(pair.server.data().join("pg_ident.conf"), "m webserver postgres\n").unwrap();
    with_hba(&pair, "local all all peer map=m\n");
    let found = Pair::grave(&pair.verify(&[], 4));
    assert_eq!(found, ["critical | hba-ident-map | - | postgres | - | pg_ident.conf line 1"]);
    // The map is cleaned, and a line below it is broken: the account webserver still enters as postgres.
    fs::write(pair.server.data().join("pg_ident.conf"), "# cleaned\nm webserver\n").unwrap();
    pair.server.reload();
    let reason = only_reason(&pair);
    assert!(reason.contains("pg_ident.conf line 2: missing entry"), "{reason}");
    fs::write(pair.server.data().join("pg_ident.conf"), "").unwrap();
    pair.server.reload();
    pair.verify(&[], 0);
    // The same for pg_hba.conf: the former `trust` is in force.
    fs::write(pair.server.data().join("pg_hba.conf"), format!("host all all 10.1.0.0/16 trust\n{usual}"))
        .unwrap();
    pair.server.reload();
    pair.verify(&[], 4);
    fs::write(pair.server.data().join("pg_hba.conf"), format!("host all all 10.1.0.0/16\n{usual}")).unwrap();
    pair.server.reload();
    let reason = only_reason(&pair);
    assert!(reason.contains("pg_hba.conf line 1: end-of-line before"), "{reason}");
    fs::write(pair.server.data().join("pg_hba.conf"), usual).unwrap();
    pair.server.reload();
    assert_eq!(unread(&pair.verify(&[], 0)), Vec::<String>::new());
    // The server loads a line that matches nothing while TLS is off, and its view has an error for it.
    with_hba(&pair, "hostssl all all 10.1.0.0/16 trust\n");
    assert_eq!(unread(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn a_list_of_names_that_changed_after_the_load_is_inconclusive() {
    let pair = Pair::new();
    fs::write(pair.server.data().join("people"), "blue_app\n").unwrap();
    with_hba(&pair, "host blue_db @people 10.1.0.0/16 scram-sha-256\n");
    pair.verify(&[], 0);
    change(&pair, "people", Some("blue_ro\n"));
    let reason = only_reason(&pair);
    assert!(reason.contains("people changed after the server loaded its rules"), "{reason}");
    pair.server.reload();
    assert_eq!(unread(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn files_that_were_included_and_are_gone_are_inconclusive() {
    let pair = Pair::new();
    if pair.server.major() < 16 {
        return;
    }
    let data = pair.server.data();
    fs::create_dir(data.join("hba.d")).unwrap();
    fs::write(data.join("hba.d/extra.conf"), "host all all 10.1.0.0/16 trust\n").unwrap();
    fs::write(data.join("maps.conf"), "m webserver postgres\n").unwrap();
    let maps = read(&pair, "pg_ident.conf");
    fs::write(data.join("pg_ident.conf"), format!("include maps.conf\n{maps}")).unwrap();
    with_hba(&pair, "include_dir hba.d\n");
    pair.verify(&[], 4);
    change(&pair, "hba.d/extra.conf", None);
    let reason = only_reason(&pair);
    assert!(reason.contains("hba.d changed after the server loaded its rules"), "{reason}");
    pair.server.reload();
    pair.verify(&[], 0);
    change(&pair, "maps.conf", Some(""));
    let reason = only_reason(&pair);
    assert!(reason.contains("maps.conf changed after the server loaded its rules"), "{reason}");
    pair.server.reload();
    assert_eq!(unread(&pair.verify(&[], 0)), Vec::<String>::new());
}
