//! Tables of states and the resulting plans.

use super::*;
use crate::{Action, PASSWORDLESS, Risk, script};
use martydb_model::{
    ActualDatabase, ActualObject, ActualRole, Admin, Contents, DbName, Grantee, Membership, ObjectKind,
    RoleSetting, SchemaName,
};
use martydb_samples::{desired, empty, entry, of_role, provisioned, put, role, to};

fn lines(plan: &Plan, major: u32) -> Vec<String> {
    plan.steps
        .iter()
        .map(|step| {
            format!("{:?} {:?} {}", step.stage, step.risk, script(&step.action, major, &PASSWORDLESS))
        })
        .collect()
}

fn plan(desired: &DesiredServer, actual: &ActualServer) -> Plan {
    diff(desired, actual, &StoredLogins::All, &Selection::all(desired))
}

#[test]
fn a_fresh_server_gets_everything_and_closed_first() {
    insta::assert_snapshot!(lines(&plan(&desired(&["csca"]), &empty(150018)), 15).join("\n"));
}

#[test]
fn before_15_public_is_taken_from_the_bootstrap_superuser() {
    let lines = lines(&plan(&desired(&["csca"]), &empty(130023)), 13);
    assert!(
        lines.contains(
            &"InDatabase Safe REVOKE CREATE, USAGE ON SCHEMA \"public\" FROM PUBLIC CASCADE".to_owned()
        ),
        "{lines:#?}"
    );
    assert!(
        lines.contains(&"Cluster Safe GRANT \"csca_owner\" TO \"csca_migrator\"".to_owned()),
        "{lines:#?}"
    );
}

#[test]
fn a_provisioned_server_gets_nothing() {
    for version in [130023, 140023, 150018, 160014, 170010, 180004] {
        let desired = desired(&["csca", "pkd"]);
        let plan = plan(&desired, &provisioned(&desired, version));
        assert_eq!(plan, Plan::default(), "{version}");
    }
}

/// Every tampering is noticed, named and repaired by exactly this statement.
#[test]
fn each_drift_has_its_repair() {
    type Tamper = fn(&mut ActualServer);
    let db = || DbName::new("csca_db").unwrap();
    let cases: &[(Tamper, &str)] = &[
        (
            |a| {
                a.databases.get_mut(&DbName::new("csca_db").unwrap()).unwrap().acl.push(entry(
                    Grantee::Public,
                    "CONNECT",
                    "postgres",
                ))
            },
            "AlterDatabase Safe REVOKE CONNECT ON DATABASE \"csca_db\" FROM PUBLIC CASCADE",
        ),
        (
            |a| {
                a.databases
                    .get_mut(&DbName::new("csca_db").unwrap())
                    .unwrap()
                    .acl
                    .push(to("pkd_app", "CONNECT", "postgres"))
            },
            "AlterDatabase Safe REVOKE CONNECT ON DATABASE \"csca_db\" FROM \"pkd_app\" CASCADE",
        ),
        (
            |a| a.roles.get_mut(&role("csca_app")).unwrap().createdb = true,
            "Cluster Safe ALTER ROLE \"csca_app\" NOCREATEDB",
        ),
        (
            |a| a.roles.get_mut(&role("csca_app")).unwrap().login = false,
            "Cluster Safe ALTER ROLE \"csca_app\" LOGIN",
        ),
        (
            |a| a.roles.get_mut(&role("csca_owner")).unwrap().login = true,
            "Cluster Safe ALTER ROLE \"csca_owner\" NOLOGIN",
        ),
        (
            |a| {
                let owner = a.roles.get_mut(&role("csca_owner")).unwrap();
                (owner.login, owner.comment) = (true, None);
            },
            "Cluster Caution ALTER ROLE \"csca_owner\" NOLOGIN",
        ),
        (
            |a| a.roles.get_mut(&role("csca_migrator")).unwrap().inherit = true,
            "Cluster Safe ALTER ROLE \"csca_migrator\" NOINHERIT",
        ),
        (
            |a| a.roles.get_mut(&role("csca_app")).unwrap().connection_limit = -1,
            "Cluster Caution ALTER ROLE \"csca_app\" CONNECTION LIMIT 50",
        ),
        (
            |a| a.roles.get_mut(&role("csca_app")).unwrap().connection_limit = 0,
            "Cluster Safe ALTER ROLE \"csca_app\" CONNECTION LIMIT 50",
        ),
        (
            |a| {
                a.memberships.push(Membership {
                    role: role("csca_owner"),
                    member: role("pkd_app"),
                    grantor: Some(role("postgres")),
                    admin: false,
                    inherit: true,
                    set: true,
                })
            },
            "Cluster Safe REVOKE \"csca_owner\" FROM \"pkd_app\" CASCADE",
        ),
        (
            |a| {
                a.memberships.push(Membership {
                    role: role("pg_read_all_data"),
                    member: role("csca_app"),
                    grantor: Some(role("postgres")),
                    admin: false,
                    inherit: true,
                    set: true,
                })
            },
            "Cluster Safe REVOKE \"pg_read_all_data\" FROM \"csca_app\" CASCADE",
        ),
        (
            |a| a.memberships.retain(|m| m.member != role("csca_migrator")),
            "Cluster Safe GRANT \"csca_owner\" TO \"csca_migrator\"",
        ),
        (
            |a| of_role(a, "csca_app").retain(|setting| setting.name != "lock_timeout"),
            "Cluster Safe ALTER ROLE \"csca_app\" SET \"lock_timeout\" = '5s'",
        ),
        (
            |a| {
                let (role, value) = (role("csca_app"), "x".into());
                put(a, RoleSetting { role, database: None, name: "role".into(), value })
            },
            "Cluster Safe ALTER ROLE \"csca_app\" RESET \"role\"",
        ),
        (
            |a| a.databases.get_mut(&DbName::new("csca_db").unwrap()).unwrap().owner = "csca_owner".into(),
            "AlterDatabase Safe ALTER DATABASE \"csca_db\" OWNER TO \"postgres\"",
        ),
        (
            |a| a.databases.get_mut(&DbName::new("csca_db").unwrap()).unwrap().is_template = true,
            "AlterDatabase Safe ALTER DATABASE \"csca_db\" IS_TEMPLATE false",
        ),
        (
            |a| inside(a).default_acls.retain(|row| row.object != 'f'),
            "InDatabase Safe ALTER DEFAULT PRIVILEGES FOR ROLE \"csca_owner\" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        ),
        (
            |a| {
                inside(a).schemas.values_mut().next().unwrap().acl.push(entry(
                    Grantee::Public,
                    "CREATE",
                    "csca_owner",
                ))
            },
            "InDatabase Safe REVOKE CREATE ON SCHEMA \"public\" FROM PUBLIC CASCADE",
        ),
    ];
    for (tamper, expected) in cases {
        let desired = desired(&["csca", "pkd"]);
        let mut actual = provisioned(&desired, 150018);
        tamper(&mut actual);
        let lines = lines(&plan(&desired, &actual), 15);
        assert!(lines.iter().any(|line| line == expected), "wanted {expected}, got {lines:#?}");
    }
    assert_eq!(db().as_str(), "csca_db");
}

fn inside(actual: &mut ActualServer) -> &mut Contents {
    actual.databases.get_mut(&DbName::new("csca_db").unwrap()).unwrap().contents.as_mut().unwrap()
}

#[test]
fn strangers_are_listed_and_left_alone() {
    let desired = desired(&["csca"]);
    let mut actual = provisioned(&desired, 160014);
    actual.roles.insert(role("reporting"), ActualRole { login: true, ..ActualRole::default() });
    let database = actual.databases.get_mut(&DbName::new("csca_db").unwrap()).unwrap();
    database.acl.push(to("reporting", "CONNECT", "postgres"));
    let plan = plan(&desired, &actual);
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    assert_eq!(plan.prunable.len(), 1);
}

fn all_but(lost: &str) -> StoredLogins {
    let logins = ["csca_migrator", "csca_app", "csca_ro"].into_iter().filter(|login| *login != lost);
    StoredLogins::These(logins.map(role).collect())
}

#[test]
fn a_lost_password_is_replaced_only_where_nothing_is_lost_by_it() {
    let desired = desired(&["csca"]);
    let plan =
        diff(&desired, &provisioned(&desired, 160014), &all_but("csca_app"), &Selection::all(&desired));
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(
        plan.steps[0].action,
        Action::SetPassword { role: role("csca_app"), marker: Some("martydb:t".into()) }
    );
    assert_eq!(plan.steps[0].replaces_password(), Some(&role("csca_app")));
    assert!(plan.steps[0].reason.contains("--reset-passwords"), "{}", plan.steps[0].reason);

    let mut actual = provisioned(&desired, 160014);
    actual.passwords.insert(role("csca_app"), martydb_model::StoredPassword::default());
    let plan = diff(&desired, &actual, &all_but("csca_app"), &Selection::all(&desired));
    assert_eq!((plan.steps.len(), plan.steps[0].risk), (1, Risk::Caution));
}

#[test]
fn a_limited_admin_sees_what_it_cannot_close() {
    let desired = desired(&["csca"]);
    let mut actual = provisioned(&desired, 160014);
    actual.admin =
        Admin { name: "adm".into(), superuser: false, createdb: true, createrole: true, ..Admin::default() };
    let room = ActualDatabase {
        owner: "postgres".into(),
        allow_connections: true,
        connection_limit: -1,
        acl: vec![entry(Grantee::Public, "CONNECT", "postgres")],
        ..ActualDatabase::default()
    };
    actual.databases.insert(DbName::found("template1").unwrap(), room);
    let plan = plan(&desired, &actual);
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    assert_eq!(plan.limits.len(), 1);
    assert!(plan.limits[0].grant.as_deref().unwrap().contains("template1"));
}

/// A restore gives the logins their settings in its scratch database, which is dropped or renamed in the end.
#[test]
fn settings_in_a_scratch_database_are_no_drift() {
    let desired = desired(&["csca"]);
    let mut actual = provisioned(&desired, 150018);
    let [own, scratch, foreign] = ["csca_db", "martydb_scratch_00000000000000ff", "other"];
    let name = |text: &str| DbName::new(text).unwrap();
    let database = actual.databases[&name(own)].clone();
    for (database_name, drift) in [(scratch, false), (foreign, true)] {
        let admin = actual.admin.name.to_string();
        actual.databases.insert(name(database_name), ActualDatabase { owner: admin, ..database.clone() });
        let setting = RoleSetting {
            role: role("csca_app"),
            database: Some(name(database_name)),
            name: "search_path".into(),
            value: "public".into(),
        };
        put(&mut actual, setting);
        let lines = lines(&plan(&desired, &actual), 15).join("\n");
        let reset = format!("IN DATABASE \"{database_name}\" RESET \"search_path\"");
        assert_eq!(lines.contains(&reset), drift, "{lines}");
    }
}

/// Without its default privileges on tables, which a migration may remove, a table keeps what another migration revoked.
#[test]
fn a_table_that_a_migration_closed_stays_closed() {
    let desired = desired(&["csca"]);
    let mut actual = provisioned(&desired, 150018);
    let contents = inside(&mut actual);
    contents.default_acls.retain(|row| row.object != 'r');
    let table = |name: &str| ActualObject {
        kind: ObjectKind::Table,
        schema: SchemaName::public(),
        name: name.into(),
        signature: None,
        owner: role("csca_owner"),
        security_definer: false,
        dependent: false,
        is_plain: true,
        policies_spare_owner: false,
        of_table: None,
        acl: vec![],
        column_acl: vec![],
    };
    contents.objects.push(table("closed"));
    let on_the_table = |actual: &ActualServer| {
        lines(&plan(&desired, actual), 15)
            .into_iter()
            .filter(|line| line.contains("closed"))
            .collect::<Vec<_>>()
    };
    assert_eq!(on_the_table(&actual), Vec::<String>::new());
    // An owner that `apply` sees for the first time has no default privileges at all.
    inside(&mut actual).default_acls.clear();
    assert_eq!(
        on_the_table(&actual),
        [
            "InDatabase Safe GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE \"public\".\"closed\" TO \"csca_app\"",
            "InDatabase Safe GRANT SELECT ON TABLE \"public\".\"closed\" TO \"csca_ro\"",
        ]
    );
}
