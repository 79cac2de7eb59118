//! `dev seed`: runs `seed.sql` of a service, which lies beside its folder of migrations.

use std::path::PathBuf;

use crate::app::App;
use crate::commands::migrate::migrating::{Watch, plain_options};
use martydb_context::targets;
use martydb_migrate::EventSender;
use martydb_migrate::files::MigrationFile;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};

/// Reads and checks the file before anything asks or connects; `None` if there is none. A link in its place is a file.
///
/// # Errors
/// If it cannot run.
pub(super) fn read(service: &DesiredService) -> Result<Option<MigrationFile>> {
    let path = path(service);
    match path.symlink_metadata() {
        Ok(_) => martydb_migrate::check_seed(service.name.as_str(), &path).map(Some),
        Err(_) => Ok(None),
    }
}

/// Returns the error of a service without the file.
pub(super) fn missing(service: &DesiredService) -> Error {
    let message = format!("{} has no seed.sql", service.name);
    Error::usage(message).hint(format!("write {}", path(service).display()))
}

fn path(service: &DesiredService) -> PathBuf {
    service.migrations.with_file_name("seed.sql")
}

/// Runs the file as the service's migrator, in one transaction.
///
/// # Errors
/// If the server refuses a statement; nothing of it is kept.
pub(super) async fn run(app: &App, service: &DesiredService, file: &MigrationFile) -> Result<()> {
    let targets = targets::for_services(app, std::slice::from_ref(service)).await?;
    for (service, target) in targets {
        let (events, receiver) = EventSender::channel();
        let (options, target) = (plain_options(app), target?);
        let work = martydb_migrate::seed(&target, file, &options, &events);
        Watch::new(&app.out).follow(service.name.as_str(), receiver, work).await?;
    }
    Ok(())
}
