//! `repair`: accepts edited files and clears failed records, after showing them, and records who did it and why.

use clap::Args;
use serde::Serialize;

use super::migrating::{Watch, plain_options};
use crate::app::App;
use crate::commands::support::choice;
use martydb_context::targets;
use martydb_migrate::{EventSender, Repairable};
use martydb_model::error::{Error, Result};
use martydb_model::units::counted;
use martydb_ui::flags::OneService;
use martydb_ui::report::{Report, Style, printable};

#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Only this version; default: all that need repair.
    #[arg(long, value_name = "VERSION")]
    pub version: Option<i64>,
    /// Reason, stored in the history.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<RepairReport> {
    if arguments.reason.trim().is_empty() {
        return Err(
            Error::usage("the reason is empty").hint("specify it with --reason: it is stored in the history")
        );
    }
    let service = choice::service(app, &arguments.service).await?;
    let options = plain_options(app);
    let name = service.name.to_string();
    let (_, target) = targets::for_services(app, &[service]).await?.remove(0);
    let target = target?;
    let found = martydb_migrate::examine(&target, arguments.version, &options).await?;
    if !found.is_empty() {
        ask(app, &name, &found).await?;
        let watch = Watch::new(&app.out);
        let (events, receiver) = EventSender::channel();
        let work = martydb_migrate::repair(&target, &found, arguments.reason.trim(), &options, &events);
        watch.follow(&name, receiver, work).await?;
    }
    Ok(RepairReport { service: name, repaired: found })
}

async fn ask(app: &App, service: &str, found: &[Repairable]) -> Result<()> {
    if !app.yes {
        app.out.show(shown(found).trim_end());
    }
    let migrations = counted(found.len(), "migration");
    let question = format!("Accept this for {migrations} of {service}?");
    let would = format!("the above would be accepted for {migrations} of {service}");
    app.confirm(&question, &would, "review the above, then add -y").await
}

fn shown(found: &[Repairable]) -> String {
    let one = |item: &Repairable| {
        let diff = item.diff.as_deref().unwrap_or_default();
        format!("{}\n{diff}", printable(&format!("V{}__{}: {}", item.version, item.name, item.what)))
    };
    found.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[derive(Serialize)]
pub struct RepairReport {
    service: String,
    repaired: Vec<Repairable>,
}

impl Report for RepairReport {
    fn text(&self, _: &Style) -> String {
        if self.repaired.is_empty() {
            return format!("Nothing to repair in {}.\n", self.service);
        }
        let migrations = counted(self.repaired.len(), "migration");
        format!("{}\nRepaired {migrations} of {}.\n", shown(&self.repaired), self.service)
    }
}
