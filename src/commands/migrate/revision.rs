//! `revision`: creates the two files of the next migration, empty or from the difference to a declared schema.

mod arguments;
mod collection;
mod from;
mod proof;
mod sides;

use serde::Serialize;

pub use arguments::Arguments;

use crate::app::App;
use crate::commands::support::choice;
use crate::commands::support::relative_path::relative_path;
use crate::shipped_files::TEMPLATES;
use martydb_migrate::files::revision::{Numbering, TemplateChoice};
use martydb_migrate::files::{Written, revision};
use martydb_model::error::Result;
use martydb_ui::report::{Report, Style, printable};

pub async fn run(app: &App, arguments: &Arguments) -> Result<RevisionReport> {
    let service = &choice::service_by_name(app, &arguments.service).await?;
    if let Some(from) = &arguments.from {
        let from::Revised { written, texts, held } = from::revise(app, service, arguments, from).await?;
        let held = held.into_iter().map(|(object, reason)| HeldObject { object, reason }).collect();
        let texts = texts.into_iter().map(|texts| FileTexts { up: texts.up, down: texts.down }).collect();
        let mut written = written.into_iter();
        let (written, further) = (written.next(), written.collect());
        let compared = Some(Compared { held, further, texts });
        return Ok(RevisionReport { service: service.name.to_string(), written, compared });
    }
    let templates = app.manifest.home().join("templates");
    let numbering = if arguments.timestamp { Numbering::Timestamp } else { Numbering::Next };
    if let Some(file) = &arguments.collection {
        let written = collection::write(service, file, arguments.message.as_deref(), numbering)?;
        return Ok(RevisionReport {
            service: service.name.to_string(),
            written: Some(written),
            compared: None,
        });
    }
    let template = TemplateChoice { name: &arguments.template, folder: &templates, builtin: TEMPLATES };
    let message = arguments.message.as_deref().unwrap_or_default();
    let written = revision::write(service, message, numbering, template)?;
    Ok(RevisionReport { service: service.name.to_string(), written: Some(written), compared: None })
}

#[derive(Serialize)]
pub struct RevisionReport {
    service: String,
    #[serde(flatten)]
    written: Option<Written>,
    #[serde(flatten)]
    compared: Option<Compared>,
}

/// Result of a comparison with a declared schema.
#[derive(Serialize)]
struct Compared {
    /// Objects whose statements are commented out.
    held: Vec<HeldObject>,
    /// Migrations behind the first.
    further: Vec<Written>,
    /// Texts of all migrations; none without a difference.
    texts: Vec<FileTexts>,
}

#[derive(Serialize)]
struct FileTexts {
    up: String,
    down: String,
}

#[derive(Serialize)]
struct HeldObject {
    object: String,
    reason: String,
}

impl Compared {
    fn text(&self, is_written: bool) -> String {
        if self.texts.is_empty() {
            return "No difference: nothing to write.\n".into();
        }
        let shown = self.texts.iter().filter(|_| !is_written);
        let mut text: String = shown.map(|one| format!("{}\n{}\n", one.up, one.down)).collect();
        for one in &self.held {
            text += &format!("commented out: {}: {}\n", printable(&one.object), printable(&one.reason));
        }
        text + "Proven in scratch databases: up, down and up again.\n"
    }
}

impl Report for RevisionReport {
    fn text(&self, _: &Style) -> String {
        let further = self.compared.iter().flat_map(|compared| &compared.further);
        let written = self.written.iter().chain(further);
        let paths = written.flat_map(|written| [Some(&written.up), written.down.as_ref()]).flatten();
        let mut text: String = paths.map(|path| relative_path(path) + "\n").collect();
        if let Some(compared) = &self.compared {
            text += &compared.text(self.written.is_some());
        }
        text
    }
}
