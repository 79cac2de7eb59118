//! `logs`: prints the logs of embedded servers.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::start::dev::{only, specs};
use martydb_embedded::{self as embedded, ServerLog};
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_ui::flags::Format;
use martydb_ui::report::{Report, Style, printable};

/// Interval between two reads of a followed log.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub struct Arguments {
    /// Server of the manifest [default: all embedded ones].
    #[arg(long, value_name = "NAME")]
    pub server: Option<String>,
    /// Number of lines of each log, counted from the end.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub lines: usize,
    /// Follow the logs until a signal.
    #[arg(long)]
    pub follow: bool,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<LogsReport> {
    let specs = specs(app, arguments.server.as_deref())?;
    let logs = specs.iter().map(embedded::log).collect::<Result<Vec<_>>>()?;
    if arguments.follow {
        if app.out.format() != Format::Table {
            return Err(Error::usage("--follow prints lines as they come, which no document can contain")
                .hint("omit --follow or -o"));
        }
        return follow(app, only(&logs)?, arguments.lines).await;
    }
    let servers = specs.iter().zip(&logs).map(|(spec, log)| {
        Ok(ServerLines {
            server: spec.server.clone(),
            path: log.path().display().to_string(),
            lines: log.last_lines(arguments.lines)?.0,
        })
    });
    Ok(LogsReport { servers: servers.collect::<Result<_>>()? })
}

/// Does not return by itself.
async fn follow(app: &App, log: &ServerLog, lines: usize) -> Result<LogsReport> {
    let (lines, mut from) = log.last_lines(lines)?;
    app.out.text(&text(&lines), ExitStatus::Success);
    loop {
        tokio::time::sleep(PAUSE).await;
        let (lines, to) = log.lines_since(from)?;
        if !lines.is_empty() && app.out.text(&text(&lines), ExitStatus::Success) != ExitStatus::Success {
            return Ok(LogsReport { servers: vec![] });
        }
        from = to;
    }
}

#[derive(Serialize)]
pub(crate) struct LogsReport {
    servers: Vec<ServerLines>,
}

#[derive(Serialize)]
struct ServerLines {
    server: String,
    path: String,
    lines: Vec<String>,
}

impl Report for LogsReport {
    fn text(&self, _: &Style) -> String {
        let of_one = |one: &ServerLines| match self.servers.as_slice() {
            [_] => text(&one.lines),
            _ => format!("{} ({}):\n{}", one.server, printable(&one.path), text(&one.lines)),
        };
        self.servers.iter().map(of_one).collect()
    }
}

/// Statements and names in a log come from the services. The server begins each continuation line of a message with a
/// tab.
fn text(lines: &[String]) -> String {
    lines.iter().map(|line| printable(&line.replace('\t', "    ")) + "\n").collect()
}
