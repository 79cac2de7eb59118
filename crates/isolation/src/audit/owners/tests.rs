//! Owners of databases, objects and extensions, each with one that may be the owner.

use serde_json::json;

use crate::audit::testing::{NOTHING, Server, assert_finds, assert_grave, healthy, row};

fn owned(database: &str, owner: &str) -> Server {
    healthy().unmanaged("ghost").database("den").alter_database(database, |found| found.owner = owner.into())
}

#[test]
fn a_database_of_a_service_belongs_to_the_admin() {
    for owner in ["blue_app", "red_owner"] {
        let line = format!("high | database-owner | blue | {owner} | blue_db | database blue_db");
        assert_finds(&owned("blue_db", owner), &line);
    }
    assert_finds(&owned("den", "red_app"), "medium | database-owner | red | red_app | den | database den");
    assert_finds(
        &owned("template1", "ghost"),
        "high | database-owner | - | ghost | template1 | database template1",
    );
    assert_eq!(owned("den", "ghost").found(), NOTHING);
}

#[test]
fn a_member_of_the_rightful_owner_loses_the_membership() {
    let server =
        owned("blue_db", "keeper").role("keeper", |_| {}).unmanaged("guest").member("guest", "keeper");
    let server =
        server.manifest(|desired| desired.database_owner = Some(crate::audit::testing::role("keeper")));
    let findings = crate::audit::audit(&server.desired, &server.snapshot, &|_| None);
    let fixes = findings.iter().filter(|found| found.id == "database-owner" && found.role == "guest");
    let fixes: Vec<String> = fixes.map(|found| found.fix.as_ref().unwrap().to_string()).collect();
    assert!(fixes.iter().all(|fix| fix.starts_with("REVOKE \"keeper\" FROM \"guest\"")), "{fixes:?}");
}

#[test]
fn a_template_with_rows_is_open_to_whoever_may_create_databases() {
    let template = |name: &str| {
        let server = healthy().unmanaged("ghost").database("copied");
        let server = server.object("copied", "table", "public.item", |_| {});
        server.alter_database(name, |found| found.is_template = true)
    };
    let creator = |server: Server| server.role("ghost", |found| found.createdb = true);
    assert_grave([
        (template("blue_db"), &["high | database-is-template | blue | PUBLIC | blue_db | database blue_db"]),
        (template("copied"), &[]),
        (
            creator(template("copied")),
            &["high | database-is-template | - | PUBLIC | copied | database copied"],
        ),
        (creator(template("postgres")), &[]),
    ]);
}

#[test]
fn an_object_of_a_service_belongs_to_its_owner() {
    let of = |owner: &str| {
        let server = healthy().unmanaged("ghost").role("keeper", |_| {});
        server.object("blue_db", "table", "public.hidden", |found| found.owner = owner.into())
    };
    for (owner, severity) in
        [("blue_app", "medium"), ("red_owner", "high"), ("ghost", "low"), ("keeper", "low")]
    {
        let line = format!("{severity} | object-owner | blue | {owner} | blue_db | table public.hidden");
        assert_finds(&of(owner), &line);
    }
    assert_eq!(of("blue_owner").found(), NOTHING);
    let large = healthy().object("blue_db", "large object", "4711", |found| found.owner = "blue_app".into());
    assert_eq!(large.found(), NOTHING);
    let entered = of("ghost").grant("CONNECT", "blue_db", "ghost");
    assert_finds(&entered, "medium | object-owner | blue | ghost | blue_db | table public.hidden");
}

#[test]
fn an_object_of_the_server_or_of_an_extension_belongs_to_a_superuser() {
    let builtin = |owner: &str| {
        healthy().object("blue_db", "view", "pg_catalog.pg_shadow", |found| {
            (found.system, found.owner) = (true, owner.into());
        })
    };
    let member = |owner: &str| {
        healthy().object("blue_db", "schema", "topology", |found| {
            (found.extension, found.owner) = (Some("postgis_topology".into()), owner.into());
        })
    };
    assert_grave([
        (
            builtin("blue_app"),
            &["critical | object-owner | blue | blue_app | blue_db | view pg_catalog.pg_shadow"],
        ),
        (builtin("postgres"), &[]),
        (member("blue_app"), &["high | object-owner | blue | blue_app | blue_db | schema topology"]),
        (member("blue_owner"), &[]),
    ]);
}

#[test]
fn an_extension_and_an_object_of_another_kind_have_owners_too() {
    let extension = |owner: &str| {
        let found = json!({ "name": "hstore", "owner": owner, "trusted": true, "open": null });
        healthy().inside("red_db", |catalog| catalog.extensions.push(row(found)))
    };
    let used = |owner: &str| {
        let found = json!({ "name": "citext", "owner": owner, "trusted": true, "open": null, "used_by": "column x of table item" });
        let server = healthy().unmanaged("ghost").grant("CONNECT", "red_db", "ghost");
        server.inside("red_db", |catalog| catalog.extensions.push(row(found)))
    };
    assert_finds(&used("ghost"), "high | object-owner | red | ghost | red_db | extension citext");
    let other = |role: &str, owned: bool, named: bool| {
        let found = json!({ "kind": "policy", "display": "p on table hidden", "role": role, "owned": owned, "named": named });
        healthy().inside("blue_db", |catalog| catalog.others.push(row(found)))
    };
    let object = "blue_db | policy p on table hidden";
    assert_finds(&extension("red_app"), "medium | object-owner | red | red_app | red_db | extension hstore");
    assert_finds(
        &other("red_app", false, true),
        &format!("medium | foreign-role-in-acl | blue | red_app | {object}"),
    );
    assert_finds(&other("red_app", true, false), &format!("high | object-owner | blue | red_app | {object}"));
    assert_finds(
        &other("blue_app", false, false),
        &format!("medium | unknown-object-kind | blue | blue_app | {object}"),
    );
    assert_eq!(extension("red_owner").grave(), NOTHING);
    assert_eq!(other("blue_app", false, true).found(), NOTHING);
    assert_eq!(other("blue_owner", true, false).found(), NOTHING);
}
