//! Saved plans: exactly the plan that was shown, without secrets, to apply later or to refuse as stale.
//!
//! Staleness depends on content: the file contains the changes, each with the state that was found; `apply` plans again
//! and compares. Only what changes the plan matters, not other changes of the server.

use std::path::Path;

use serde_json::{Value, json};

use crate::app::App;
use crate::commands::support::change::{Change, grouped_by};
use crate::commands::support::companions::CompanionPlans;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Kind, Result};
use martydb_os::read_named_text;
use martydb_os::replace_file::{Readers, replace_file};
use martydb_provision::{PlanOptions, Plans};

const FORMAT_VERSION: u64 = 1;

/// Plan read from a file.
pub(crate) struct SavedPlan {
    pub services: Vec<DesiredService>,
    pub options: PlanOptions,
    servers: Value,
}

/// Writes the plan; fails if a server could not be inspected.
pub(crate) fn write(
    app: &App,
    path: &Path,
    services: &[DesiredService],
    options: PlanOptions,
    planned: &Plans,
    companions: &CompanionPlans,
) -> Result<()> {
    let servers = contents(planned, companions)?;
    let document = json!({
        "format_version": FORMAT_VERSION,
        "kind": "plan",
        "project": app.manifest.project,
        "env": app.manifest.env,
        "services": services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(),
        "prune": options.prune,
        "check_logins": options.check_logins,
        "servers": servers,
    });
    let text = serde_json::to_string_pretty(&document).expect("a map of values is JSON") + "\n";
    // A plan contains names of roles, databases and privileges: only its owner may read it.
    replace_file(path, &text, Readers::Owner)
        .map_err(|error| Error::operation(format!("cannot write the plan {}", path.display())).cause(error))
}

fn contents(planned: &Plans, companions: &CompanionPlans) -> Result<Value> {
    if let Some(error) = companions.first_error() {
        return Err(error.clone());
    }
    let mut servers = vec![];
    for (server, planned) in planned {
        let planned = planned.as_ref().map_err(Clone::clone)?;
        if let Some((_, error)) = planned.unread().into_iter().next() {
            return Err(error);
        }
        let major = planned.actual.major();
        let changes: Vec<Change> =
            planned.plan.steps.iter().map(|step| Change::new(server, step, major, None)).collect();
        servers.push(json!({ "server": server, "changes": changes }));
    }
    for all in grouped_by(&companions.changes(), |change| &change.server) {
        servers.push(json!({ "server": all[0].server, "changes": all }));
    }
    Ok(servers.into())
}

/// Reads a plan of this manifest and environment.
pub(crate) fn read(app: &App, path: &Path) -> Result<SavedPlan> {
    let wrong = |why: String| Error::usage(format!("{} cannot be applied here", path.display())).cause(why);
    let unreadable = |error| {
        let error = Error::usage(format!("cannot read the plan {}", path.display())).cause(error);
        error.hint("`martydb plan --out FILE` writes one")
    };
    let text = read_named_text(path).map_err(unreadable)?;
    let document: Value = serde_json::from_str(&text).map_err(|_| wrong("it is not JSON".into()))?;
    if document["kind"] != "plan" || document["format_version"] != FORMAT_VERSION {
        return Err(wrong("it was not written by `martydb plan --out FILE` of this version".into()));
    }
    for (key, ours) in [("project", &app.manifest.project), ("env", &app.manifest.env)] {
        if document[key] != ours.as_str() {
            return Err(wrong(format!("it is for {key} {}, but this run is for {ours}", document[key])));
        }
    }
    let names = document["services"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let services = names.map(|name| app.service(name).cloned()).collect::<Result<_>>()?;
    let flag = |key: &str| document[key] == true;
    Ok(SavedPlan {
        services,
        options: PlanOptions { prune: flag("prune"), check_logins: flag("check_logins"), exact: true },
        servers: document["servers"].clone(),
    })
}

impl SavedPlan {
    /// Checks that planning again gives the same changes.
    ///
    /// # Errors
    /// [`Kind::Stale`], with the first change that is new or gone.
    pub(crate) fn check(&self, planned: &Plans, companions: &CompanionPlans) -> Result<()> {
        let now = contents(planned, companions)?;
        if now == self.servers {
            return Ok(());
        }
        let (now, then) = (reasons(&now), reasons(&self.servers));
        let new = now.iter().find(|change| !then.contains(change)).map(|change| format!("new: {change}"));
        let gone = || {
            then.iter().find(|change| !now.contains(change)).map(|gone| format!("no longer needed: {gone}"))
        };
        let error = Error::new(Kind::Stale, "the server or the manifest changed since the plan was saved");
        let cause = new.or_else(gone).unwrap_or_else(|| "the changes are in another order".into());
        Err(error.cause(cause).hint("make a new plan: `martydb plan --out FILE`"))
    }
}

fn reasons(servers: &Value) -> Vec<String> {
    let changes = servers.as_array().into_iter().flatten().filter_map(|server| server["changes"].as_array());
    let reason = |change: &Value| {
        let text = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
        format!("{} ({})", text("reason"), text("sql"))
    };
    changes.flatten().map(reason).collect()
}
