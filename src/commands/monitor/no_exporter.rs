//! `monitor` in a build without the feature of that name.

use serde::Serialize;

use super::Arguments;
use crate::app::Run;
use crate::commands::missing_feature;
use martydb_model::error::Result;
use martydb_ui::report::{Report, Style};

/// # Errors
/// Always: this build has no exporter.
pub async fn run(_: &Run, _: &Arguments) -> Result<MonitorReport> {
    Err(missing_feature("monitor"))
}

/// Report that does not exist.
#[derive(Serialize)]
pub enum MonitorReport {}

impl Report for MonitorReport {
    fn text(&self, _: &Style) -> String {
        match *self {}
    }
}
