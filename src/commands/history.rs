//! `history`: every event of every service: who, when, how long, how it ended.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use super::per_service::{Services, ask_each};
use crate::error::{ExitStatus, Result};
use crate::flags::Select;
use crate::migrate::{self, HistoryEvent};
use crate::report::{Cell, Paint, Report, Style, Table, indented, keys, printable};
use crate::run::Run;

/// Flags of `history`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to look at.
    #[command(flatten)]
    pub select: Select,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let all = ask_each(run, &arguments.select, |target, wait| async move {
        Ok(Events { events: migrate::history(&target, wait).await? })
    });
    Ok(Box::new(all.await?))
}

#[derive(Default, Serialize)]
struct Events {
    events: Vec<HistoryEvent>,
}

impl Report for Services<Events> {
    fn json(&self) -> Map<String, Value> {
        keys(self)
    }

    fn text(&self, style: &Style) -> String {
        let mut table = Table::new(&["service", "at", "action", "version", "name", "ms", "by", "outcome"])
            .spare(&["by", "ms", "action"]);
        let events =
            self.services.iter().flat_map(|past| past.answer.events.iter().map(move |event| (past, event)));
        for (past, event) in events {
            let paint = if event.outcome == "failed" { Paint::Bad } else { Paint::Plain };
            table.row([
                past.service.as_str().into(),
                event.at.as_str().into(),
                event.action.as_str().into(),
                Cell::number(event.version),
                event.name.as_str().into(),
                Cell::number(event.duration_ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string())),
                event.by.as_str().into(),
                Cell::new(&event.outcome, paint),
            ]);
        }
        let mut text =
            if table.is_empty() { "No migration has been run yet.\n".into() } else { table.render(style) };
        for past in &self.services {
            for event in
                past.answer.events.iter().filter(|event| event.error.is_some() || event.note.is_some())
            {
                let what = event.error.as_deref().or(event.note.as_deref()).unwrap_or_default();
                let action = printable(&event.action);
                text += &format!("\n{} V{} {action}: {}\n", past.service, event.version, indented(what, 2));
            }
        }
        text + &self.errors_text(style)
    }

    fn status(&self) -> ExitStatus {
        self.worst_status()
    }
}
