//! `current`: shows the version of each service.

use serde::Serialize;

use crate::app::App;
use crate::commands::support::per_service::{PerService, Services, ask_each};
use martydb_model::error::{ExitStatus, Result};
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style};

pub use martydb_ui::flags::Select as Arguments;

pub async fn run(app: &App, select: &Arguments) -> Result<Services<Current>> {
    ask_each(app, select, |target, wait| async move {
        Ok(Current { current: martydb_migrate::current(&target, wait).await? })
    })
    .await
}

#[derive(Default, Serialize)]
pub struct Current {
    current: Option<i64>,
}

pub fn columns<'a>() -> Vec<ReportColumn<&'a PerService<Current>>> {
    vec![
        ReportColumn::new("service", "service", |found, _| found.service.as_str().into()),
        ReportColumn::new("current", "current", |found, _| match (&found.error, found.answer.current) {
            _ if found.is_unprovisioned() => Cell::new("not provisioned", Paint::Warn),
            (Some(_), _) => Cell::new("unknown", Paint::Bad),
            (None, Some(version)) => Cell::number(version),
            (None, None) => Cell::new("none", Paint::Dim),
        }),
        ReportColumn::key("error.message"),
    ]
}

impl Report for Services<Current> {
    fn text(&self, style: &Style) -> String {
        let server = |found: &&PerService<Current>| found.server.clone();
        ReportColumn::table_by_server(columns(), &[], &self.services, server, style).render(style)
    }

    fn messages(&self, style: &Style) -> String {
        self.errors_text(style)
    }

    fn status(&self) -> ExitStatus {
        self.status_of_look()
    }
}
