//! `current`: the version of each service.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use super::per_service::{Services, ask_each};
use crate::error::{ExitStatus, Result};
use crate::flags::Select;
use crate::migrate;
use crate::report::{Cell, Paint, Report, Style, Table, keys};
use crate::run::Run;

/// Flags of `current`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to look at.
    #[command(flatten)]
    pub select: Select,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let all = ask_each(run, &arguments.select, |target, wait| async move {
        Ok(Current { current: migrate::current(&target, wait).await? })
    });
    Ok(Box::new(all.await?))
}

#[derive(Default, Serialize)]
struct Current {
    current: Option<i64>,
}

impl Report for Services<Current> {
    fn json(&self) -> Map<String, Value> {
        keys(self)
    }

    fn text(&self, style: &Style) -> String {
        let mut table = Table::new(&["service", "current"]);
        for found in &self.services {
            let cell = match (&found.error, found.answer.current) {
                (Some(_), _) => Cell::new("unknown", Paint::Bad),
                (None, Some(version)) => Cell::number(version),
                (None, None) => Cell::new("none", Paint::Dim),
            };
            table.row([found.service.as_str().into(), cell]);
        }
        table.render(style) + &self.errors_text(style)
    }

    fn status(&self) -> ExitStatus {
        self.worst_status()
    }
}
