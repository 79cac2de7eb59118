//! `split finish`: the tables that have moved are removed from the source, and with them everything that the split has made.

use clap::Args;
use serde::Serialize;

use super::shared::{self, MapChoice};
use crate::commands::verify::{self, VerifyReport, verify_services};
use crate::error::{Error, ExitStatus, Result};
use crate::model::DesiredService;
use crate::report::{Report, Style, printable};
use crate::run::Run;
use crate::server::Connection;
use crate::splitting::state::source;
use crate::splitting::switching::{
    FinishRemoval, SwitchEnds, begin_finish, clear_source, clear_target, removal,
};
use crate::units::counted;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
    /// The shared database's name, instead of typing it.
    #[arg(long, value_name = "DATABASE")]
    pub confirm: Option<String>,
    /// Show what would be removed, and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<FinishedSplit> {
    let map = arguments.map.load(run)?;
    let access = shared::source(run, &map).await?;
    let database = map.source.database.as_str();
    let mut session = shared::locked(run, &access, database).await?;
    if !source::exists(&mut session).await? {
        return Err(Error::usage(format!("no split of database \"{database}\" has begun"))
            .hint(format!("`{}` begins one", arguments.map.in_command("martydb split copy"))));
    }
    let due = removal(&mut session).await?;
    let services: Vec<DesiredService> =
        map.services.keys().map(|name| run.manifest.services[name].clone()).collect();
    let mut report =
        FinishedSplit { database: database.into(), removed: due, dry: arguments.dry_run, verified: None };
    if arguments.dry_run {
        session.close().await;
        return Ok(report);
    }
    consent(run, arguments, &report).await?;
    begin_finish(&mut session).await?;
    for service in &services {
        let mut ends = SwitchEnds::open(run, &access, database, service).await?;
        let end = clear_target(&mut ends).await;
        ends.close().await;
        end?;
    }
    clear(run, session).await?;
    let verified = verify_services(run, &verify::Arguments::default(), &services).await?;
    report.verified = Some(Box::new(verified));
    Ok(report)
}

async fn clear(run: &Run, mut session: Connection) -> Result<()> {
    let end = clear_source(&mut session, run.lock_wait).await;
    session.close().await;
    end
}

/// `-y` is no answer here.
async fn consent(run: &Run, arguments: &Arguments, report: &FinishedSplit) -> Result<()> {
    let database = &report.database;
    let typed = match &arguments.confirm {
        Some(confirm) => confirm.clone(),
        None if run.can_ask => {
            run.out.show(&report.listing());
            let asked = format!("Type the shared database's name to remove all of this from it: {database}");
            crate::prompt::text(&asked).await?
        }
        None => {
            return Err(Error::usage(format!("finishing the split of \"{database}\" needs its name, nothing was touched"))
                .cause("the tables that have moved would be gone from it, and nothing would lead back; -y is not enough for that")
                .hint(format!("look with --dry-run, then add --confirm {database}")));
        }
    };
    if typed == *database {
        return Ok(());
    }
    Err(Error::usage(format!("\"{typed}\" is not \"{database}\", nothing was touched")))
}

/// What a finish removed.
#[derive(Serialize)]
pub struct FinishedSplit {
    database: String,
    #[serde(flatten)]
    removed: FinishRemoval,
    #[serde(skip)]
    dry: bool,
    #[serde(rename = "verify_isolation")]
    verified: Option<Box<VerifyReport>>,
}

impl FinishedSplit {
    fn listing(&self) -> String {
        let FinishRemoval { tables, views } = &self.removed;
        let mut text = format!(
            "{} and {} of database {}:\n",
            counted(tables.len(), "table"),
            counted(views.len(), "view"),
            self.database
        );
        tables.iter().for_each(|table| text += &format!("  table {}\n", printable(table)));
        views.iter().for_each(|view| text += &format!("  view {}\n", printable(view)));
        text
    }
}

impl Report for FinishedSplit {
    fn text(&self, style: &Style) -> String {
        if self.dry {
            return self.listing() + "\nNothing was removed: this was a dry run.\n";
        }
        let verified = self.verified.as_ref().map(|report| report.text(style)).unwrap_or_default();
        format!(
            "Removed {} and {} from database {}.\n\n{verified}",
            counted(self.removed.tables.len(), "table"),
            counted(self.removed.views.len(), "view"),
            self.database
        )
    }

    fn messages(&self, style: &Style) -> String {
        self.verified.as_ref().map(|report| report.messages(style)).unwrap_or_default()
    }

    fn status(&self) -> ExitStatus {
        self.verified.as_ref().map_or(ExitStatus::Success, |report| report.status())
    }
}
