//! Jobs of pg_cron that run as a superuser and use objects of other roles, whose triggers, defaults, views and
//! functions then run as that superuser.

use std::collections::BTreeSet;

use super::context::{Audit, Database};
use super::roles::RoleClass;
use crate::audit::context::AuditSubject;
use crate::catalog::{CatalogObject, Job};
use martydb_model::findings::{FindingBuilder, SUPERUSER_OBJECT};

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for place in audit.databases() {
        for job in place.catalog.jobs.iter().flatten() {
            let is_trusted = audit.class_of(&job.role) == RoleClass::Trusted;
            let target = audit.databases().find(|db| is_trusted && db.name == job.database);
            out.extend(target.and_then(|db| uses(&db, job)));
        }
    }
}

fn uses(db: &Database<'_>, job: &Job) -> Option<FindingBuilder> {
    if is_maintenance(&job.command) {
        return None;
    }
    let words = words(&job.command);
    let is_used = |item: &&CatalogObject| {
        let runs = item.is_routine() || ["table", "view", "foreign table"].contains(&item.kind.as_str());
        runs && item.is_users() && words.contains(&item.name.to_lowercase())
    };
    let is_others = |item: &&CatalogObject| db.audit.class_of(&item.owner) != RoleClass::Trusted;
    let item = db.catalog.objects.iter().filter(is_used).find(is_others)?;
    let seen = format!(
        "job {} of pg_cron runs as {} in {} and uses {} of {}, whose code runs as {} then",
        job.number,
        job.role,
        db.name,
        item.object(),
        item.owner,
        job.role
    );
    let found = SUPERUSER_OBJECT.of(item.owner.as_str()).inside(db).object(format!("job {}", job.number));
    let step = format!("schedule job {} as a login of the service that owns {}", job.number, item.object());
    Some(found.evidence(seen).advice(&step))
}

/// Commands that the server itself runs as the owner of each table, with nothing after them.
const MAINTENANCE: &[&str] = &["analyze", "checkpoint", "cluster", "refresh", "reindex", "vacuum"];

fn is_maintenance(command: &str) -> bool {
    let is_one = |statement: &str| {
        let word = statement.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty());
        word.is_none_or(|word| MAINTENANCE.contains(&word.to_lowercase().as_str()))
    };
    command.split(';').all(is_one)
}

/// Returns the names in a command, as far as they are visible without parsing it.
fn words(command: &str) -> BTreeSet<String> {
    let ends = |c: char| !c.is_alphanumeric() && c != '_' && c != '$';
    command.split(ends).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_maintenance_alone_is_maintenance() {
        for (command, expected) in [
            ("VACUUM ANALYZE app.item", true),
            (" (refresh materialized view app.sums); vacuum;", true),
            ("vacuum; insert into app.item values (1)", false),
            ("DELETE FROM app.item", false),
        ] {
            assert_eq!(is_maintenance(command), expected, "{command}");
        }
    }
}
