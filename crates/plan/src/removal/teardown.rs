//! Removal of roles and databases, for `drop` and for `--prune`, and the conditions under which it is refused.

mod steps;

pub use steps::Teardown;

use crate::step::Step;
use martydb_model::contract::existing_roles;
use martydb_model::error::{Error, Result};
use martydb_model::{
    ActualDatabase, ActualServer, DesiredServer, DesiredService, RoleDependencies, RoleName,
};

/// Returns all steps, in order; none if nothing is left.
///
/// # Errors
/// If something of another service or of another manifest would be removed too.
pub fn teardown(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    traces: &RoleDependencies,
    adopted: AdoptedDatabase,
) -> Result<Vec<Step>> {
    let roles = existing_roles(actual, service);
    refuse_others(desired, actual, service, traces, &roles)?;
    let own = Some(service.database.clone()).filter(|_| drops_database(desired, actual, service, adopted));
    let tests = actual.test_databases(desired).into_iter().filter(|(_, test)| test.service == service.name);
    let databases = own.into_iter().chain(tests.map(|(name, _)| name)).collect();
    Teardown { desired, actual, service: Some(service), roles, databases, traces }.steps()
}

/// Refuses a service whose former database a restore has kept: it is closed, and its roles own what is in it.
///
/// # Errors
/// With the name of that database.
pub fn refuse_kept(desired: &DesiredServer, actual: &ActualServer, service: &DesiredService) -> Result<()> {
    let name = service.name.as_str();
    let is_kept = |found: &&ActualDatabase| desired.replaced_service(found) == Some(name);
    let Some((database, _)) = actual.databases.iter().find(|(_, found)| is_kept(found)) else {
        return Ok(());
    };
    Err(Error::operation(format!(
        "cannot drop service \"{name}\": a restore has kept its former database \"{database}\""
    ))
    .hint(format!("remove that first: `martydb restore {name} --discard-old -y`")))
}

/// Fate of a database that this manifest did not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptedDatabase {
    /// The database is kept: the service's roles are dropped, and `<project>_orphans` owns what they owned.
    Keep,
    /// The database is dropped with the service.
    Drop,
}

/// Returns `true` if the service's database is dropped. One that takes no connections and has no comment is the
/// rest of a run of ours that was killed before it marked it.
pub fn drops_database(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    adopted: AdoptedDatabase,
) -> bool {
    actual.databases.get(&service.database).is_some_and(|found| {
        let is_marked = desired.marks(found.comment.as_deref());
        let is_half_made = !found.allow_connections && found.comment.is_none();
        adopted == AdoptedDatabase::Drop || is_marked || is_half_made
    })
}

fn refuse_others(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    traces: &RoleDependencies,
    roles: &[RoleName],
) -> Result<()> {
    let name = &service.name;
    let foreign = |comment: Option<&String>| {
        comment.is_some_and(|comment| comment.starts_with("martydb:") && !desired.marks(Some(comment)))
    };
    let refused = |what: String| Error::operation(format!("cannot drop service \"{name}\": {what}"));
    let database = &service.database;
    let found = actual.databases.get(database).filter(|found| foreign(found.comment.as_ref()));
    let strange = found.map(|_| format!("database \"{database}\"")).or_else(|| {
        let role = roles.iter().find(|role| foreign(actual.roles[*role].comment.as_ref()));
        role.map(|role| format!("role \"{role}\""))
    });
    if let Some(what) = strange {
        let error = refused(format!("{what} was made by another manifest"));
        return Err(error.hint("drop it with that manifest"));
    }
    let theirs = |role: &RoleName| {
        let marked = actual.roles.get(role).and_then(|found| found.comment.as_ref());
        desired.managed_role(role).is_some() || foreign(marked)
    };
    let mut guests = traces.guests.iter().filter(|(role, _)| theirs(role)).peekable();
    if guests.peek().is_none() {
        return Ok(());
    }
    Err(refused(format!("database \"{database}\" contains objects of other roles"))
        .causes(guests.map(|(role, count)| format!("{count} of its objects belong to \"{role}\"")))
        .hint("give them to a role of this service, or move them, and try again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PASSWORDLESS, script};
    use martydb_model::Admin;
    use martydb_model::DbName;
    use martydb_samples::{desired, provisioned, role};

    fn database(name: &str) -> DbName {
        DbName::new(name).unwrap()
    }

    fn planned(change: impl Fn(&mut ActualServer), traces: &RoleDependencies) -> Result<Vec<String>> {
        let desired = desired(&["csca", "pkd"]);
        let mut actual = provisioned(&desired, 160_000);
        change(&mut actual);
        let service = desired.services.values().next().unwrap();
        let steps = teardown(&desired, &actual, service, traces, AdoptedDatabase::Keep)?;
        Ok(steps.iter().map(|step| script(&step.action, 16, &PASSWORDLESS).to_string()).collect())
    }

    fn limited(actual: &mut ActualServer) {
        actual.admin = Admin {
            name: "adm".into(),
            superuser: false,
            createdb: true,
            createrole: true,
            ..Admin::default()
        };
    }

    #[test]
    fn everything_goes_in_the_order_that_postgresql_needs() {
        let traces = RoleDependencies {
            inside: [
                (database("bobs"), vec!["function trojan()".to_owned()]),
                (database("pkd_db"), vec!["table stray".to_owned()]),
            ]
            .into(),
            databases: [database("csca_old")].into(),
            ..RoleDependencies::default()
        };
        let sql = planned(limited, &traces).unwrap();
        let order = [
            "CREATE ROLE \"t_orphans\" NOLOGIN",
            "COMMENT ON ROLE \"t_orphans\" IS 'martydb:t'",
            "GRANT \"csca_owner\"",
            "\"csca_migrator\" NOLOGIN",
            "pg_terminate_backend",
            "ALLOW_CONNECTIONS false",
            "DROP DATABASE \"csca_db\" WITH (FORCE)",
            "GRANT \"t_orphans\" TO \"adm\"",
            "ALTER DATABASE \"csca_old\" OWNER TO \"t_orphans\"",
            "REVOKE \"t_orphans\" FROM \"adm\"",
            "TO \"t_orphans\"",
            "GRANT \"pkd_owner\" TO \"adm\"",
            "REASSIGN OWNED BY",
            "DROP OWNED BY",
            "REVOKE \"pkd_owner\" FROM \"adm\"",
            "DROP ROLE",
        ];
        let mut rest = sql.iter();
        for part in order {
            assert!(rest.any(|sql| sql.contains(part)), "{part}: {sql:#?}");
        }
        let given = |to: &str| sql.iter().any(|sql| sql.starts_with("REASSIGN") && sql.ends_with(to));
        assert!(given("TO \"pkd_owner\"") && given("TO \"t_orphans\""), "{sql:#?}");
    }

    #[test]
    fn removed_objects_are_skipped() {
        let rest = planned(
            |actual| drop(actual.databases.remove(&database("csca_db"))),
            &RoleDependencies::default(),
        );
        assert!(!rest.unwrap().iter().any(|sql| sql.contains("DATABASE")));
        let nothing = |actual: &mut ActualServer| {
            actual.databases.remove(&database("csca_db"));
            actual.roles.retain(|role, _| !role.as_str().starts_with("csca"));
        };
        assert_eq!(planned(nothing, &RoleDependencies::default()), Ok(vec![]));
    }

    #[test]
    fn foreign_objects_stop_the_move() {
        let guests =
            |name: &str| RoleDependencies { guests: [(role(name), 2)].into(), ..RoleDependencies::default() };
        assert!(planned(|_| {}, &guests("pkd_app")).unwrap_err().to_string().contains("pkd_app"));
        assert!(planned(|_| {}, &guests("postgres")).is_ok());
        let marked = |actual: &mut ActualServer| {
            actual.databases.get_mut(&database("csca_db")).unwrap().comment = Some("martydb:other".into());
        };
        assert!(planned(marked, &RoleDependencies::default()).is_err());
        let role_marked = |actual: &mut ActualServer| {
            actual.roles.get_mut(&role("csca_ro")).unwrap().comment = Some("martydb:other".into());
        };
        assert!(planned(role_marked, &RoleDependencies::default()).is_err());
    }

    #[test]
    fn objects_that_only_a_superuser_may_own_are_refused() {
        let stuck = RoleDependencies {
            stuck: ["an event trigger in bobs".to_owned()].into(),
            ..RoleDependencies::default()
        };
        let refused = planned(|_| {}, &stuck).unwrap_err();
        assert!(refused.causes[0].contains("an event trigger in bobs"), "{refused:?}");
    }

    #[test]
    fn nothing_becomes_the_admins() {
        let traces = RoleDependencies {
            inside: [(database("bobs"), vec!["table t".to_owned()]), (database("held"), vec![])].into(),
            databases: [database("csca_old")].into(),
            shared: true,
            shared_owned: true,
            ..RoleDependencies::default()
        };
        let sql = planned(|_| {}, &traces).unwrap();
        assert!(!sql.iter().any(|sql| sql.contains("TO \"postgres\"")), "{sql:#?}");
        assert_eq!(sql.iter().filter(|sql| sql.starts_with("REASSIGN")).count(), 2, "{sql:#?}");
        // Without objects to give, no role is created for them.
        let held =
            RoleDependencies { inside: [(database("held"), vec![])].into(), ..RoleDependencies::default() };
        assert!(!planned(|_| {}, &held).unwrap().iter().any(|sql| sql.contains("orphans")));
    }

    #[test]
    fn an_orphans_role_that_somebody_can_use_stops_it() {
        let traces =
            RoleDependencies { databases: [database("csca_old")].into(), ..RoleDependencies::default() };
        let login = |actual: &mut ActualServer| {
            let open = martydb_model::ActualRole { login: true, ..Default::default() };
            actual.roles.insert(role("t_orphans"), open);
        };
        assert!(planned(login, &traces).unwrap_err().to_string().contains("t_orphans"));
        assert!(planned(login, &RoleDependencies::default()).is_ok());
    }
}
