//! Judgement of a session in a login's own database: one probe per privilege and per statement, and one finding per
//! privilege that is held.

use std::collections::BTreeMap;

use super::classes::SUPERUSER;
use super::observe::{HeldPrivilege, MAX_OBJECTS, applicable};
use super::rules::{
    Class, ForbiddenPrivilege, ForbiddenStatement, LoginContext, PRIVILEGES, managed_roles, statements,
};
use crate::audit::bounded_functions;
use crate::probe::{Judgement, Probe, ProbeLocation, Task, Verdict};
use crate::proof::assessment::PartialJudgement;
use crate::proof::observations::{Observations, ServerContext};
use martydb_catalog::NotExamined;
use martydb_model::contract::DefaultKind;
use martydb_model::findings::{Finding, FindingBuilder, FindingKey, FindingSource, IN_DATABASE, Severity};
use martydb_model::grants::{
    Repair, Securable, alter_role, privilege, revoke, revoke_admin_option, revoke_default, revoke_membership,
    revoke_option,
};
use martydb_model::sql::{Statement, stmt};
use martydb_model::sqlstate;
use martydb_model::units::listed;
use martydb_model::{AclEntry, RoleName};
use martydb_pg::wire::{Answer, Attempt, Outcome, Rejection};

struct RowResult {
    what: String,
    /// Privilege behind the statement; one that is already reported is not reported again.
    takes: &'static str,
    severity: Severity,
    judgement: Judgement,
    repairs: Vec<Repair>,
}

pub(crate) fn judge(observations: &Observations) -> PartialJudgement {
    let ServerContext { desired, catalog, .. } = &observations.context;
    let managed = managed_roles(&observations.context);
    let bounded = bounded_functions(desired, catalog);
    let mut part = PartialJudgement::default();
    for (login, attempt) in &observations.sessions {
        let login = &observations.context.task.logins[*login];
        let context = LoginContext {
            bounded: bounded.get(login.database.as_str()),
            ..LoginContext::new(&observations.context, login, &managed)
        };
        part.extend(judge_session(&observations.context.task, &context, attempt));
    }
    part
}

fn judge_session(task: &Task, context: &LoginContext<'_>, attempt: &Attempt) -> PartialJudgement {
    let mut part =
        PartialJudgement { not_examined: not_examined(context, attempt), ..PartialJudgement::default() };
    let mut known: BTreeMap<&str, FindingKey> = BTreeMap::new();
    for row in rows(context, attempt).unwrap_or_else(inconclusive) {
        let finding = (row.judgement.verdict == Verdict::Breach).then(|| {
            let key = known.entry(row.takes).or_insert_with(|| {
                let finding = finding(task, context, &row);
                let key = finding.key();
                part.findings.push(finding);
                key
            });
            key.clone()
        });
        let way = Some(format!("inside: {}", row.what));
        let database = context.login.database.as_str();
        let probe = Probe::new(task, context.login, database, ProbeLocation::Own, row.judgement);
        part.probes.push(Probe { way, finding, ..probe });
    }
    part
}

/// Returns the results, or the reason why the session proves nothing.
fn rows(context: &LoginContext<'_>, attempt: &Attempt) -> Result<Vec<RowResult>, String> {
    let session = match &attempt.outcome {
        Outcome::Accepted(session) => session,
        Outcome::Rejected(refused) => {
            return Err(format!("a session with pinned settings was refused: {refused}"));
        }
        Outcome::Failed(broken) => return Err(broken.why.clone()),
    };
    let statements = statements(context);
    match session.answers.as_slice() {
        [unchanged, held, _, answers @ .., _] if answers.len() == statements.len() => {
            check_session(unchanged)?;
            let tried = statements.iter().zip(answers);
            let tried = tried.map(|((row, statement), answer)| tried_as(row, statement, answer));
            Ok(privileges(context, held).into_iter().chain(tried).collect())
        }
        _ => Err("the session ended before it had answered".into()),
    }
}

/// Returns `true` if the login may not read the catalog; then only the admin's audit covers these privileges.
fn is_denied_catalog(refused: &Rejection) -> bool {
    refused.sqlstate == sqlstate::INSUFFICIENT_PRIVILEGE
}

/// Notes a login whose privileges cannot be checked because it may not read the catalog.
fn not_examined(context: &LoginContext<'_>, attempt: &Attempt) -> Vec<NotExamined> {
    let Outcome::Accepted(session) = &attempt.outcome else { return vec![] };
    match session.answers.get(1) {
        Some(Answer::Rejected(refused)) if is_denied_catalog(refused) => {
            let what = format!("the privileges of {} in {}", context.login.role, context.login.database);
            vec![NotExamined::new(what, refused.to_string())]
        }
        _ => vec![],
    }
}

/// Returns one inconclusive row for the whole table.
fn inconclusive(why: String) -> Vec<RowResult> {
    vec![RowResult {
        what: "everything".into(),
        takes: "",
        severity: IN_DATABASE.severity,
        judgement: Judgement { verdict: Verdict::Inconclusive, sqlstate: None, why: Some(why) },
        repairs: vec![],
    }]
}

fn check_session(answer: &Answer) -> Result<(), String> {
    match answer {
        Answer::Rows(rows) if rows.first().is_some_and(|row| row == &[Some("true".into())]) => Ok(()),
        Answer::Rows(_) => Err("the session did not start as its login with the requested search path: \
            check for login event triggers"
            .into()),
        Answer::Rejected(refused) => Err(format!("the query for the session's role failed: {refused}")),
    }
}

fn privileges(context: &LoginContext<'_>, answer: &Answer) -> Vec<RowResult> {
    let rows = match answer {
        Answer::Rows(rows) => rows.iter().map(|row| HeldPrivilege::read(row)).collect::<Option<Vec<_>>>(),
        Answer::Rejected(refused) if is_denied_catalog(refused) => return vec![],
        Answer::Rejected(refused) => return inconclusive(format!("the privilege query failed: {refused}")),
    };
    let Some(rows) = rows else {
        return inconclusive("the privilege query returned an unexpected result".into());
    };
    let mut held: BTreeMap<usize, Vec<HeldPrivilege>> = BTreeMap::new();
    for row in rows {
        held.entry(row.rule).or_default().push(row);
    }
    // A superuser has every privilege: only the attribute is worth reporting.
    let attributes = |at: usize| PRIVILEGES[at].class == Class::Attributes;
    let superuser =
        held.iter().any(|(at, rows)| attributes(*at) && rows.iter().any(|row| row.object == SUPERUSER));
    let due = applicable(context).into_iter().filter(|at| !superuser || attributes(*at));
    due.map(|at| of_rule(context, &PRIVILEGES[at], held.get(&at).map_or(&[], Vec::as_slice))).collect()
}

fn of_rule(context: &LoginContext<'_>, rule: &ForbiddenPrivilege, held: &[HeldPrivilege]) -> RowResult {
    let mut objects: Vec<&str> = held.iter().map(|held| held.object.as_str()).collect();
    objects.dedup();
    let repairs: BTreeMap<String, Repair> = held
        .iter()
        .filter_map(|held| repair(context, rule, held))
        .map(|repair| (repair.statement().to_string(), repair))
        .collect();
    let (verdict, why) = match objects.as_slice() {
        [] => (Verdict::Denied, None),
        objects
            if OPEN.contains(&(rule.class, rule.asked))
                && held.len() < MAX_OBJECTS
                && held.iter().all(|held| is_open(context, held)) =>
        {
            let why = format!("their owners grant it, which the audit judges: {}", listed(objects));
            (Verdict::Allowed, Some(why))
        }
        _ => (Verdict::Breach, Some(format!("the server reports the privilege on: {}", listed(&objects)))),
    };
    RowResult {
        what: rule.what.into(),
        takes: rule.what,
        severity: rule.severity,
        judgement: Judgement { verdict, sqlstate: None, why },
        repairs: repairs.into_values().collect(),
    }
}

/// Privileges that may be held without harm, by what the object gives: the audit judges that.
const OPEN: &[(Class, &str)] = &[(Class::Columns, "SELECT"), (Class::Definers, "EXECUTE")];

/// Returns `true` for a privilege on an object of no service's role that PUBLIC holds, or that gives nothing: each has a
/// finding of its own (`public-privilege`, `undeclared-privilege`), by what it gives.
fn is_open(context: &LoginContext<'_>, held: &HeldPrivilege) -> bool {
    let is_managed = |owner: &String| context.managed.contains(owner);
    let is_bounded = context.bounded.is_some_and(|bounded| bounded.contains(&held.object));
    (held.grantee.is_none() || is_bounded)
        && held.grantor.is_some()
        && held.owner.as_ref().is_some_and(|owner| !is_managed(owner))
}

/// Returns the repair that revokes a privilege, if an ACL entry, a membership or an attribute explains it.
fn repair(context: &LoginContext<'_>, rule: &ForbiddenPrivilege, held: &HeldPrivilege) -> Option<Repair> {
    let role = context.login.role.as_str();
    let target = held.on.as_deref()?;
    // Another managed role keeps its privileges: the membership that reaches it is a separate finding.
    let through = |grantee: &String| grantee != role && context.managed.contains(grantee);
    if held.grantee.as_ref().is_some_and(through) {
        return None;
    }
    let grantor = held.grantor.as_deref();
    match rule.class {
        Class::Roles => Some(revoke_membership(target, role, grantor, context.major).restrict()),
        Class::RoleAdmin => Some(revoke_admin_option(target, role, grantor, context.major).restrict()),
        Class::Attributes => Some(alter_role(role, stmt!("NO{word}", word = privilege(target)))),
        _ => revoke_held(rule, held, target),
    }
}

fn revoke_held(rule: &ForbiddenPrivilege, held: &HeldPrivilege, target: &str) -> Option<Repair> {
    let role = |name: &String| RoleName::found(name.as_str());
    let entry = AclEntry {
        grantee: held.grantee.as_ref().map(role).transpose().ok()?.into(),
        grantor: role(held.grantor.as_ref()?).ok()?,
        privilege: held.privilege.clone()?,
        grantable: false,
    };
    let (owner, part) = (held.owner.as_deref().unwrap_or_default(), held.column.as_deref());
    let on = match rule.class {
        Class::Database => Securable::shared(target, owner),
        _ => Securable::inside(target, owner),
    };
    Some(match rule.class {
        Class::Defaults => {
            let kind = owner.chars().next().and_then(DefaultKind::from_letter)?;
            revoke_default(target, part, kind, &entry)
        }
        _ if rule.asked.contains("GRANT OPTION") => revoke_option(&entry, part, &on),
        _ => revoke(&entry, part, &on),
    })
}

fn tried_as(row: &ForbiddenStatement, statement: &Statement, answer: &Answer) -> RowResult {
    let (verdict, why, sqlstate) = match answer {
        Answer::Rows(_) => {
            (Verdict::Breach, Some(format!("{statement} succeeded, and was rolled back")), None)
        }
        Answer::Rejected(refused) => {
            let (verdict, why) = match refused.sqlstate.as_str() {
                sqlstate::INSUFFICIENT_PRIVILEGE => (Verdict::Denied, None),
                // The schema or the role does not exist.
                sqlstate::INVALID_SCHEMA_NAME | sqlstate::INVALID_PARAMETER_VALUE => {
                    (Verdict::Denied, Some(refused.to_string()))
                }
                _ => {
                    (Verdict::Inconclusive, Some(format!("{statement} met an unexpected answer: {refused}")))
                }
            };
            (verdict, why, Some(refused.sqlstate.clone()))
        }
    };
    RowResult {
        what: format!("{} (tried: {statement})", row.what),
        takes: row.takes,
        severity: row.privilege().severity,
        judgement: Judgement { verdict, sqlstate, why },
        repairs: vec![],
    }
}

fn finding(task: &Task, context: &LoginContext<'_>, row: &RowResult) -> Finding {
    let login = context.login;
    let found = IN_DATABASE.of(login.role.as_str()).at(row.severity).by(FindingSource::Probe);
    let found = found.service_name(Some(&login.service)).database(&login.database).object(row.what.clone());
    let why = row.judgement.why.as_deref().unwrap_or_default();
    let found = found.evidence(format!("as {}: {why}", login.role));
    row.repairs.iter().cloned().fold(found, FindingBuilder::fix).on(&task.server)
}
