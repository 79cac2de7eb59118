//! Logins with the name of an alternate login. The name proves nothing: such a login belongs to a service only if
//! the secret store has its password, as it does from the first step of `rotate --overlap` to `rotate --finish`.

use secrecy::{ExposeSecret, SecretString};

use crate::probe::{ProbeLogin, Task};
use crate::proof::observations::{OpenAlternate, ServerContext};
use martydb_context::Context;
use martydb_model::ActualServer;
use martydb_model::contract::alternate_of;
use martydb_model::error::Result;
use martydb_model::findings::{Finding, UNKNOWN_ALTERNATE};
use martydb_model::grants::alter_role;
use martydb_model::sql::Keyword;
use martydb_pg::wire::is_kept_by;
use martydb_secrets::CredentialKey;

/// # Errors
/// If the secret store cannot be read.
pub(crate) async fn open_alternates(
    context: &Context,
    task: &Task,
    actual: &ActualServer,
) -> Result<Vec<OpenAlternate>> {
    let mut all = vec![];
    for primary in &task.logins {
        let alternate = alternate_of(&primary.role);
        let open = alternate.filter(|role| actual.roles.get(role).is_some_and(|found| found.login));
        if let Some(role) = open {
            let password = context.store.alternate(&key(task, primary)).await?;
            all.push(OpenAlternate { role, primary: primary.clone(), password });
        }
    }
    Ok(all)
}

fn key(task: &Task, login: &ProbeLogin) -> CredentialKey {
    let ProbeLogin { service, kind, role, .. } = login.clone();
    CredentialKey {
        server: task.server.clone(),
        role,
        service,
        kind,
        label: kind.key().to_owned(),
        further: login.further,
    }
}

pub(crate) fn findings(context: &ServerContext) -> Vec<Finding> {
    context.alternates.iter().filter_map(|one| finding(context, one)).collect()
}

fn finding(context: &ServerContext, one: &OpenAlternate) -> Option<Finding> {
    let OpenAlternate { role, primary, password } = one;
    let kept = context.catalog.kept.as_ref().and_then(|kept| kept.get(role));
    let fits = |password: &SecretString| {
        kept.is_none_or(|kept| is_kept_by(role.as_str(), password.expose_secret(), kept))
    };
    let why = match password {
        Some(password) if fits(password) => return None,
        Some(_) => "has another password than the secret store",
        None => "is not in the secret store",
    };
    // With a lost store this login may be in use; closing it would lock its application out.
    let (doubt, repair) = match primary.password {
        Some(_) => ("", Some(alter_role(role.as_str(), Keyword("NOLOGIN")))),
        None => {
            ("; the store has no password of the service's own login either: restore the store first", None)
        }
    };
    let seen = format!(
        "{role} can log in, has the name of the alternate login of {}, and {why}{doubt}",
        primary.role
    );
    let found = UNKNOWN_ALTERNATE.of(role.as_str()).service_name(Some(&primary.service));
    let found = found.database(&primary.database).object(format!("role {role}")).evidence(seen);
    Some(found.fix(repair).on(&context.task.server))
}
