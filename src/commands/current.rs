//! `current`: the version of each service.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, ExitStatus, Result};
use crate::flags::Select;
use crate::fleet;
use crate::migrate;
use crate::report::{Cell, Look, Paint, Report, Table, error_text, keys};
use crate::run::Run;

/// Flags of `current`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to look at.
    #[command(flatten)]
    pub select: Select,
}

/// Looks, and writes nothing.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.readable(&arguments.select)?;
    let targets = fleet::targets(run, &services).await?;
    let wait = run.lock_wait;
    let all = fleet::side_by_side(run.jobs, targets, |(service, target)| async move {
        let found = match target {
            Ok(target) => migrate::current(&target, wait).await,
            Err(error) => Err(error),
        };
        let service = service.name.to_string();
        match found {
            Ok(current) => Current { service, current, error: None },
            Err(error) => Current { service, current: None, error: Some(error) },
        }
    })
    .await;
    Ok(Box::new(CurrentReport { services: all }))
}

#[derive(Serialize)]
struct Current {
    service: String,
    current: Option<i64>,
    #[serde(serialize_with = "crate::report::serialize_error")]
    error: Option<Error>,
}

#[derive(Serialize)]
struct CurrentReport {
    services: Vec<Current>,
}

impl Report for CurrentReport {
    fn json(&self) -> Map<String, Value> {
        keys(self)
    }

    fn text(&self, look: &Look) -> String {
        let mut table = Table::new(&["service", "current"]);
        for found in &self.services {
            let cell = match (&found.error, found.current) {
                (Some(_), _) => Cell::new("unknown", Paint::Bad),
                (None, Some(version)) => Cell::number(version),
                (None, None) => Cell::new("none", Paint::Dim),
            };
            table.row([found.service.as_str().into(), cell]);
        }
        let mut text = table.render(look);
        for found in &self.services {
            if let Some(error) = &found.error {
                text += &format!("\n{}:\n{}\n", found.service, error_text(error, look));
            }
        }
        text
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(
            self.services.iter().filter_map(|found| found.error.as_ref()).map(|error| error.kind.status()),
        )
    }
}
