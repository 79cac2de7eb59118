//! Page of a report: collected, compared, written.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::collect::{Collected, collect};
use super::{Arguments, earlier};
use crate::app::App;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::counted;
use martydb_os::replace_file::{Readers, replace_file, unwritable};
use martydb_report::difference::ReportDifference;
use martydb_report::page::{Extras, render};
use martydb_report::values;
use martydb_ui::flags::Format;
use martydb_ui::report::{Report, Style};

/// Collects, compares and writes. What the flags name is checked before a server is asked.
pub async fn run(app: &App, arguments: &Arguments) -> Result<PageReport> {
    let is_data = matches!(app.out.format(), Format::Json | Format::Yaml);
    if arguments.out.is_none() && !is_data && app.out.result_style().width.is_some() {
        return Err(Error::usage("a report is a page for a browser, and standard output is a terminal")
            .hint("write it with `martydb report --out report.html`"));
    }
    let before = arguments.against.as_deref().map(|path| earlier::read(path, &app.manifest)).transpose()?;
    let out = arguments.out.as_deref();
    if let Some(path) = out.filter(|_| !arguments.force) {
        earlier::check_replaceable(path)?;
    }
    let Collected { json, status, messages } = collect(app, &arguments.select).await?;
    let report = values::ReportValues::new(json)
        .map_err(|error| Error::operation("cannot read the values").cause(error))?;
    let difference = before.map(|before| ReportDifference::between(&before.values, &report.values));
    let html = render(&report, &Extras { difference: difference.as_ref(), ..Extras::default() });
    if let Some(path) = out {
        write(path, &html, arguments.force)?;
    }
    let services = report.values.services.len();
    Ok(PageReport { html, json: report.json, services, written: arguments.out.clone(), status, messages })
}

/// The file may have appeared while the servers were asked.
fn write(path: &Path, html: &str, force: bool) -> Result<()> {
    if !force {
        earlier::check_replaceable(path)?;
    }
    replace_file(path, html, Readers::All).map_err(unwritable(path))
}

/// The page, and its values.
pub struct PageReport {
    html: String,
    json: Value,
    services: usize,
    written: Option<PathBuf>,
    status: ExitStatus,
    messages: String,
}

impl Serialize for PageReport {
    /// The envelope has the version of the format.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let all = self.json.as_object().into_iter().flatten();
        serializer.collect_map(all.filter(|(key, _)| *key != "format_version"))
    }
}

impl Report for PageReport {
    fn text(&self, _: &Style) -> String {
        match &self.written {
            Some(path) => {
                format!("Wrote the report of {} to {}.\n", counted(self.services, "service"), path.display())
            }
            None => self.html.clone(),
        }
    }

    fn messages(&self, _: &Style) -> String {
        self.messages.clone()
    }

    fn verbatim(&self) -> bool {
        self.written.is_none()
    }

    fn status(&self) -> ExitStatus {
        self.status
    }
}
