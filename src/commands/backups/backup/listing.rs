//! Backups of this manifest and environment; a store may contain those of others, too.

use std::collections::BTreeSet;

use super::store::StoreOutcome;
use crate::app::App;
use martydb_backup::store::{ListedBackup, Listing, Repository, Stores};
use martydb_model::error::{Error, Result};
use martydb_model::units::counted;
use martydb_ui::flags::Select;
use martydb_ui::report::printable;

/// Own entries of all stores, oldest first.
#[derive(Default)]
pub(crate) struct OwnBackups<'a> {
    pub backups: Vec<OwnBackup<'a>>,
    /// Messages about entries that are not complete backups.
    pub problems: Vec<String>,
    /// Stores, if there are several.
    pub stores: Vec<StoreOutcome>,
}

impl OwnBackups<'_> {
    /// Returns `true` if the store was read.
    pub(crate) fn has_read(&self, repository: &Repository) -> bool {
        let place = repository.place();
        self.stores.iter().all(|one| one.store != place || one.error.is_none())
    }
}

/// A backup in one store.
pub struct OwnBackup<'a> {
    pub backup: ListedBackup,
    pub repository: &'a Repository,
    /// Name of the store; `None` if there is only one.
    pub store: Option<String>,
}

/// Lists the backups; also reports damaged entries, and that there are entries of others, on standard error.
///
/// # Errors
/// If a selected service is not declared, or no store can be read.
pub(crate) async fn list<'a>(app: &App, stores: &'a Stores, select: &Select) -> Result<OwnBackups<'a>> {
    let services: BTreeSet<String> =
        app.readable(select)?.iter().map(|service| service.name.to_string()).collect();
    // Without a selection, backups of services that are no longer declared are included.
    let chosen = |one: &ListedBackup| select.is_open() || services.contains(&one.manifest.header.service);
    let (mut own, mut failures): (OwnBackups, Vec<Error>) = (OwnBackups::default(), vec![]);
    for (repository, listing) in stores.list().await {
        let store = stores.name_of(repository);
        let error = match listing {
            Ok(listing) => {
                let ours = own_entries(app, repository, &store, listing, &mut own.problems);
                let ours = ours.into_iter().filter(chosen);
                own.backups.extend(ours.map(|backup| OwnBackup { backup, repository, store: store.clone() }));
                None
            }
            Err(error) => {
                failures.push(error.clone());
                Some(error)
            }
        };
        own.stores.extend(store.map(|store| StoreOutcome { store, error }));
    }
    if failures.len() == stores.iter().count() {
        return Err(failures
            .into_iter()
            .reduce(Error::and_also)
            .unwrap_or_else(|| Error::operation("no store")));
    }
    // Stable: copies stay in the order of the stores.
    own.backups.sort_by(|one, other| one.backup.manifest.id.cmp(&other.backup.manifest.id));
    Ok(own)
}

/// Returns the own backups of a store, and reports its other entries.
fn own_entries(
    app: &App,
    repository: &Repository,
    store: &Option<String>,
    listing: Listing,
    problems: &mut Vec<String>,
) -> Vec<ListedBackup> {
    let of = store.as_ref().map_or_else(String::new, |store| format!("{store}: "));
    for problem in listing.problems.iter().map(|problem| format!("{of}{problem}")) {
        app.out.note(&format!("warning: {}", printable(&problem)));
        problems.push(problem);
    }
    let (ours, others) = listing.split(&app.manifest.project, &app.manifest.env);
    if others > 0 {
        let others = counted(others, "backup");
        app.out.note(&format!(
            "{} also contains {others} of other projects or environments",
            printable(&repository.place())
        ));
    }
    ours
}
