//! `current`: shows the version of each service.

use serde::Serialize;

use super::per_service::{Services, ask_each};
use martydb_model::error::{ExitStatus, Result};
use martydb_provision::run::Run;
use martydb_ui::report::{Cell, Paint, Report, Style, Table};

pub use martydb_ui::flags::Select as Arguments;

pub async fn run(run: &Run, select: &Arguments) -> Result<Services<Current>> {
    ask_each(run, select, |target, wait| async move {
        Ok(Current { current: martydb_migrate::current(&target, wait).await? })
    })
    .await
}

#[derive(Default, Serialize)]
pub struct Current {
    current: Option<i64>,
}

impl Report for Services<Current> {
    fn text(&self, style: &Style) -> String {
        let mut table = Table::new(&["service", "current"]);
        for found in &self.services {
            let cell = match (&found.error, found.answer.current) {
                _ if found.is_unprovisioned() => Cell::new("not provisioned", Paint::Warn),
                (Some(_), _) => Cell::new("unknown", Paint::Bad),
                (None, Some(version)) => Cell::number(version),
                (None, None) => Cell::new("none", Paint::Dim),
            };
            table.row([found.service.as_str().into(), cell]);
        }
        table.render(style)
    }

    fn messages(&self, style: &Style) -> String {
        self.errors_text(style)
    }

    fn status(&self) -> ExitStatus {
        self.status_of_look()
    }
}
