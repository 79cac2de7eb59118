//! Logins that read the verifiers of passwords through a function of a superuser, as a pooler does: who logs in as one has them.

use std::collections::BTreeSet;

use crate::audit::context::{Audit, Database};
use crate::audit::reach::read_body;
use martydb_catalog::{CatalogObject, RoutineBody};

/// Catalogs with verifiers.
const VERIFIERS: &[&str] = &["pg_authid", "pg_shadow"];

/// Returns `true` for a superuser's function that reads a catalog with the passwords of roles.
pub(crate) fn reads(db: &Database<'_>, item: &CatalogObject) -> bool {
    db.catalog.privileged.body_of(&item.display).is_some_and(reads_verifiers)
}

fn reads_verifiers(body: &RoutineBody) -> bool {
    let named = VERIFIERS.iter().any(|catalog| body.text.to_lowercase().contains(catalog));
    let text = || read_body(&body.text, body.language == "plpgsql");
    named && text().reads.iter().any(|used| VERIFIERS.contains(&used.name.as_str()))
}

/// Returns the databases and the logins that read verifiers in each of them.
pub(crate) fn verifier_readers<'a>(audit: &'a Audit<'a>) -> BTreeSet<(&'a str, &'a str)> {
    let mut all = BTreeSet::new();
    for db in audit.databases() {
        let bodies = db.catalog.privileged.bodies.iter().filter(|body| body.definer && reads_verifiers(body));
        for function in bodies.filter_map(|body| body.function.as_deref()) {
            let is_it = |item: &&CatalogObject| item.is_routine() && item.display == function && item.definer;
            let items = db.catalog.objects.iter().filter(is_it);
            all.extend(items.flat_map(|item| audit.callers(item, "EXECUTE")).map(|user| (db.name, user)));
        }
    }
    all
}
