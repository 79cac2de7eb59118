//! `drop`: takes a service's database and roles off its server.

use clap::Args;
use serde_json::{Map, Value};

use super::change::{Change, changes_table, errors, plan_keys};
use crate::converge::{Converged, Jobs, Planner, Policy, StepOutcome, converge};
use crate::error::{Error, ExitStatus, Result};
use crate::model::{ActualServer, DesiredService};
use crate::plan::Step;
use crate::report::{Report, Style, error_text};
use crate::run::Run;
use crate::secrets::CredentialKey;
use crate::teardown::Teardown;

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

pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let service = run.service(&arguments.service)?;
    if !arguments.dry_run {
        early_refusal(run, service, arguments.confirm.as_deref())?;
    }
    let access = run.admin(&service.server).await?;
    let desired = run.manifest.desired(&service.server);
    let mut teardown = Teardown::new(&access, &desired, service);
    let due = teardown.remaining(&[]).await?.steps;
    let mut report = DropReport::new(service, teardown.actual(), &due, arguments.dry_run);
    if arguments.dry_run {
        return Ok(Box::new(report));
    }
    if arguments.confirm.is_none() {
        run.out.show(&report.listing(&run.out.message_style()));
        let asked = format!("Type the service's name to remove all of this: {}", service.name);
        typed(&crate::prompt::text(&asked).await?, service)?;
    }
    // The store's lock first: a run that holds a server waits for nothing else.
    let held = run.lock_store().await?;
    let policy = Policy { lock_wait: Some(run.lock_wait), jobs: Jobs::ONE };
    let done = converge(&access, &mut teardown, &policy).await;
    if done.steps.is_empty() {
        done.end.clone()?;
    }
    report.done(teardown.actual(), done);
    if report.failed.is_empty() {
        let keys: Vec<CredentialKey> = CredentialKey::of(service).collect();
        if !run.store.forget(&held, &keys).await? {
            run.out.note("the secret store still has the passwords of the service: remove them there");
        }
        let name = &service.name;
        run.out.note(&format!("remove {name} from the manifest, or the next apply recreates it"));
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
    if text == service.name.as_str() {
        return Ok(());
    }
    Err(Error::usage(format!("\"{text}\" is not \"{}\", nothing was touched", service.name)))
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

    /// What was due may have changed since it was shown.
    fn done(&mut self, actual: &ActualServer, done: Converged) {
        let change = |(step, outcome): &(Step, StepOutcome)| {
            Change::new(&self.server, step, actual.major(), Some(*outcome))
        };
        self.changes = done.steps.iter().map(change).collect();
        self.failed.extend(done.end.err().map(|error| (self.server.clone(), error)));
    }

    fn listing(&self, style: &Style) -> String {
        if self.changes.is_empty() {
            return format!("Nothing of {} is left on server {}.\n", self.service, self.server);
        }
        changes_table(&self.changes, style)
    }
}

impl Report for DropReport {
    fn json(&self) -> Map<String, Value> {
        let mut document = plan_keys(&self.changes, &[], &[]);
        document.insert("errors".into(), errors(&self.failed));
        document
    }

    fn text(&self, style: &Style) -> String {
        let mut text = self.listing(style);
        text += match (self.changes.is_empty(), self.dry, self.failed.is_empty()) {
            (true, _, _) => "",
            (_, true, _) => "\nNothing was removed: this was a dry run.\n",
            (_, false, true) => "\nRemoved.\n",
            (_, false, false) => "\nRemoved in part: run the same command again to continue.\n",
        };
        for (_, error) in &self.failed {
            text += &format!("\n{}\n", error_text(error, style));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.failed.iter().map(|(_, error)| error.kind.status()))
    }
}
