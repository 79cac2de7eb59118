//! `split` in a build without the feature of that name.

use std::ffi::OsString;

use clap::Args;
use serde::Serialize;

use super::missing_feature;
use crate::app::Run;
use martydb_model::error::Result;
use martydb_ui::report::{Report, Style};

/// Any step and its options: all of them end with the same error.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Step of the split.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _step: Vec<OsString>,
}

/// # Errors
/// Always: this build cannot split a database.
pub async fn run(_: &Run, _: &Arguments) -> Result<SplitReport> {
    Err(missing_feature("split"))
}

/// Report that does not exist.
#[derive(Serialize)]
pub enum SplitReport {}

impl Report for SplitReport {
    fn text(&self, _: &Style) -> String {
        match *self {}
    }
}
