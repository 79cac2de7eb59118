//! `status --watch`: refreshes the status until Ctrl-C.

use std::time::{Duration, Instant};

use super::backups::KnownBackups;
use super::collect::{Arguments, measured, review};
use super::report::StatusReport;
use crate::app::App;
use martydb_context::targets;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_ui::flags::Format;
use martydb_ui::report::{Out, Report, pause};

/// Interval of reading backups: they do not change within seconds, and object storage charges per request.
const BACKUPS_EVERY: Duration = Duration::from_secs(60);

/// Refuses anything but a screen.
///
/// # Errors
/// Without a terminal, or if a document is requested.
pub(crate) fn check(out: &Out) -> Result<()> {
    if out.format() != Format::Table {
        return Err(Error::usage("--watch draws a screen, not a document").hint("omit --watch or -o"));
    }
    if out.result_style().width.is_none() {
        return Err(Error::usage("--watch needs a terminal")
            .hint("without --watch `martydb status` prints once; repeat it in a shell loop"));
    }
    Ok(())
}

/// Does not return by itself.
pub(crate) async fn draw(
    app: &App,
    arguments: &Arguments,
    services: &[DesiredService],
    seconds: u64,
) -> Result<StatusReport> {
    app.out.ends_by_interrupt();
    // A progress bar would overwrite the screen.
    let _still = pause();
    let mut targets = targets::for_services(app, services).await?;
    let mut backups = (Instant::now(), KnownBackups::read(app).await);
    loop {
        if backups.0.elapsed() > BACKUPS_EVERY {
            backups = (Instant::now(), KnownBackups::read(app).await);
        }
        let all = review(app, arguments, services, targets.clone()).await;
        // A restarted server may have another address.
        if all.services.iter().any(|status| status.state.is_away()) {
            targets = targets::for_services(app, services).await?;
        }
        let report = StatusReport::new(all, backups.1.clone(), arguments, measured(app, arguments));
        let every = format!("Every {seconds} s: martydb status; Ctrl-C ends it\n\n");
        let style = app.out.screen_style();
        app.out.screen(&(every + &report.text(&style) + &report.messages(&style)));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}
