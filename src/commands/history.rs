//! `history`: lists every migration event of every service, with its time, duration, role and outcome.

use serde::Serialize;

use super::per_service::{Services, ask_each};
use martydb_migrate::HistoryEvent;
use martydb_model::error::{ExitStatus, Result};
use martydb_provision::run::Run;
use martydb_ui::report::{Cell, Paint, Report, Style, Table, indented, printable, when};

pub use martydb_ui::flags::Select as Arguments;

pub async fn run(run: &Run, select: &Arguments) -> Result<Services<Events>> {
    ask_each(run, select, |target, wait| async move {
        Ok(Events { events: martydb_migrate::history(&target, wait).await? })
    })
    .await
}

#[derive(Default, Serialize)]
pub struct Events {
    events: Vec<HistoryEvent>,
}

impl Report for Services<Events> {
    fn text(&self, style: &Style) -> String {
        let mut table = Table::new(&["service", "at", "action", "version", "name", "ms", "by", "outcome"])
            .spare(&["by", "ms", "name"]);
        let events =
            self.services.iter().flat_map(|past| past.answer.events.iter().map(move |event| (past, event)));
        let mut details = String::new();
        for (past, event) in events {
            let paint = if event.outcome == "failed" { Paint::Bad } else { Paint::Plain };
            table.row([
                past.service.as_str().into(),
                when(&event.at, style).into(),
                event.action.as_str().into(),
                Cell::number(event.version.map_or_else(|| "R".to_owned(), |version| version.to_string())),
                event.name.as_str().into(),
                Cell::number(event.duration_ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string())),
                event.by.as_str().into(),
                Cell::new(&event.outcome, paint),
            ]);
            if let Some(what) = event.error.as_ref().or(event.note.as_ref()) {
                let (action, what) = (printable(&event.action), indented(what, 2));
                let id = match event.version {
                    Some(version) => format!("V{version}"),
                    None => format!("R__{}", printable(&event.name)),
                };
                details += &format!("\n{} {id} {action}: {what}\n", past.service);
            }
        }
        let text =
            if table.is_empty() { "No migration has been run yet.\n".into() } else { table.render(style) };
        text + &details
    }

    fn messages(&self, style: &Style) -> String {
        self.errors_text(style)
    }

    fn status(&self) -> ExitStatus {
        self.status_of_look()
    }
}
