//! `revision`: creates the two files of the next migration.

use clap::Args;
use serde::Serialize;

use super::choice;
use super::init::near;
use crate::shipped_files::TEMPLATES;
use martydb_migrate::files::revision::{Numbering, TemplateChoice};
use martydb_migrate::files::{Written, revision};
use martydb_model::error::Result;
use martydb_provision::run::Run;
use martydb_ui::flags::OneService;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Description of the migration; its file name is derived from it.
    #[arg(short, long, value_name = "TEXT")]
    pub message: String,
    /// Derive the version from the time (UTC), such as 20261121141500.
    #[arg(long)]
    pub timestamp: bool,
    /// Template of the files: blank, outbox, outbox-daily, inbox, partitioned-range, partitioned-hash, or NAME.sql in templates/ beside the manifest.
    #[arg(long, value_name = "NAME", default_value = "blank")]
    pub template: String,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<RevisionReport> {
    let service = &choice::service_by_name(run, &arguments.service).await?;
    let templates = run.manifest.home().join("templates");
    let numbering = if arguments.timestamp { Numbering::Timestamp } else { Numbering::Next };
    let template = TemplateChoice { name: &arguments.template, folder: &templates, builtin: TEMPLATES };
    let written = revision::write(service, &arguments.message, numbering, template)?;
    Ok(RevisionReport { service: service.name.to_string(), written })
}

#[derive(Serialize)]
pub struct RevisionReport {
    service: String,
    #[serde(flatten)]
    written: Written,
}

impl Report for RevisionReport {
    fn text(&self, _: &Style) -> String {
        let paths = [Some(&self.written.up), self.written.down.as_ref()].into_iter().flatten();
        paths.map(|path| near(path) + "\n").collect()
    }
}
