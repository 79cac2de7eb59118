//! `revision`: creates the two files of the next migration, empty or from the difference to a declared schema.

mod arguments;
mod compared;
mod from;
mod plan;
mod proof;
mod sides;
mod writing;

use serde::Serialize;

pub use arguments::Arguments;

use crate::app::App;
use crate::commands::support::choice;
use crate::commands::support::relative_path::relative_path;
use crate::shipped_files::TEMPLATES;
use martydb_migrate::files::revision::{Numbering, TemplateChoice, collection};
use martydb_migrate::files::{Written, revision};
use martydb_model::error::Result;
use martydb_ui::report::{Report, Style, printable};

pub async fn run(app: &App, arguments: &Arguments) -> Result<RevisionReport> {
    let service = &choice::service_by_name(app, &arguments.service).await?;
    if let Some(from) = &arguments.from {
        let from::Revised { written, texts, held, notes, undivided, tried } =
            from::revise(app, service, arguments, from).await?;
        let held = held.into_iter().map(|(object, reason)| HeldObject { object, reason }).collect();
        let texts = texts.into_iter().map(|texts| FileTexts { up: texts.up, down: texts.down }).collect();
        let mut written = written.into_iter();
        let (written, further) = (written.next(), written.collect());
        let tried = tried.map(|(database, columns)| TriedSample { database, columns });
        let compared = Some(Compared { held, further, texts, notes, undivided, tried });
        return Ok(RevisionReport { service: service.name.to_string(), written, compared });
    }
    let templates = app.manifest.home().join("templates");
    let numbering = if arguments.timestamp { Numbering::Timestamp } else { Numbering::Next };
    if let Some(file) = &arguments.collection {
        let written = collection::write(service, file, arguments.message.as_deref(), numbering, TEMPLATES)?;
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
    /// Effects that the statements do not have, though one may expect them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// Reason why all statements are in one migration although the staged form was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    undivided: Option<String>,
    /// Database on whose rows changed types were tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    tried: Option<TriedSample>,
}

#[derive(Serialize)]
struct TriedSample {
    database: String,
    /// Number of columns whose values were converted there.
    columns: usize,
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
        for note in &self.notes {
            text += &format!("note: {}\n", printable(note));
        }
        if let Some(note) = &self.undivided {
            text += &format!("{}\n", printable(note));
        }
        if let Some(tried) = &self.tried {
            text += &format!(
                "Types tried on the rows of {}: {} columns.\n",
                printable(&tried.database),
                tried.columns
            );
        }
        if !self.held.is_empty() {
            text += "Commented lines were proven as statements and as comments.\n";
        }
        text + "Proven in scratch databases without rows: the schema after up, down and up again.\n"
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
