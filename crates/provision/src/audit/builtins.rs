//! Replaced views and functions of the server: every session uses and trusts them, superusers' sessions included.

use super::context::{Audit, Database};
use crate::audit::context::AuditSubject;
use crate::catalog::RewrittenRoutine;
use martydb_model::findings::Severity::{Critical, Low};
use martydb_model::findings::{FindingBuilder, PUBLIC, REDEFINED};

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for db in audit.databases() {
        let found = |object: &str, why: &str| {
            let seen = format!("{object} {why}; compare it with that of a new server of the same version");
            REDEFINED.of(PUBLIC).inside(&db).object(object).evidence(seen)
        };
        let builtins = &db.catalog.builtins;
        let replaced = "was replaced after initdb";
        out.extend(builtins.rewritten.iter().map(|object| found(object, replaced)));
        for routine in &builtins.routines {
            out.extend(match verdict(&db, routine) {
                RoutineVerdict::Same => None,
                RoutineVerdict::Redefined => Some(found(&routine.shown, replaced).at(Critical)),
                RoutineVerdict::Unknown => {
                    let why = "has different privileges than after initdb, and no database has the original";
                    Some(found(&routine.shown, why).at(Low))
                }
            });
        }
    }
}

enum RoutineVerdict {
    Same,
    Redefined,
    Unknown,
}

fn verdict(db: &Database<'_>, routine: &RewrittenRoutine) -> RoutineVerdict {
    let original = db.audit.databases().find_map(|one| one.catalog.builtins.originals.get(&routine.number));
    match original {
        Some(digest) if *digest == routine.digest => RoutineVerdict::Same,
        None if routine.granted => RoutineVerdict::Unknown,
        _ => RoutineVerdict::Redefined,
    }
}
