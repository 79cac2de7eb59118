//! `status`: shows one line per service.

mod backups;
mod collect;
mod report;
mod screen;
mod status_word;
mod view;

use crate::app::App;
use crate::commands::support::per_service::errors_text;
use backups::KnownBackups;
use collect::{measured, review};
use martydb_apply::replicas::ReplicaState;
use martydb_context::targets;
use martydb_migrate::ServiceState;
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_ui::report::{Report, Style};
use report::StatusReport;

pub(crate) use collect::look_at;
pub use collect::{Arguments, states};
pub use view::columns;

pub async fn run(app: &App, arguments: &Arguments) -> Result<StatusReport> {
    if arguments.watch.is_some() {
        screen::check(&app.out)?;
    }
    let services = app.readable(&arguments.select)?;
    if let Some(seconds) = arguments.watch {
        return screen::draw(app, arguments, &services, seconds).await;
    }
    let targets = targets::for_services(app, &services).await?;
    let (all, backups) = tokio::join!(review(app, arguments, &services, targets), KnownBackups::read(app));
    Ok(StatusReport::new(all, backups, arguments, measured(app, arguments)))
}

impl Report for StatusReport {
    fn text(&self, style: &Style) -> String {
        view::text(self, style)
    }

    fn messages(&self, style: &Style) -> String {
        let is_absent = |error: &Error| error.kind == Kind::NotProvisioned;
        let asked = self.shown().filter(|status| !status.error.as_ref().is_some_and(is_absent));
        let errors = errors_text(asked.map(|status| (status.service.as_str(), status.error.as_ref())), style);
        errors + &view::unsupported(self, time::OffsetDateTime::now_utc().date())
    }

    /// Without `--check` any result is a success. `--only` limits the output, not the check.
    fn status(&self) -> ExitStatus {
        // A server that is not PostgreSQL is named by mistake.
        let is_mistake = |error: &Error| error.kind.status() == ExitStatus::Usage;
        let worst = self.services.iter().map(|status| match (status.state, self.check) {
            (ServiceState::Unreachable, _) if status.error.as_ref().is_some_and(is_mistake) => {
                ExitStatus::Usage
            }
            (ServiceState::Unreachable, _) => ExitStatus::Unreachable,
            (ServiceState::Stopped, true) => ExitStatus::Unreachable,
            (ServiceState::UpToDate, _) | (_, false) => ExitStatus::Success,
            (_, true) => ExitStatus::Differences,
        });
        let replicas = self.replicas.iter().filter(|_| self.check).map(|replica| match replica.state {
            ReplicaState::Unreachable => ExitStatus::Unreachable,
            _ if replica.is_late() => ExitStatus::Differences,
            _ => ExitStatus::Success,
        });
        let partitions = self.partitions.iter().filter(|row| self.check && row.is_short());
        let partitions = partitions.map(|_| ExitStatus::Differences);
        ExitStatus::worst(worst.chain(replicas).chain(partitions))
    }
}
