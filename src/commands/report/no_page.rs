//! `report` in a build without the feature of that name.

use serde::Serialize;

use super::Arguments;
use crate::app::Run;
use crate::commands::missing_feature;
use martydb_model::error::Result;
use martydb_ui::report::{Report, Style};

/// # Errors
/// Always: this build makes no page.
pub async fn run(_: &Run, _: &Arguments) -> Result<PageReport> {
    Err(missing_feature("report"))
}

/// Report that does not exist.
#[derive(Serialize)]
pub enum PageReport {}

impl Report for PageReport {
    fn text(&self, _: &Style) -> String {
        match *self {}
    }
}
