//! Test databases: a copy of a template, with what PostgreSQL does not copy: the database's owner, privileges
//! and comment, and the settings of roles in it.

use super::action::Action;
use super::diff::{Selection, StoredLogins, diff};
use super::object::Object;
use super::stage::Stage;
use super::step::Step;
use martydb_model::{ActualServer, DbName, DesiredServer, DesiredService, TestDatabase};

/// Plans the copy in two groups: one creates it, without connections and without a marker; the other does all
/// the rest in one transaction. The admin does not connect to the database, so nothing inside it changes.
pub fn copy(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    name: &DbName,
    made: &TestDatabase,
) -> Vec<Step> {
    let service = DesiredService { prune: false, ..service.copied_to(name) };
    let services = [(service.name.clone(), service)].into();
    let alone = DesiredServer { services, access: Default::default(), ..desired.clone() };
    let mut steps = diff(&alone, actual, &StoredLogins::All, &Selection::all(&alone)).steps;
    steps.retain(|step| is_about(&step.action, name));
    for step in &mut steps {
        match &mut step.action {
            Action::CreateDatabase { template, made_with, tablespace, .. } => {
                template.clone_from(&made.copied_from);
                // A copy has the options of its template.
                (**made_with, *tablespace) = Default::default();
            }
            Action::MarkDatabase { marker, .. } => *marker = made.mark(&desired.project),
            _ => {}
        }
        if step.stage != Stage::Create {
            step.stage = Stage::AlterDatabase;
        }
    }
    steps
}

/// Returns `true` if the action is about the database as a whole.
fn is_about(action: &Action, name: &DbName) -> bool {
    match action {
        Action::CreateDatabase { database, .. }
        | Action::MarkDatabase { database, .. }
        | Action::AlterDatabase { database, .. }
        | Action::SetSetting { database: Some(database), .. }
        | Action::Grant { on: Object::Database(database), .. }
        | Action::Revoke { on: Object::Database(database), .. } => database == name,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tests::{desired, provisioned};
    use crate::{PASSWORDLESS, script};
    use martydb_model::template_name;

    #[test]
    fn a_copy_gets_what_postgresql_does_not_copy_and_nothing_inside() {
        let desired = desired(&["csca", "pkd"]);
        let actual = provisioned(&desired, 150_000);
        let service = desired.services.values().next().unwrap();
        let made = TestDatabase { service: service.name.clone(), copied_from: Some(template_name("0a")) };
        let steps = copy(&desired, &actual, service, &DbName::new("x").unwrap(), &made);
        let sql: Vec<String> =
            steps.iter().map(|step| script(&step.action, 15, &PASSWORDLESS).to_string()).collect();
        let first = "CREATE DATABASE \"x\" OWNER \"postgres\" TEMPLATE \"martydb_template_0a\" ALLOW_CONNECTIONS false";
        assert_eq!(sql[0], first);
        for part in [
            "COMMENT ON DATABASE \"x\" IS 'martydb-test:t/csca from martydb_template_0a'",
            "REVOKE CONNECT, TEMPORARY ON DATABASE \"x\" FROM PUBLIC",
            "GRANT CONNECT",
            "ALLOW_CONNECTIONS true",
            "ALTER ROLE \"csca_app\" IN DATABASE \"x\" SET \"search_path\"",
            "ALTER ROLE \"csca_migrator\" IN DATABASE \"x\" SET \"role\" = 'csca_owner'",
        ] {
            assert!(sql.iter().any(|sql| sql.contains(part)), "{part}: {sql:#?}");
        }
        assert!(sql.iter().all(|sql| sql.contains("\"x\"")), "{sql:#?}");
        let rest = &steps[1..];
        assert!(rest.iter().all(|step| step.stage == Stage::AlterDatabase), "{steps:#?}");
    }
}
