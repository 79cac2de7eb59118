//! Attributes, memberships, passwords and limits of roles, each with what is nearly the same and harmless.

use crate::audit::testing::{NOTHING, Server, assert_finds, assert_grave, healthy, role, server};
use martydb_model::{AccessRole, ActualRole, StoredPassword};

fn pair(major: u32) -> Server {
    server(major).service("red").service("blue")
}

#[test]
fn an_attribute_that_no_role_of_a_service_has_is_named() {
    type Change = fn(&mut ActualRole);
    for (major, name, change, severity) in [
        (17, "red_app", (|found| found.superuser = true) as Change, "critical"),
        (17, "red_app", |found| found.createdb = true, "medium"),
        (15, "red_app", |found| found.createrole = true, "critical"),
        (16, "red_app", |found| found.createrole = true, "high"),
        (17, "red_app", |found| found.replication = true, "critical"),
        (17, "red_ro", |found| found.bypassrls = true, "medium"),
        (15, "red_migrator", |found| found.inherit = true, "medium"),
        (16, "red_migrator", |found| found.inherit = true, "low"),
    ] {
        let line = format!("{severity} | role-attribute | red | {name} | - | role {name}");
        assert_finds(&pair(major).role(name, change), &line);
    }
    assert_finds(
        &healthy().role("blue_owner", |found| found.login = true),
        "high | owner-can-log-in | blue | blue_owner | - | role blue_owner",
    );
    let dated = healthy().role("red_app", |found| found.valid_until = Some("2099-01-01".into()));
    assert_eq!(dated.found(), NOTHING);
}

#[test]
fn a_limit_of_connections_is_one_that_the_server_reaches_later() {
    let limited = |limit| healthy().role("red_app", |found| found.connection_limit = limit);
    let leak = ["medium | no-connection-limit | red | red_app | - | role red_app"];
    assert_grave([(limited(-1), &leak), (limited(100_000), &leak), (limited(60), &[]), (limited(1), &[])]);
    let declared = limited(-1).manifest(|desired| {
        let service = desired.services.values_mut().find(|service| service.name.as_str() == "red").unwrap();
        service.connection_limit.clear();
    });
    assert_finds(&declared, "low | no-connection-limit | red | red_app | - | role red_app");
}

#[test]
fn a_login_has_a_password_that_is_kept_as_scram() {
    let kept = |digest: Option<&str>, salt: Option<&str>| {
        let found =
            StoredPassword { digest: digest.map(Into::into), salt: salt.map(Into::into), rounds: None };
        healthy().with(|snapshot| drop(snapshot.kept.as_mut().unwrap().insert(role("red_app"), found)))
    };
    assert_finds(&kept(None, None), "low | no-password | red | red_app | - | role red_app");
    assert_finds(&kept(Some("0"), None), "medium | weak-verifier | red | red_app | - | role red_app");
    assert_eq!(kept(Some("0"), Some("1")).found(), NOTHING);
}

#[test]
fn a_membership_of_a_services_role_is_named() {
    for (server, expected) in [
        (
            healthy().member("bridge", "blue_ro").member("red_ro", "bridge"),
            "critical | foreign-role-membership | blue | red_ro | - | role blue_ro",
        ),
        (
            healthy().role("red_app", |found| found.inherit = false).member("red_app", "blue_owner"),
            "critical | foreign-role-membership | blue | red_app | - | role blue_owner",
        ),
        (
            healthy().membership("red_ro", "blue_app", [false, false, true]),
            "critical | foreign-role-membership | blue | red_ro | - | role blue_app",
        ),
        (
            healthy().membership("red_ro", "blue_app", [false, true, false]),
            "critical | foreign-role-membership | blue | red_ro | - | role blue_app",
        ),
        (
            healthy().member("blue_app", "blue_owner"),
            "high | own-service-membership | blue | blue_app | - | role blue_owner",
        ),
        (
            healthy().member("blue_ro", "blue_app"),
            "medium | own-service-membership | blue | blue_ro | - | role blue_app",
        ),
        (
            healthy().membership("red_migrator", "red_owner", [false, true, true]),
            "high | membership-admin-option | red | red_migrator | - | role red_owner",
        ),
        (
            healthy().member("blue_ro", "pg_read_all_data"),
            "high | predefined-role | blue | blue_ro | - | role pg_read_all_data",
        ),
        (
            healthy().member("blue_ro", "pg_read_all_settings"),
            "medium | predefined-role | blue | blue_ro | - | role pg_read_all_settings",
        ),
        (
            healthy().member("helpers", "pg_execute_server_program").member("red_app", "helpers"),
            "critical | predefined-role | red | red_app | - | role pg_execute_server_program",
        ),
        (
            healthy().role("mighty", |found| found.superuser = true).member("red_app", "mighty"),
            "critical | role-attribute | red | red_app | - | role mighty",
        ),
        (
            healthy().role("maker", |found| found.createdb = true).member("red_app", "maker"),
            "medium | role-attribute | red | red_app | - | role maker",
        ),
    ] {
        assert_finds(&server, expected);
    }
    assert_grave([
        (healthy().member("red_app", "red_ro"), &[]),
        (healthy().member("red_app", "red_group").member("red_ro", "red_group"), &[]),
        (healthy().unmanaged("watcher").member("watcher", "pg_monitor"), &[]),
    ]);
}

#[test]
fn a_group_of_no_service_is_a_note() {
    let group = healthy().member("red_app", "red_group");
    assert_eq!(group.found(), ["low | shared-group | red | red_app | - | role red_group"]);
}

#[test]
fn a_declared_login_that_follows_changes_is_a_note() {
    let follower = |declared: bool| {
        let server = healthy().role("feed", |found| (found.login, found.replication) = (true, true));
        server.with(|snapshot| snapshot.hba = None).manifest(|desired| {
            let login = AccessRole::login(role("feed"), 2, "search index".into());
            let login = AccessRole { replicates: true, ..login };
            desired.access.extend(declared.then(|| (role("feed"), login)));
        })
    };
    assert_eq!(follower(true).found(), ["low | declared-replication | - | feed | - | -"]);
    assert_eq!(follower(false).found(), ["medium | unmanaged-role-power | - | feed | - | -"]);
}

#[test]
fn a_login_that_the_manifest_does_not_know_has_no_power_over_services() {
    let ghost = |major| pair(major).unmanaged("ghost");
    let power = "medium | unmanaged-role-power | - | ghost | - | -";
    let creator =
        |major| ghost(major).role("portal", |found| found.createrole = true).member("ghost", "portal");
    assert_finds(
        &ghost(17).member("ghost", "blue_ro"),
        "high | unmanaged-membership | blue | ghost | blue_db | role blue_ro",
    );
    assert_finds(&creator(15), power);
    assert_finds(&ghost(15).role("ghost", |found| found.createrole = true), power);
    assert_finds(
        &ghost(17).role("ghost", |found| found.replication = true).with(|snapshot| snapshot.hba = None),
        power,
    );
    assert_finds(
        &ghost(17).member("helpers", "pg_signal_backend").member("ghost", "helpers"),
        "high | unmanaged-role-power | - | ghost | - | role pg_signal_backend",
    );
    assert_grave([
        (creator(16), &[]),
        (ghost(16).role("ghost", |found| found.createrole = true), &[]),
        (ghost(17).role("ghost", |found| found.createdb = true), &[]),
        (ghost(17).role("ghost", |found| found.createrole = true).member("ghost", "pg_signal_backend"), &[]),
    ]);
}

#[test]
fn a_superuser_is_a_note_and_the_role_of_orphans_has_no_power() {
    let dba = healthy().role("dba", |found| (found.login, found.superuser) = (true, true));
    assert_eq!(dba.found(), ["low | other-superuser | - | dba | - | -"]);
    let name = dba.desired.orphans().to_string();
    let orphans = |comment: Option<String>| {
        healthy().role(&name, |found| (found.createdb, found.comment) = (true, comment))
    };
    let marker = dba.desired.marker();
    assert_finds(&orphans(Some(marker)), &format!("medium | orphans-role | - | {name} | - | role {name}"));
    assert_eq!(orphans(None).grave(), NOTHING);
}
