//! Logins without a limit on temporary files.

use super::super::context::Audit;
use martydb_model::findings::Severity::{Low, Medium};
use martydb_model::findings::{FindingBuilder, NO_TEMP_LIMIT, PUBLIC};
use martydb_model::grants::{Repair, RepairScope, ident};
use martydb_model::sql::{Literal, stmt};
use martydb_model::units::counted;
use martydb_model::{DesiredService, RoleName, RoleSetting};

/// Reports logins without temp_file_limit. A role can neither set nor reset it, so a value of the role or of
/// the server holds. An admin that may not set it needs one grant for all logins: that is one finding, and a limit of the
/// server.
pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let mut limited = vec![];
    for (role, service, kind) in audit.roles.all_managed().filter(|(_, _, kind)| kind.logs_in()) {
        if !audit.actual.roles[role].login || effective_temp_file_limit(audit, role, service) != "-1" {
            continue;
        }
        let wanted = service.settings.get("temp_file_limit").map_or("1GB", String::as_str);
        let declared = wanted == "-1";
        if !declared && audit.actual.admin.forbidden_settings.contains("temp_file_limit") {
            limited.push((role, wanted));
            continue;
        }
        let close = stmt!("ALTER ROLE {role} SET temp_file_limit = {v}", v = Literal(wanted.into()));
        let seen =
            format!("the {} login {role} has no temp_file_limit, and neither has the server", kind.key());
        let found = NO_TEMP_LIMIT.of(role.as_str()).at(if declared { Low } else { Medium });
        let found = found.service(Some(service)).object(format!("role {role}")).evidence(seen);
        out.push(found.fix((!declared).then(|| Repair::alter(RepairScope::Server, close))));
    }
    out.extend((!limited.is_empty()).then(|| unlimited_logins(audit, &limited)));
}

/// Returns the finding about all logins that the admin cannot limit, with what a DBA can do: the grant, which is new in
/// PostgreSQL 15 (<https://www.postgresql.org/docs/15/sql-grant.html>), else the settings themselves.
fn unlimited_logins(audit: &Audit<'_>, logins: &[(&RoleName, &str)]) -> FindingBuilder {
    let admin = &audit.actual.admin.name;
    let evidence = format!(
        "{} of services have no temp_file_limit, and neither has the server; the admin {admin} may not set it",
        counted(logins.len(), "login")
    );
    let found = NO_TEMP_LIMIT.of(PUBLIC).at(Low).object("temp_file_limit").evidence(evidence);
    if audit.actual.major() >= 15 {
        let grant = stmt!("GRANT SET ON PARAMETER temp_file_limit TO {admin}", admin = ident(admin));
        return found.asking(&grant).advice("then martydb apply --all sets it");
    }
    logins.iter().fold(found, |found, (role, wanted)| {
        found.asking(&stmt!("ALTER ROLE {role} SET temp_file_limit = {v}", v = Literal((*wanted).to_owned())))
    })
}

/// Returns the value with which a login starts in its own database: the most specific setting wins, and among
/// equals the last.
fn effective_temp_file_limit<'a>(audit: &Audit<'a>, role: &RoleName, service: &DesiredService) -> &'a str {
    const NAME: &str = "temp_file_limit";
    let is_own = |setting: &&RoleSetting| {
        setting.name == NAME && setting.database.as_ref().is_none_or(|database| *database == service.database)
    };
    let of_role = audit
        .actual
        .role_settings
        .get(role)
        .into_iter()
        .flatten()
        .rev()
        .find(is_own)
        .map(|setting| &setting.value);
    let last_of = |settings: &'a [(String, String)]| {
        settings.iter().rev().find(|(name, _)| name == NAME).map(|(_, value)| value)
    };
    let of_database = || last_of(&audit.actual.databases.get(&service.database)?.settings);
    let of_all = || last_of(&audit.actual.everyones_settings);
    let of_server = || audit.snapshot.state.parameters.settings.get(NAME);
    of_role.or_else(of_database).or_else(of_all).or_else(of_server).map_or("-1", String::as_str)
}
