//! Changes that end paths. The privileges on the paths are removed from a copy of the facts, and the rest is
//! searched again: a fix that leaves its path open is wrong, and a path hidden by a shorter one is a finding
//! too.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::{Gathered, ObjectName, Runner};
use crate::audit::context::Audit;
use crate::audit::declared_access::is_permitted;
use crate::reach::{Facts, ObjectId, PUBLIC as ANY, Path, PathStep, RoleId, Target, conclude};
use martydb_model::findings::{
    CATALOG_RIGHT, DEFINER_SUPERUSER, DEFINER_VIEW, EVENT_TRIGGER, EXTENSION_RIGHT, FOREIGN_TABLE,
    FindingBuilder, FindingKind, PUBLIC, SUPERUSER_OBJECT, SUPERUSER_PATH, UNMANAGED_POWER,
    UNTRUSTED_FUNCTION,
};
use martydb_model::grants::{
    Repair, RepairScope, Securable, ident, revoke, revoke_membership, run_as_caller,
};
use martydb_model::sql::{ServerText, stmt};
use martydb_model::{AclEntry, DbName};

/// Most rounds of searching; each removes the privileges that earlier rounds found.
const MOST_ROUNDS: usize = 5;

/// Finding kind, object and role; there is one finding for each.
type CauseKey<'a> = (&'static str, Option<ObjectId>, &'a str);

/// Cause of paths: the object to change, and the roles that reach something through it.
pub(crate) struct Cause<'a> {
    pub kind: &'static FindingKind,
    pub object: Option<ObjectId>,
    pub role: &'a str,
    /// Paths that it closes; the first ones are shorter than any that remain.
    pub paths: Vec<Path>,
    /// Statements that end all paths; empty if revoking a privilege is not enough.
    pub repairs: Vec<Repair>,
}

/// Returns the cause of each path, with the repairs.
pub(crate) fn causes<'a>(
    audit: &Audit<'a>,
    all: &Gathered<'a>,
    mut facts: Facts,
) -> BTreeMap<CauseKey<'a>, Cause<'a>> {
    let mut causes: BTreeMap<CauseKey<'a>, Cause<'a>> = BTreeMap::new();
    let mut unclosed: BTreeSet<CauseKey<'a>> = BTreeSet::new();
    let mut open_still: BTreeSet<CauseKey<'a>> = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        let mut open: BTreeMap<CauseKey<'a>, Cause<'a>> = BTreeMap::new();
        for path in conclude(&facts).paths.into_iter().filter(|path| !is_own(audit, all, path)) {
            if let Some(cause) = cause(all, &path) {
                open.entry(cause.key()).or_insert(cause).paths.push(path);
            }
        }
        unclosed = open.keys().copied().collect();
        let (mut taken, mut kept) = (BTreeSet::new(), BTreeMap::new());
        for (key, cause) in open {
            let known = causes.entry(key).or_insert_with(|| Cause { paths: vec![], ..cause });
            let used: BTreeSet<PathStep> =
                cause.paths.iter().filter_map(|path| used_on(path, cause.object)).collect();
            let before = taken.len();
            for step in used {
                let repairs = revokes(audit, all, step);
                if !repairs.is_empty() {
                    known.repairs.extend(repairs);
                    taken.insert(step);
                }
            }
            if taken.len() == before {
                kept.extend(cause.object.map(|object| (object, key)));
            }
            known.paths.extend(cause.paths);
        }
        // An object that no REVOKE closes would hide every other one on the way to the same target.
        let forgets = facts.forget(&kept.keys().copied().collect());
        if taken.is_empty() && !forgets {
            break;
        }
        open_still.extend(kept.into_values());
        facts.remove(&taken);
    }
    for key in unclosed.union(&open_still) {
        causes.entry(*key).and_modify(|cause| cause.repairs.clear());
    }
    causes
}

/// Returns `true` if the path leads back to the login's own service.
pub(crate) fn is_own(audit: &Audit<'_>, gathered: &Gathered<'_>, path: &Path) -> bool {
    let Some((service, _)) = audit.managed(gathered.role(path.login)) else { return false };
    match path.target {
        Target::ServiceDatabase(database) => {
            audit.service_of(gathered.database(database)).is_some_and(|other| other.name == service.name)
        }
        _ => false,
    }
}

impl<'a> Cause<'a> {
    fn new(kind: &'static FindingKind, object: Option<ObjectId>, role: &'a str) -> Cause<'a> {
        Cause { kind, object, role, paths: vec![], repairs: vec![] }
    }

    fn key(&self) -> CauseKey<'a> {
        (self.kind.id, self.object, self.role)
    }
}

/// Returns the decisive object and the finding kind for it. Memberships and attributes are judged elsewhere,
/// except those that lead to the admin.
fn cause<'a>(gathered: &Gathered<'a>, path: &Path) -> Option<Cause<'a>> {
    let login = gathered.role(path.login);
    let through_view = path.steps.iter().find_map(|step| match step {
        PathStep::ReadsThrough(view, _) => Some((DEFINER_VIEW, *view)),
        _ => None,
    });
    let last = || path.steps.iter().rev().find_map(|step| Some((kind(gathered, *step)?, step.object()?)));
    let Some((kind, id)) = through_view.or_else(last) else {
        let is_admin = matches!(path.target, Target::Admin(_));
        return is_admin.then(|| Cause::new(UNMANAGED_POWER, None, login));
    };
    let is_public = holder(path).is_some_and(|role| gathered.role(role) == PUBLIC);
    let role = if is_public || needs_no_privilege(path) { PUBLIC } else { login };
    Some(Cause::new(kind, Some(id), role))
}

fn kind(gathered: &Gathered<'_>, step: PathStep) -> Option<&'static FindingKind> {
    let object = gathered.object(step.object()?);
    Some(match step {
        PathStep::Opens(_) if object.extension.is_some() => EXTENSION_RIGHT,
        PathStep::Opens(_) if object.system => CATALOG_RIGHT,
        PathStep::Opens(_) => UNTRUSTED_FUNCTION,
        PathStep::Holds(_) if object.kind == "foreign table" => FOREIGN_TABLE,
        PathStep::Holds(_) => CATALOG_RIGHT,
        PathStep::Steers(_) if object.kind == "view" => DEFINER_VIEW,
        PathStep::Steers(_) => EXTENSION_RIGHT,
        PathStep::CreatesIn(..) => SUPERUSER_PATH,
        PathStep::ReplacesFunction(..) if matches!(object.run_by, Some(Runner::EventTrigger(_))) => {
            EVENT_TRIGGER
        }
        PathStep::ReplacesFunction(..)
        | PathStep::PutsTrigger(..)
        | PathStep::AddsCheck(..)
        | PathStep::MakesReference(..)
        | PathStep::ExecutesRows(_)
        | PathStep::NamesObject(..) => SUPERUSER_OBJECT,
        _ => DEFINER_SUPERUSER,
    })
}

/// Returns `true` if the path needs no privilege.
fn needs_no_privilege(path: &Path) -> bool {
    path.steps.iter().any(|step| matches!(step, PathStep::MadeServerCall(_)))
}

/// Returns the holder of the last privilege that the path uses.
fn holder(path: &Path) -> Option<RoleId> {
    path.steps.iter().rev().find_map(|step| step.privilege().map(|(_, role)| role))
}

/// Returns the last step of a path that uses a privilege, if it is one on this object. A path that needs no
/// privilege on the object itself, such as that of a trigger, does not end by revoking one.
fn used_on(path: &Path, object: Option<ObjectId>) -> Option<PathStep> {
    let last = path.steps.iter().rev().find(|step| step.privilege().is_some())?;
    (last.privilege().map(|(id, _)| id) == object).then_some(*last)
}

/// Adds what ends the paths where no REVOKE does: a setting that is reset, or a statement that may end what is in
/// use.
pub(crate) fn instead(
    audit: &Audit<'_>,
    all: &Gathered<'_>,
    cause: &Cause<'_>,
    found: FindingBuilder,
) -> FindingBuilder {
    let Some(object) = cause.object.map(|id| all.object(id)) else {
        let joined = cause.paths.iter().flat_map(|path| &path.steps).find_map(|step| match step {
            PathStep::Inherits(member, group) | PathStep::SetsRole(member, group) if *group != ANY => {
                Some(revoke_membership(all.role(*group), all.role(*member), None, audit.actual.major()))
            }
            _ => None,
        });
        return found.fix(joined.map(Repair::in_use));
    };
    let what =
        object.grant_on.filter(|words| words.starts_with("FUNCTION ") || words.starts_with("PROCEDURE "));
    match (cause.kind.id, object.run_by, what) {
        (id, ..) if id == SUPERUSER_PATH.id => {
            found.fixes(all.superuser_paths.resets(audit, object.database, object.display))
        }
        (id, Some(Runner::EventTrigger(name)), _) if id == EVENT_TRIGGER.id => found
            .fix(Repair::drop(RepairScope::Database, stmt!("DROP EVENT TRIGGER {name}", name = ident(name)))),
        (id, Some(Runner::Job(job)), _) if id == SUPERUSER_OBJECT.id => {
            found.advice(&format!("run {job} as a login of the service"))
        }
        (id, _, Some(what)) if id == DEFINER_SUPERUSER.id => {
            let change = run_as_caller(None, ServerText::quoted_by_server(what.into()));
            found.fix(Repair::alter(RepairScope::Database, change).in_use())
        }
        _ => found,
    }
}

/// Returns a statement for each entry that gives the role the privilege of the step. None for an owner, which could grant it to
/// itself again, and for what `apply` grants.
fn revokes(audit: &Audit<'_>, all: &Gathered<'_>, step: PathStep) -> Vec<Repair> {
    let Some((object, role)) = step.privilege() else { return vec![] };
    let (object, role) = (all.object(object), all.role(role));
    let Some(grant_on) = object.grant_on.filter(|_| object.owner != role) else { return vec![] };
    let used = object.acl.iter().filter(|entry| step.privilege_names().contains(&entry.privilege.as_str()));
    let held: Vec<_> =
        used.filter(|entry| entry.grantee.role().map_or(PUBLIC, |role| role.as_str()) == role).collect();
    if held.iter().any(|entry| is_granted_by_apply(audit, object, entry)) {
        return vec![];
    }
    held.into_iter().map(|entry| revoke(entry, None, &Securable::inside(grant_on, object.owner))).collect()
}

fn is_granted_by_apply(audit: &Audit<'_>, object: &ObjectName<'_>, entry: &AclEntry) -> bool {
    let db = DbName::found(object.database).ok().and_then(|name| audit.inside(&name));
    db.is_some_and(|db| {
        let mut objects = db.catalog.objects.iter().filter(|item| item.column.is_none());
        let item = objects.find(|item| {
            item.display == object.display && item.grant_on.as_str() == object.grant_on.unwrap_or_default()
        });
        item.is_some_and(|item| is_permitted(&db, item, entry))
    })
}
