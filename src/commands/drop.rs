//! `drop`: takes a service's database and roles off its server.

use clap::Args;
use serde_json::{Map, Value};

use super::plan::{Change, changes_table, errors, plan_keys};
use crate::error::{Error, ExitStatus, Result};
use crate::model::{ActualServer, DesiredServer, DesiredService};
use crate::plan::Step;
use crate::plan::removal::removal;
use crate::provision;
use crate::report::{Look, Report, error_text};
use crate::run::Run;
use crate::secrets::Slot;
use crate::server::apply::{Outcome, Tools, apply};
use crate::server::traces::traces;
use crate::server::{Access, inspect, lock};

/// Flags of `drop`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The service.
    #[arg(short, long, value_name = "NAME")]
    pub service: String,
    /// The service's name once more, instead of typing it.
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// Show what would be removed, and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Looks, asks, removes.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let service = run.service(&arguments.service)?;
    if !arguments.dry_run {
        early_refusal(run, service, arguments.confirm.as_deref())?;
    }
    let access = run.admin(&service.server).await?;
    let desired = run.manifest.desired(&service.server);
    let (actual, steps) = look(&access, &desired, service).await?;
    let mut report = DropReport::new(service, &actual, &steps, arguments.dry_run);
    if arguments.dry_run {
        return Ok(Box::new(report));
    }
    if arguments.confirm.is_none() {
        run.out.show(&report.listing(&run.out.message_look()));
        let asked = format!("Type the service's name to remove all of this: {}", service.name);
        typed(&crate::ask::text(&asked).await?, service)?;
    }
    // The store's lock first: a run that holds a server waits for nothing else.
    let held = run.lock_store().await?;
    let _lock = lock::server(&access, run.lock_wait).await?;
    // What was there may have changed while somebody typed, or while another run held the lock.
    let (actual, steps, outcomes, end) = rounds(&access, &desired, service).await?;
    report = DropReport::new(service, &actual, &steps, false);
    report.done(&outcomes, end.err());
    if report.failed.is_empty() {
        let slots: Vec<Slot> = Slot::of(service).collect();
        if !run.store.forget(&held, &slots).await? {
            run.out.note("the secret store still has the passwords of the service: remove them there");
        }
        let name = &service.name;
        run.out.note(&format!("take {name} out of the manifest too, or the next apply makes it again"));
    }
    Ok(Box::new(report))
}

/// What can be said before any server is asked. `-y` is no answer here.
fn early_refusal(run: &Run, service: &DesiredService, confirm: Option<&str>) -> Result<()> {
    match confirm {
        Some(confirm) => typed(confirm, service),
        None if run.can_ask => Ok(()),
        None => {
            Err(Error::usage(format!("dropping \"{}\" needs its name, nothing was touched", service.name))
                .cause("the database and everything in it would be gone; -y is not enough for that")
                .hint(format!("look with --dry-run, then add --confirm {}", service.name)))
        }
    }
}

fn typed(text: &str, service: &DesiredService) -> Result<()> {
    match text == service.name.as_str() {
        true => Ok(()),
        false => Err(Error::usage(format!("\"{text}\" is not \"{}\", nothing was touched", service.name))),
    }
}

async fn look(
    access: &Access,
    desired: &DesiredServer,
    service: &DesiredService,
) -> Result<(ActualServer, Vec<Step>)> {
    let actual = inspect::inspect_cluster(access).await?;
    let traces = traces(access, &actual, service).await?;
    let steps = removal(desired, &actual, service, &traces)?;
    Ok((actual, steps))
}

type Round = (ActualServer, Vec<Step>, Vec<Outcome>, Result<()>);

/// Looks and acts, again while somebody else is at the same objects.
async fn rounds(access: &Access, desired: &DesiredServer, service: &DesiredService) -> Result<Round> {
    let mut races = 0;
    loop {
        let (actual, steps) = look(access, desired, service).await?;
        let (outcomes, end) = act(access, &actual, &steps).await;
        match &end {
            Err(error) if provision::is_race(error) && races < provision::RETRIES => {
                tokio::time::sleep(provision::FIRST_PAUSE * 2u32.pow(races)).await;
                races += 1;
            }
            _ => return Ok((actual, steps, outcomes, end)),
        }
    }
}

async fn act(access: &Access, actual: &ActualServer, steps: &[Step]) -> (Vec<Outcome>, Result<()>) {
    let tools = Tools {
        access,
        major: actual.major(),
        // What has to be borrowed is among the steps.
        authority: None,
        password: &|_| None,
        parallel: 1,
    };
    apply(&tools, steps, &|step| {
        tracing::info!(target: "martydb", "{} {}: {}", step.action.verb().name(), step.action.object(), step.reason);
    })
    .await
}

struct DropReport {
    service: String,
    server: String,
    changes: Vec<Change>,
    failed: Vec<(String, Error)>,
    dry: bool,
}

impl DropReport {
    fn new(service: &DesiredService, actual: &ActualServer, steps: &[Step], dry: bool) -> DropReport {
        let change = |step| Change::new(&service.server, step, actual.major(), None);
        DropReport {
            service: service.name.to_string(),
            server: service.server.clone(),
            changes: steps.iter().map(change).collect(),
            failed: vec![],
            dry,
        }
    }

    fn done(&mut self, outcomes: &[Outcome], error: Option<Error>) {
        for (change, outcome) in self.changes.iter_mut().zip(outcomes) {
            change.ended(*outcome);
        }
        self.failed.extend(error.map(|error| (self.server.clone(), error)));
    }

    fn listing(&self, look: &Look) -> String {
        match self.changes.is_empty() {
            true => format!("Nothing of {} is left on server {}.\n", self.service, self.server),
            false => changes_table(&self.changes, look),
        }
    }
}

impl Report for DropReport {
    fn json(&self) -> Map<String, Value> {
        let mut document = plan_keys(&self.changes, &[], &[]);
        document.insert("errors".into(), errors(&self.failed));
        document
    }

    fn text(&self, look: &Look) -> String {
        let mut text = self.listing(look);
        text += match (self.changes.is_empty(), self.dry, self.failed.is_empty()) {
            (true, _, _) => "",
            (_, true, _) => "\nNothing was removed: this was a dry run.\n",
            (_, false, true) => "\nAll of it is removed.\n",
            (_, false, false) => "\nNot all of it is removed: the same command again goes on from here.\n",
        };
        for (_, error) in &self.failed {
            text += &format!("\n{}\n", error_text(error, look));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.failed.iter().map(|(_, error)| error.kind.status()))
    }
}
