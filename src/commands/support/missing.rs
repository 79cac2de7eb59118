//! Features that this build lacks: their commands stay in the help, and end with the name of the feature.

use std::ffi::OsString;

use clap::Args;
use serde::Serialize;

use martydb_model::error::Error;
use martydb_ui::report::{Report, Style};

pub(crate) fn missing_feature(feature: &str) -> Error {
    Error::usage(format!("this build of martydb lacks the feature `{feature}`"))
        .hint(format!("build it with `cargo build --features {feature}`, or without `--no-default-features`"))
}

/// Any arguments: all of them end with the same error.
#[derive(Debug, Args)]
pub(crate) struct AnyArguments {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _words: Vec<OsString>,
}

impl AnyArguments {
    /// Returns `false`: the run ends before it logs in.
    pub(crate) fn changes_servers(&self) -> bool {
        false
    }
}

/// Report that does not exist.
#[derive(Serialize)]
pub enum NoReport {}

impl Report for NoReport {
    fn text(&self, _: &Style) -> String {
        match *self {}
    }
}
