//! `dev seed`: runs `seed.sql` of a service, which lies beside its folder of migrations.

use std::path::PathBuf;

use crate::app::App;
use crate::commands::migrate::migrating::{Watch, plain_options, refuse_old};
use martydb_context::targets;
use martydb_migrate::EventSender;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};

/// Returns `true` if there is a file, or a link in its place.
pub(super) fn exists(service: &DesiredService) -> bool {
    path(service).symlink_metadata().is_ok()
}

/// Checks the file before anything asks or connects.
///
/// # Errors
/// If it is missing or cannot run.
pub(super) fn check(service: &DesiredService) -> Result<()> {
    let path = path(service);
    if !exists(service) {
        let message = format!("{} has no seed.sql", service.name);
        return Err(Error::usage(message).hint(format!("write {}", path.display())));
    }
    martydb_migrate::check_seed(service.name.as_str(), &path).map(drop)
}

/// Returns the path of a service's `seed.sql`.
fn path(service: &DesiredService) -> PathBuf {
    service.migrations.with_file_name("seed.sql")
}

/// Runs the file as the service's migrator, in one transaction.
///
/// # Errors
/// If it cannot run, or the server refuses a statement; nothing of it is kept.
pub(super) async fn run(app: &App, service: &DesiredService) -> Result<()> {
    let targets = targets::for_services(app, std::slice::from_ref(service)).await?;
    refuse_old(&targets).await?;
    for (service, target) in targets {
        let (events, receiver) = EventSender::channel();
        let (path, options, target) = (path(&service), plain_options(app), target?);
        let work = martydb_migrate::seed(&target, &path, &options, &events);
        Watch::new(&app.out).follow(service.name.as_str(), receiver, work).await?;
    }
    Ok(())
}
