//! What the model of reach concludes, as findings: the path is the evidence, and the object that it goes through last
//! is what has to change.

mod gather;
mod graph;
mod names;
mod objects;
mod principals;
mod search_paths;

use std::collections::{BTreeMap, BTreeSet};

use super::context::Audit;
use crate::findings::Severity::{self, Critical, High, Medium};
use crate::findings::{
    CATALOG_RIGHT, DEFINER_SUPERUSER, DEFINER_VIEW, EVENT_TRIGGER, EXTENSION_RIGHT, FOREIGN_TABLE,
    FindingBuilder, FindingKind, PUBLIC, SUPERUSER_PATH, UNMANAGED_POWER, UNTRUSTED_FUNCTION,
};
use crate::grants::{Repair, Securable, revoke};
use crate::model::Grantee;
use crate::reach::{self, AccessGraph, Conclusions, Path, PathStep, Target, conclude};
use gather::Gathered;
use principals::gather;

/// What the logins reach, as findings.
pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let (gathered, conclusions) = concluded(audit);
    let mut causes: BTreeMap<_, (Cause<'_>, Vec<Path>)> = BTreeMap::new();
    for path in conclusions.paths {
        if let Some(cause) = cause(&gathered, &path) {
            let key = (cause.kind.id, cause.object, cause.role);
            causes.entry(key).or_insert_with(|| (cause, vec![])).1.push(path);
        }
    }
    out.extend(causes.values().map(|(cause, paths)| finding(audit, &gathered, cause, paths)));
}

/// What the logins reach, with every step. At a hundred services it is larger than all that it is drawn from.
pub fn graph(audit: &Audit<'_>) -> AccessGraph {
    let (gathered, conclusions) = concluded(audit);
    graph::graph(&gathered, &conclusions)
}

fn concluded<'a>(audit: &Audit<'a>) -> (Gathered<'a>, Conclusions) {
    let mut gathered = gather(audit);
    let mut conclusions = conclude(std::mem::take(&mut gathered.facts));
    conclusions.paths.retain(|path| !is_own(audit, &gathered, path));
    (gathered, conclusions)
}

/// What has to change for a path to end, and for whom.
struct Cause<'a> {
    kind: &'static FindingKind,
    object: Option<reach::ObjectId>,
    role: &'a str,
}

/// Whether it leads back to the login's own service.
fn is_own(audit: &Audit<'_>, gathered: &Gathered<'_>, path: &Path) -> bool {
    let Some((service, _)) = audit.managed(gathered.role(path.login)) else { return false };
    match path.target {
        Target::ServiceDatabase(database) => {
            audit.service_of(gathered.database(database)).is_some_and(|other| other.name == service.name)
        }
        _ => false,
    }
}

fn severity(target: Target) -> Severity {
    match target {
        Target::Superuser | Target::Files | Target::ServiceRole(_) | Target::ServiceDatabase(_) => Critical,
        Target::Verifiers | Target::OtherDatabases | Target::SuperuserVisit(_) => High,
        Target::Admin(_) => Medium,
    }
}

/// One finding for all the paths that one change ends; the shortest is its evidence.
fn finding(audit: &Audit<'_>, gathered: &Gathered<'_>, cause: &Cause<'_>, paths: &[Path]) -> FindingBuilder {
    let worst = paths.iter().map(|path| severity(path.target)).max().unwrap_or(Medium);
    let shortest =
        paths.iter().filter(|path| severity(path.target) == worst).min_by_key(|path| path.steps.len());
    let shortest = shortest.unwrap_or(&paths[0]);
    let logins: BTreeSet<_> = paths.iter().map(|path| path.login).collect();
    let others = match logins.len() - 1 {
        0 => String::new(),
        1 => "; the same for 1 other login".into(),
        count => format!("; the same for {count} other logins"),
    };
    let seen = names::describe(gathered, shortest) + &others;
    let found = cause.kind.of(cause.role).at(worst).seen(seen);
    let Some(id) = cause.object else {
        let Target::Admin(role) = shortest.target else { return found };
        return found.object(format!("role {}", gathered.role(role)));
    };
    let object = gathered.object(id);
    let found = found.service(audit.service_of(object.database)).database(object.database);
    found.object(format!("{} {}", object.kind, object.shown)).fix(taken(gathered, id, shortest))
}

/// The object that decides, and the kind of finding that is about it. Memberships and attributes are judged one by
/// one; only what leads to the admin is not among them.
fn cause<'a>(gathered: &Gathered<'a>, path: &Path) -> Option<Cause<'a>> {
    let login = gathered.role(path.login);
    let through_view = path.steps.iter().find_map(|step| match step {
        PathStep::ReadsThrough(view, _) => Some((DEFINER_VIEW, *view)),
        _ => None,
    });
    let last = || path.steps.iter().rev().find_map(|step| Some((kind(gathered, *step)?, step.object()?)));
    let Some((kind, id)) = through_view.or_else(last) else {
        let is_admin = matches!(path.target, Target::Admin(_));
        return is_admin.then_some(Cause { kind: UNMANAGED_POWER, object: None, role: login });
    };
    let is_public = holder(path).is_some_and(|role| gathered.role(role) == PUBLIC);
    let role = if is_public || is_unasked(path) { PUBLIC } else { login };
    Some(Cause { kind, object: Some(id), role })
}

fn kind(gathered: &Gathered<'_>, step: PathStep) -> Option<&'static FindingKind> {
    let object = gathered.object(step.object()?);
    Some(match step {
        PathStep::Opens(_) if object.extension.is_some() => EXTENSION_RIGHT,
        PathStep::Opens(_) if object.system => CATALOG_RIGHT,
        PathStep::Opens(_) => UNTRUSTED_FUNCTION,
        PathStep::Holds(_) if object.kind == "foreign table" => FOREIGN_TABLE,
        PathStep::Holds(_) => CATALOG_RIGHT,
        PathStep::CreatesIn(..) => SUPERUSER_PATH,
        PathStep::ReplacesFunction(..) => EVENT_TRIGGER,
        _ => DEFINER_SUPERUSER,
    })
}

/// Whether no privilege is asked for.
fn is_unasked(path: &Path) -> bool {
    path.steps.iter().any(|step| matches!(step, PathStep::MadeServerCall(_)))
}

/// Who holds the privilege on the object that the path uses last.
fn holder(path: &Path) -> Option<reach::RoleId> {
    path.steps.iter().rev().find_map(|step| step.privilege().map(|(_, role)| role))
}

/// Takes the privilege that the path uses on the object, where an entry gives it. A path that needs none on the
/// object itself, such as that of a trigger, does not end with it.
fn taken(gathered: &Gathered<'_>, id: reach::ObjectId, path: &Path) -> Option<Repair> {
    let used = path.steps.iter().rev().find_map(|step| step.privilege());
    let (_, role) = used.filter(|(used, _)| *used == id)?;
    let (object, holder) = (gathered.object(id), gathered.role(role));
    let is_held = |grantee: &Grantee| grantee.role().map_or(PUBLIC, |role| role.as_str()) == holder;
    let entry = object.acl.iter().find(|entry| {
        is_held(&entry.grantee) && ["EXECUTE", "SELECT", "CREATE"].contains(&entry.privilege.as_str())
    })?;
    Some(revoke(entry, None, &Securable::inside(object.grant_on?, object.owner)))
}
