//! `verify-down`: up, down, up on a scratch database, and the catalogues compared.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, ExitStatus, Result};
use crate::flags::Select;
use crate::fleet;
use crate::migrate::rehearse::{Proof, Rehearsal, rehearse};
use crate::migrate::{self, Operator, Options, Target, folder};
use crate::model::{DesiredServer, DesiredService};
use crate::report::{Cell, Look, Paint, Report, Table, error_text, keys, printable};
use crate::run::Run;
use crate::scratch::Scratch;
use crate::server::Access;
use crate::server::presence::{Presence, Seen};

/// Flags of `verify-down`.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub struct Arguments {
    /// The services to look at.
    #[command(flatten)]
    pub select: Select,
    /// Rehearse this version; may be repeated [default: those that are pending].
    #[arg(long, value_name = "VERSION")]
    pub version: Vec<i64>,
    /// Rehearse every version in the folder.
    #[arg(long, conflicts_with = "version")]
    pub every: bool,
}

enum Which {
    Pending,
    Every,
    These(Vec<i64>),
}

impl Arguments {
    fn which(&self) -> Which {
        match (self.every, self.version.is_empty()) {
            (true, _) => Which::Every,
            (false, true) => Which::Pending,
            (false, false) => Which::These(self.version.clone()),
        }
    }
}

/// Rehearses, and leaves nothing behind.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.readable(&arguments.select)?;
    let options = Options { lock_wait: run.lock_wait, ..Options::new(Operator::current()) };
    let which = std::sync::Arc::new(arguments.which());
    let mut work = vec![];
    for (service, target) in fleet::targets(run, &services).await? {
        let access = run.access(&service.server).await;
        let desired = run.manifest.desired(&service.server);
        work.push((service, desired, target.and_then(|target| Ok((target, access?)))));
    }
    let all = fleet::side_by_side(run.jobs, work, |(service, desired, reached)| {
        let (which, options) = (which.clone(), options.clone());
        async move {
            let name = service.name.to_string();
            match prove(&service, &desired, reached, &which, &options).await {
                Ok(migrations) => Proven { service: name, migrations, error: None },
                Err(error) => Proven { service: name, migrations: vec![], error: Some(error) },
            }
        }
    });
    Ok(Box::new(VerifyDownReport { services: all.await }))
}

async fn prove(
    service: &DesiredService,
    desired: &DesiredServer,
    reached: Result<(Target, Access)>,
    which: &Which,
    options: &Options,
) -> Result<Vec<Rehearsal>> {
    let (target, access) = reached?;
    let chosen = chosen(&target, which, options).await?;
    if chosen.is_empty() {
        return Ok(vec![]);
    }
    let scratch = Scratch::make(&access, desired, service).await?;
    let target =
        Target { database: scratch.database.clone(), presence: Presence::Known(Seen::Present), ..target };
    let result = rehearse(&target, &chosen, options).await;
    scratch.remove_after(result).await
}

async fn chosen(target: &Target, which: &Which, options: &Options) -> Result<Vec<i64>> {
    let folder = folder::load(&target.folder);
    let refused = folder.refused();
    if !refused.is_empty() {
        return Err(migrate::outcome::refused_files(target.service.as_str(), &refused));
    }
    let all: Vec<i64> = folder.migrations.iter().map(|migration| migration.version).collect();
    match which {
        Which::Every => Ok(all),
        Which::These(these) => match these.iter().find(|version| !all.contains(version)) {
            None => Ok(these.clone()),
            Some(version) => Err(Error::usage(format!("{} has no migration V{version}", target.service))),
        },
        Which::Pending => {
            let status = migrate::status(target, options.lock_wait).await;
            match status.error {
                Some(error) => Err(error),
                None => Ok(status.pending.iter().map(|item| item.version).collect()),
            }
        }
    }
}

#[derive(Serialize)]
struct Proven {
    service: String,
    migrations: Vec<Rehearsal>,
    #[serde(serialize_with = "crate::report::serialize_error")]
    error: Option<Error>,
}

#[derive(Serialize)]
struct VerifyDownReport {
    services: Vec<Proven>,
}

fn word(proof: Proof) -> Cell {
    match proof {
        Proof::Ok => Cell::new("up, down, up", Paint::Good),
        Proof::Differs => Cell::new("differs", Paint::Bad),
        Proof::Failed => Cell::new("failed", Paint::Bad),
    }
}

impl Report for VerifyDownReport {
    fn json(&self) -> Map<String, Value> {
        keys(self)
    }

    fn text(&self, look: &Look) -> String {
        let mut table = Table::new(&["service", "version", "name", "proof"]);
        let mut below = String::new();
        for proven in &self.services {
            for one in &proven.migrations {
                let (service, name) = (proven.service.as_str(), one.name.as_str());
                table.row([service.into(), Cell::number(one.version), name.into(), word(one.outcome)]);
                below += &details(service, one, look);
            }
            if let Some(error) = &proven.error {
                below += &format!("\n{}:\n{}\n", proven.service, error_text(error, look));
            }
        }
        let nothing = "Nothing is pending, so nothing was rehearsed; --every takes all migrations.\n";
        match (table.is_empty(), below.is_empty()) {
            (true, true) => nothing.into(),
            (true, false) => below,
            (false, _) => table.render(look) + &below,
        }
    }

    fn status(&self) -> ExitStatus {
        let errors = |proven: &Proven| proven.error.as_ref().map(|error| error.kind.status());
        let proofs = self.services.iter().flat_map(|proven| &proven.migrations).map(|one| match &one.error {
            Some(error) => error.kind.status(),
            None if one.outcome == Proof::Differs => ExitStatus::Differences,
            None => ExitStatus::Success,
        });
        ExitStatus::worst(self.services.iter().filter_map(errors).chain(proofs))
    }
}

fn details(service: &str, one: &Rehearsal, look: &Look) -> String {
    let mut text = String::new();
    for (when, differences) in
        [("after the down file", &one.after_down), ("after the second up", &one.after_up)]
    {
        if !differences.is_empty() {
            text += &format!("\n{service} V{}__{}, {when}:\n", one.version, printable(&one.name));
            text += &differences.iter().map(|difference| format!("  {difference}\n")).collect::<String>();
        }
    }
    if let Some(error) = &one.error {
        let name = printable(&one.name);
        text += &format!("\n{service} V{}__{name}:\n{}\n", one.version, error_text(error, look));
    }
    text
}
