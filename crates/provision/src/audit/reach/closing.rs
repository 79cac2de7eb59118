//! What has to change for paths to end. The privileges that the paths use are taken from a copy of the facts, and what
//! can still be reached without them is looked at again: a fix that leaves its path open is none, and a way that a
//! shorter one hid is a finding too.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::{Gathered, Visitor};
use crate::audit::context::Audit;
use crate::reach::{Facts, ObjectId, Path, PathStep, RoleId, Target, conclude};
use martydb_model::findings::{
    CATALOG_RIGHT, DEFINER_SUPERUSER, DEFINER_VIEW, EVENT_TRIGGER, EXTENSION_RIGHT, FOREIGN_TABLE,
    FindingKind, PUBLIC, SUPERUSER_OBJECT, SUPERUSER_PATH, UNMANAGED_POWER, UNTRUSTED_FUNCTION,
};
use martydb_model::grants::{Repair, Securable, revoke};

/// Each round looks behind what the rounds before took away.
const MOST_ROUNDS: usize = 5;

/// The kind of finding, the object and the role: one finding for each.
type CauseKey<'a> = (&'static str, Option<ObjectId>, &'a str);

/// What has to change for a path to end, and for whom.
pub struct Cause<'a> {
    pub kind: &'static FindingKind,
    pub object: Option<ObjectId>,
    pub role: &'a str,
    /// Those that it ends, the first ones shorter than those that are left without them.
    pub paths: Vec<Path>,
    /// What ends them all; empty where no statement does that takes a privilege alone.
    pub repairs: Vec<Repair>,
}

/// What has to change for each path to end, and what changes it.
pub fn causes<'a>(
    audit: &Audit<'a>,
    all: &Gathered<'a>,
    mut facts: Facts,
) -> BTreeMap<CauseKey<'a>, Cause<'a>> {
    let mut causes: BTreeMap<CauseKey<'a>, Cause<'a>> = BTreeMap::new();
    let mut unclosed: BTreeSet<CauseKey<'a>> = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        let mut open: BTreeMap<CauseKey<'a>, Cause<'a>> = BTreeMap::new();
        for path in conclude(&facts).paths.into_iter().filter(|path| !is_own(audit, all, path)) {
            if let Some(cause) = cause(all, &path) {
                open.entry(cause.key()).or_insert(cause).paths.push(path);
            }
        }
        unclosed = open.keys().copied().collect();
        let mut taken = BTreeSet::new();
        for (key, cause) in open {
            let known = causes.entry(key).or_insert_with(|| Cause { paths: vec![], ..cause });
            let used: BTreeSet<PathStep> =
                cause.paths.iter().filter_map(|path| used_on(path, cause.object)).collect();
            for step in used {
                let repairs = revokes(all, step);
                if !repairs.is_empty() {
                    known.repairs.extend(repairs);
                    taken.insert(step);
                }
            }
            known.paths.extend(cause.paths);
        }
        if taken.is_empty() {
            break;
        }
        facts.take(&taken);
    }
    for key in unclosed {
        causes.entry(key).and_modify(|cause| cause.repairs.clear());
    }
    causes
}

/// Whether it leads back to the login's own service.
pub fn is_own(audit: &Audit<'_>, gathered: &Gathered<'_>, path: &Path) -> bool {
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
        return is_admin.then(|| Cause::new(UNMANAGED_POWER, None, login));
    };
    let is_public = holder(path).is_some_and(|role| gathered.role(role) == PUBLIC);
    let role = if is_public || is_unasked(path) { PUBLIC } else { login };
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
        PathStep::Steers(_) => EXTENSION_RIGHT,
        PathStep::CreatesIn(..) => SUPERUSER_PATH,
        PathStep::ReplacesFunction(..) if matches!(object.visitor, Some(Visitor::EventTrigger(_))) => {
            EVENT_TRIGGER
        }
        PathStep::ReplacesFunction(..) | PathStep::PutsTrigger(..) => SUPERUSER_OBJECT,
        _ => DEFINER_SUPERUSER,
    })
}

/// Whether no privilege is asked for.
fn is_unasked(path: &Path) -> bool {
    path.steps.iter().any(|step| matches!(step, PathStep::MadeServerCall(_)))
}

/// Who holds the privilege on the object that the path uses last.
fn holder(path: &Path) -> Option<RoleId> {
    path.steps.iter().rev().find_map(|step| step.privilege().map(|(_, role)| role))
}

/// The step that uses a privilege last, where that is one on this object. A path that needs none on the object
/// itself, such as that of a trigger, does not end with it.
fn used_on(path: &Path, object: Option<ObjectId>) -> Option<PathStep> {
    let last = path.steps.iter().rev().find(|step| step.privilege().is_some())?;
    (last.privilege().map(|(id, _)| id) == object).then_some(*last)
}

/// A statement for each entry that gives the role the privilege that the step uses; an owner would take it back.
fn revokes(all: &Gathered<'_>, step: PathStep) -> Vec<Repair> {
    let Some((object, role)) = step.privilege() else { return vec![] };
    let (object, role) = (all.object(object), all.role(role));
    let Some(grant_on) = object.grant_on.filter(|_| object.owner != role) else { return vec![] };
    let used = object.acl.iter().filter(|entry| step.privilege_names().contains(&entry.privilege.as_str()));
    let held = used.filter(|entry| entry.grantee.role().map_or(PUBLIC, |role| role.as_str()) == role);
    held.map(|entry| revoke(entry, None, &Securable::inside(grant_on, object.owner))).collect()
}
