//! The steps of a rotation: a new password for a login, or the change from a login to its twin and back.

use super::{Action, Attribute, Plan, Risk, Step, diff};
use crate::model::{ActualRole, ActualServer, DesiredServer, DesiredService, RoleKind, RoleName};

/// Gives the login in use a new password.
pub fn in_place(service: &DesiredService, login: &RoleName, valid_until: Option<&str>) -> Vec<Step> {
    let reason = format!("{login} gets a new password");
    let mut steps = vec![step(service, Action::SetPassword { role: login.clone() }, reason)];
    steps.extend(validity(service, login, valid_until));
    steps
}

/// Makes `other`, one of a login and its twin, as good as the one in use, with a password of its own.
///
/// What a twin needs beyond its own creation is what `diff` would find missing once it exists.
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
        steps.push(step(service, login, format!("{other} is to be used next")));
        let password = Action::SetPassword { role: other.clone() };
        steps.push(step(service, password, format!("{other} gets a new password")));
    } else {
        let limit = service.connection_limit[&kind];
        let made = ActualRole {
            login: true,
            inherit: kind != RoleKind::Migrator,
            connection_limit: limit,
            ..ActualRole::default()
        };
        expected.roles.insert(other.clone(), made);
        let create = Action::CreateRole { role: other.clone(), kind, limit };
        steps.push(step(service, create, format!("{other} is to be used next")));
        let mark = Action::MarkRole { role: other.clone(), marker: desired.marker() };
        steps.push(step(service, mark, "marks the role as made by this manifest".into()));
    }
    steps.extend(validity(service, other, valid_until));
    // Both pass as stored: passwords are what this plan itself deals with.
    let Plan { steps: found, .. } = diff(desired, &expected, &|_| true);
    steps.extend(found.into_iter().filter(|step| step.action.concerns(other)));
    steps.sort_by_key(|step| step.stage);
    steps
}

/// Closes the one that is no longer in use; its password goes too.
pub fn finish(service: &DesiredService, other: &RoleName) -> Vec<Step> {
    let attributes = vec![Attribute::Word("NOLOGIN"), Attribute::Word("PASSWORD NULL")];
    let action = Action::AlterRole { role: other.clone(), attributes };
    vec![step(service, action, format!("{other} is no longer used"))]
}

fn validity(service: &DesiredService, login: &RoleName, valid_until: Option<&str>) -> Option<Step> {
    let attributes = vec![Attribute::ValidUntil(valid_until?.to_owned())];
    let action = Action::AlterRole { role: login.clone(), attributes };
    Some(step(service, action, format!("the password of {login} is to expire then")))
}

fn step(service: &DesiredService, action: Action, reason: String) -> Step {
    Step {
        service: Some(service.name.clone()),
        database: Some(service.database.clone()),
        stage: action.stage(),
        action,
        reason,
        // Whoever asks for a rotation asks for just this.
        risk: Risk::Safe,
    }
}
