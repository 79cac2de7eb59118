//! `dev`: the embedded servers.

use clap::{Args, Subcommand};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use crate::embedded::{self, Spec, State, Status};
use crate::error::{Error, ExitStatus, Result};
use crate::manifest::Place;
use crate::report::{Cell, Look, Paint, Report, Table};
use crate::run::{Consent, Run};

/// Flags of `dev`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
    /// One server of the manifest [default: all embedded ones].
    #[arg(long, global = true, value_name = "NAME")]
    pub server: Option<String>,
}

/// What to do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum What {
    /// Make and start them.
    Up,
    /// Stop them; data stays.
    Down,
    /// Show them.
    Status,
    /// Stop them and delete their data.
    Destroy,
}

/// Does it, then shows where they stand.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let specs = specs(run, arguments.server.as_deref())?;
    if arguments.what == What::Destroy {
        let names: Vec<_> = specs.iter().map(|spec| spec.server.as_str()).collect();
        let data = format!("all data of the embedded server {} ({})", names.join(", "), run.manifest.env);
        run.confirm(&Consent {
            question: format!("Delete {data}?"),
            would: format!("{data} would be deleted"),
            hint: "look at them with `martydb dev status`, then say -y".into(),
        })
        .await?;
    }
    let all = specs.iter().map(|spec| async move {
        match arguments.what {
            What::Up => embedded::up(spec, &mut |text| run.out.note(&text)).await.map(drop),
            What::Down => embedded::down(spec).await.map(drop),
            What::Destroy => embedded::destroy(spec).await.map(drop),
            What::Status => Ok(()),
        }
    });
    // All of them come to their end before one that failed is told of.
    join_all(all).await.into_iter().collect::<Result<()>>()?;
    let servers = specs.iter().map(embedded::status).collect::<Result<_>>()?;
    Ok(Box::new(DevReport { servers }))
}

fn specs(run: &Run, only: Option<&str>) -> Result<Vec<Spec>> {
    let embedded = run.manifest.servers.iter().filter_map(|(name, server)| match server.place {
        Place::Embedded { port } => Some(run.embedded(name, port)),
        Place::Url(_) => None,
    });
    let mut specs: Vec<Spec> = embedded.collect();
    if let Some(only) = only {
        specs.retain(|spec| spec.server == only);
    }
    match specs.is_empty() {
        false => Ok(specs),
        true => {
            Err(Error::usage(format!("environment \"{}\" has no such embedded server", run.manifest.env))
                .hint("only servers with embedded: true (or auto, without DB_HOST) are martydb's to run"))
        }
    }
}

struct DevReport {
    servers: Vec<Status>,
}

impl Report for DevReport {
    fn json(&self) -> Map<String, Value> {
        Map::from_iter([("servers".to_owned(), json!(self.servers))])
    }

    fn text(&self, look: &Look) -> String {
        let mut table = Table::new(&["server", "state", "version", "port", "socket", "data"])
            .spare(&["socket", "version"]);
        for server in &self.servers {
            let state = match server.state {
                State::Running => Cell::new("running", Paint::Good),
                State::Stopped => Cell::new("stopped", Paint::Warn),
                State::Absent => Cell::new("absent", Paint::Dim),
            };
            let port = server.port.map_or_else(String::new, |port| port.to_string());
            let socket =
                server.socket_dir.as_ref().map_or_else(String::new, |path| path.display().to_string());
            let version = server.server_version.clone().unwrap_or_default();
            let data = server.data_dir.display().to_string();
            table.row([
                (&server.server).into(),
                state,
                version.into(),
                Cell::number(port),
                socket.into(),
                data.into(),
            ]);
        }
        table.render(look)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::Success
    }
}
