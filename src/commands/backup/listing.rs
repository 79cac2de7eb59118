//! Backups of this manifest and environment; a store may contain those of others, too.

use std::collections::BTreeSet;

use martydb_config::backup_store::{ListedBackup, Repository};
use martydb_model::error::Result;
use martydb_model::units::counted;
use martydb_provision::run::Run;
use martydb_ui::flags::Select;
use martydb_ui::report::printable;

/// Own entries of a store, oldest first.
pub struct OwnBackups {
    pub backups: Vec<ListedBackup>,
    /// Messages about entries that are not complete backups.
    pub problems: Vec<String>,
}

/// Lists the backups; also reports damaged entries, and that there are entries of others, on standard error.
///
/// # Errors
/// If a selected service is not declared, or the store cannot be read.
pub async fn list(run: &Run, repository: &Repository, select: &Select) -> Result<OwnBackups> {
    let services: BTreeSet<String> =
        run.readable(select)?.iter().map(|service| service.name.to_string()).collect();
    let listing = repository.list().await?;
    let problems = listing.problems.clone();
    let (ours, others) = listing.split(&run.manifest.project, &run.manifest.env);
    for problem in &problems {
        run.out.note(&format!("warning: {}", printable(problem)));
    }
    if others > 0 {
        let others = counted(others, "backup");
        run.out.note(&format!(
            "{} also contains {others} of other projects or environments",
            printable(&repository.place())
        ));
    }
    // Without a selection, backups of services that are no longer declared are included.
    let chosen = |one: &ListedBackup| select.names_none() || services.contains(&one.manifest.header.service);
    let backups = ours.into_iter().filter(chosen).collect();
    Ok(OwnBackups { backups, problems })
}
