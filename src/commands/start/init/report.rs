//! Report of `init`: services found, files written, next commands.

use std::path::PathBuf;

use serde::Serialize;

use crate::commands::support::relative_path::relative_path;
use martydb_import::discovery::{Proposal, ProposedService};
use martydb_model::ServiceName;
use martydb_ui::report::{Report, Style, printable};

#[derive(Serialize)]
pub struct InitReport {
    manifest: PathBuf,
    /// JSON Schema of the manifest, for editors.
    schema: Option<PathBuf>,
    folders: Vec<PathBuf>,
    services: Vec<InitService>,
    notes: Vec<String>,
    /// Next commands, in order.
    next: Vec<String>,
    #[serde(skip)]
    created: Vec<PathBuf>,
    #[serde(skip)]
    is_addition: bool,
    /// With `--dry-run`, the text that would be written.
    text: Option<String>,
}

#[derive(Serialize)]
struct InitService {
    service: String,
    /// Locations of the evidence of the service, if any.
    found: Vec<String>,
}

/// Note for services with an existing database.
const TAKE_OVER: &str = "`martydb init-all` creates new databases, on an embedded server; to take over an existing one, \
                         set DB_HOST, DB_USER and DB_PASSWORD, and run `martydb adopt SERVICE`";

impl InitReport {
    pub fn dry(manifest: PathBuf, text: String, proposal: Proposal) -> InitReport {
        InitReport { text: Some(text), schema: None, ..InitReport::new(manifest, vec![], proposal) }
    }

    pub fn written(
        schema: PathBuf,
        folders: Vec<PathBuf>,
        created: Vec<PathBuf>,
        proposal: Proposal,
        manifest: PathBuf,
    ) -> InitReport {
        InitReport { schema: Some(schema), created, ..InitReport::new(manifest, folders, proposal) }
    }

    /// Returns the report of services that were added to a manifest.
    pub fn added(
        manifest: PathBuf,
        folders: Vec<PathBuf>,
        created: Vec<PathBuf>,
        names: &[&ServiceName],
    ) -> InitReport {
        let names = names.iter().map(|name| (*name).clone()).collect();
        let proposal = Proposal::default().restricted_to(&names);
        InitReport { created, is_addition: true, ..InitReport::new(manifest, folders, proposal) }
    }

    fn new(manifest: PathBuf, folders: Vec<PathBuf>, proposal: Proposal) -> InitReport {
        let next = proposal.next_commands();
        let service = |(name, one): (ServiceName, ProposedService)| InitService {
            service: name.to_string(),
            found: one.found,
        };
        let mut notes = proposal.notes;
        let from_database =
            |service: &ProposedService| service.import.as_ref().is_some_and(|(tool, _)| tool.is_programs());
        if proposal.services.values().any(|service| service.exists || from_database(service)) {
            notes.push(TAKE_OVER.into());
        }
        let services = proposal.services.into_iter().map(service).collect();
        let created = vec![];
        InitReport {
            manifest,
            schema: None,
            folders,
            services,
            notes,
            next,
            created,
            is_addition: false,
            text: None,
        }
    }
}

impl Report for InitReport {
    fn text(&self, _: &Style) -> String {
        if let Some(text) = &self.text {
            return text.lines().map(|line| printable(line) + "\n").collect();
        }
        let changed = self.is_addition.then(|| format!("changed {}\n", relative_path(&self.manifest)));
        let mut text: String =
            self.created.iter().map(|path| format!("created {}\n", relative_path(path))).collect();
        self.notes.iter().for_each(|note| text += &format!("note: {}\n", printable(note)));
        text.extend(changed);
        text += "\nNext:\n";
        self.next.iter().for_each(|command| text += &format!("  {}\n", printable(command)));
        text
    }
}
