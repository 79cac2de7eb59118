//! `split init`: proposes a first map.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::common::MapChoice;
use crate::app::App;
use crate::commands::support::relative_path::relative_path;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::units::counted;
use martydb_os::replace_file::{Readers, replace_file, unwritable};
use martydb_split::{
    CrossingEdge, GuessedTable, SplitProposal, edges_of, propose, read_source, service_hints, split_yaml,
};
use martydb_ui::report::{Report, ReportColumn, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Shared database, and its server in the manifest.
    #[arg(long, value_name = "SERVER/DATABASE")]
    pub from: String,
    #[command(flatten)]
    pub map: MapChoice,
    /// Print the map; write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<ProposedMap> {
    let (server, database) = parts(app, &arguments.from)?;
    let path = arguments.map.path(app);
    if !arguments.dry_run && path.symlink_metadata().is_ok() {
        return Err(Error::usage(format!("{} already exists", relative_path(&path)))
            .hint("`martydb split plan` shows its open questions")
            .hint(
                "for a new proposal: move it away, choose another file with --map FILE, or print one with --dry-run",
            ));
    }
    let access = app.admin(server).await?;
    let source = read_source(&access, database).await?;
    let proposal = propose(&source, &service_hints(&app.manifest));
    let edges = edges_of(&proposal, &source);
    let text = split_yaml(server, database, &proposal, &edges);
    if !arguments.dry_run {
        replace_file(&path, &text, Readers::All).map_err(unwritable(&path))?;
    }
    let next = arguments.map.in_command("martydb split plan");
    Ok(ProposedMap::new(path, &proposal, &edges, arguments.dry_run.then_some(text), next))
}

fn parts<'a>(app: &App, from: &'a str) -> Result<(&'a str, &'a str)> {
    let parts = from.split_once('/').filter(|(server, database)| !server.is_empty() && !database.is_empty());
    let Some((server, database)) = parts else {
        return Err(Error::usage(format!("\"{from}\" is not of the form SERVER/DATABASE"))
            .hint("for example: martydb split init --from main/shared"));
    };
    if !app.manifest.servers.contains_key(server) {
        let known: Vec<&str> = app.manifest.servers.keys().map(String::as_str).collect();
        return Err(
            Error::usage(format!("unknown server \"{server}\"")).hint(hint(server, "servers", &known))
        );
    }
    Ok((server, database))
}

#[derive(Serialize)]
pub struct ProposedMap {
    map: PathBuf,
    services: Vec<ProposedTables>,
    ignored: Vec<GuessedTable>,
    unassigned: Vec<GuessedTable>,
    /// Number of boundary crossings with these guesses.
    edges: usize,
    /// Next commands, in order.
    next: Vec<String>,
    /// With `--dry-run`, the text that would be written.
    text: Option<String>,
}

#[derive(Serialize)]
struct ProposedTables {
    service: String,
    tables: Vec<GuessedTable>,
}

impl ProposedMap {
    fn new(
        map: PathBuf,
        proposal: &SplitProposal,
        edges: &[CrossingEdge],
        text: Option<String>,
        next: String,
    ) -> ProposedMap {
        let services = proposal.services.iter();
        let services = services
            .map(|(service, all)| ProposedTables { service: service.to_string(), tables: all.clone() });
        ProposedMap {
            map,
            services: services.collect(),
            ignored: proposal.ignored.clone(),
            unassigned: proposal.open.clone(),
            edges: edges.len(),
            next: vec![next],
            text,
        }
    }
}

impl Report for ProposedMap {
    fn text(&self, style: &Style) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        let columns: Vec<ReportColumn<(&str, &GuessedTable)>> = vec![
            ReportColumn::shown("service", |(service, _), _| service.into()),
            ReportColumn::shown("table", |(_, guess), _| guess.table.as_str().into()),
            ReportColumn::shown("why", |(_, guess), _| (&guess.reason).into()),
        ];
        let assigned = self.services.iter().map(|one| (one.service.as_str(), &one.tables));
        let rows = assigned.chain([("(ignored)", &self.ignored), ("(unassigned)", &self.unassigned)]);
        let rows = rows.flat_map(|(service, guesses)| guesses.iter().map(move |guess| (service, guess)));
        let table = ReportColumn::table(columns, &[], rows, style);
        let mut text = table.render_or("The database has no tables.\n", style);
        text += &format!(
            "\nWrote {}: {} to assign, {} to answer.\n",
            relative_path(&self.map),
            counted(self.unassigned.len(), "table"),
            counted(self.edges, "edge")
        );
        text + &format!("next: correct it, then `{}`\n", self.next.join("`, `"))
    }
}
