//! Steps of a rotation: a new password for a login, or the change from a login to its alternate and back.

use super::action::{Action, Attribute};
use super::diff::{Selection, StoredLogins, diff};
use super::stage::Risk;
use super::step::{Plan, Step};
use martydb_model::{
    ActualRole, ActualServer, DesiredServer, DesiredService, Membership, RoleKind, RoleName,
};

/// Plans a new password for the login in use.
pub fn in_place(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    login: &RoleName,
    valid_until: Option<&str>,
) -> Vec<Step> {
    let reason = format!("new password for {login}");
    let mut steps = vec![step(service, set_password(desired, actual, login), reason)];
    steps.extend(validity(service, login, valid_until));
    steps
}

/// Sets a password. An adopted login keeps its comment.
fn set_password(desired: &DesiredServer, actual: &ActualServer, login: &RoleName) -> Action {
    let comment = actual.roles.get(login).and_then(|found| found.comment.as_deref());
    let marker = desired.marks(comment).then(|| desired.marker());
    Action::SetPassword { role: login.clone(), marker }
}

/// Gives `other`, one of a login and its alternate, the same access as the one in use, with a password of its own.
///
/// Its creation aside, an alternate needs exactly what `diff` would find missing once it exists.
pub fn overlap(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    kind: RoleKind,
    other: &RoleName,
    valid_until: Option<&str>,
) -> Vec<Step> {
    let mut expected = actual.clone();
    let mut steps = vec![];
    if let Some(found) = expected.roles.get_mut(other) {
        found.login = true;
        let login = Action::AlterRole { role: other.clone(), attributes: vec![Attribute::Word("LOGIN")] };
        steps.push(step(service, login, format!("{other} becomes the active login")));
        let password = set_password(desired, actual, other);
        steps.push(step(service, password, format!("new password for {other}")));
    } else {
        let limit = service.connection_limit[&kind];
        let made = ActualRole {
            login: true,
            inherit: martydb_model::contract::INHERIT.belongs_to(kind),
            connection_limit: limit,
            ..ActualRole::default()
        };
        expected.roles.insert(other.clone(), made);
        expected.memberships.extend(makers_own(actual, other));
        let create = Action::CreateRole { role: other.clone(), kind, limit };
        steps.push(step(service, create, format!("{other} becomes the active login")));
        let mark = Action::MarkRole { role: other.clone(), marker: desired.marker(), dates_password: true };
        steps.push(step(service, mark, "tag as managed by this manifest".into()));
    }
    steps.extend(validity(service, other, valid_until));
    // Both count as stored: this plan itself sets the passwords.
    let Plan { steps: found, .. } = diff(desired, &expected, &StoredLogins::All, &Selection::all(desired));
    steps.extend(found.into_iter().filter(|step| step.action.concerns(other)));
    steps.sort_by_key(|step| step.stage);
    steps
}

/// Returns the ADMIN membership that PostgreSQL gives the creator of a role from 16 on, which later steps need.
fn makers_own(actual: &ActualServer, made: &RoleName) -> Option<Membership> {
    let member = actual.admin_role()?;
    let grantor = RoleName::found(actual.bootstrap.clone()).ok();
    let own = Membership { role: made.clone(), member, grantor, admin: true, inherit: false, set: false };
    (actual.major() >= 16 && !actual.admin.superuser).then_some(own)
}

/// Plans to disable the login that is no longer in use, and to remove its password.
pub fn finish(service: &DesiredService, other: &RoleName) -> Vec<Step> {
    let attributes = vec![Attribute::Word("NOLOGIN"), Attribute::Word("PASSWORD NULL")];
    let action = Action::AlterRole { role: other.clone(), attributes };
    vec![step(service, action, format!("disable login {other}"))]
}

fn validity(service: &DesiredService, login: &RoleName, valid_until: Option<&str>) -> Option<Step> {
    let attributes = vec![Attribute::ValidUntil(valid_until?.to_owned())];
    let action = Action::AlterRole { role: login.clone(), attributes };
    Some(step(service, action, format!("set when the password of {login} expires")))
}

fn step(service: &DesiredService, action: Action, reason: String) -> Step {
    Step {
        service: Some(service.name.clone()),
        database: Some(service.database.clone()),
        stage: action.stage(),
        action,
        reason,
        // The user called `rotate`, so its steps need no further confirmation.
        risk: Risk::Safe,
        part_of: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tests::{desired, provisioned, role};
    use crate::{PASSWORDLESS, script};

    fn sql(steps: &[Step]) -> Vec<String> {
        steps.iter().map(|step| script(&step.action, 16, &PASSWORDLESS).to_string()).collect()
    }

    /// The state after the steps: the alternate exists, with everything that they gave it.
    fn with_alternate(desired: &DesiredServer, kind: RoleKind) -> (ActualServer, Vec<Step>) {
        let actual = provisioned(desired, 160_000);
        let service = desired.services.values().next().unwrap();
        let alternate = martydb_model::contract::alternate_of(service.role(kind)).unwrap();
        let steps = overlap(desired, &actual, service, kind, &alternate, None);
        (actual, steps)
    }

    #[test]
    fn a_alternate_gets_all_that_its_first_has() {
        let desired = desired(&["csca"]);
        let (_, steps) = with_alternate(&desired, RoleKind::App);
        let expected = [
            r#"CREATE ROLE "csca_app_b" LOGIN INHERIT CONNECTION LIMIT 50 PASSWORD '<secret>'"#,
            "COMMENT ON ROLE \"csca_app_b\" IS 'martydb:t; password set (now)'",
            r#"GRANT "csca_app" TO "csca_app_b" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE"#,
            r#"ALTER ROLE "csca_app_b" SET "lock_timeout" = '5s'"#,
            r#"ALTER ROLE "csca_app_b" IN DATABASE "csca_db" SET "role" = 'csca_app'"#,
            r#"ALTER ROLE "csca_app_b" IN DATABASE "csca_db" SET "search_path" = "public""#,
        ];
        assert_eq!(sql(&steps), expected);
    }

    #[test]
    fn the_migrators_alternate_acts_as_the_owner_and_needs_connect_itself() {
        let desired = desired(&["csca"]);
        let (_, steps) = with_alternate(&desired, RoleKind::Migrator);
        let all = sql(&steps).join("\n");
        for part in [
            r#"LOGIN NOINHERIT CONNECTION LIMIT 5"#,
            r#"GRANT "csca_owner" TO "csca_migrator_b" WITH ADMIN FALSE, INHERIT FALSE, SET TRUE"#,
            r#"IN DATABASE "csca_db" SET "role" = 'csca_owner'"#,
            r#"GRANT CONNECT ON DATABASE "csca_db" TO "csca_migrator_b""#,
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
    }

    #[test]
    fn the_way_back_opens_what_is_there_and_finish_closes_the_other() {
        let desired = desired(&["csca"]);
        let service = desired.services.values().next().unwrap();
        let mut actual = provisioned(&desired, 160_000);
        actual.roles.get_mut(&role("csca_app")).unwrap().login = false;
        let back = overlap(&desired, &actual, service, RoleKind::App, &role("csca_app"), Some("2999-01-01"));
        let expected = [
            r#"ALTER ROLE "csca_app" LOGIN"#,
            "ALTER ROLE \"csca_app\" PASSWORD '<secret>';\nCOMMENT ON ROLE \"csca_app\" IS 'martydb:t; password set (now)'",
            r#"ALTER ROLE "csca_app" VALID UNTIL '2999-01-01'"#,
        ];
        assert_eq!(sql(&back), expected);
        assert_eq!(
            sql(&finish(service, &role("csca_app_b"))),
            [r#"ALTER ROLE "csca_app_b" NOLOGIN PASSWORD NULL"#]
        );
        assert_eq!(sql(&in_place(&desired, &actual, service, &role("csca_app"), None)).len(), 1);
        // An adopted login keeps its comment.
        actual.roles.get_mut(&role("csca_app")).unwrap().comment = Some("of the payroll".into());
        let others = in_place(&desired, &actual, service, &role("csca_app"), None);
        assert_eq!(sql(&others), [r#"ALTER ROLE "csca_app" PASSWORD '<secret>'"#]);
    }
}
