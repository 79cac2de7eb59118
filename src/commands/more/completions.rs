//! `completions`: prints the script through which a shell completes martydb's words.

use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use martydb_model::error::{Error, Result};
use martydb_ui::report::Document;

/// Variable through which the script requests completions; `interface/complete.rs` answers.
pub(crate) const VARIABLE: &str = "COMPLETE";

#[derive(Debug, Args)]
pub struct Arguments {
    /// Shell to complete in.
    #[arg(value_enum)]
    pub shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Document> {
    script(&arguments.shell.to_string()).map(Document)
}

/// # Errors
/// If the shell is unknown.
pub(crate) fn script(shell: &str) -> Result<String> {
    let (shells, mut text) = (Shells::builtins(), vec![]);
    let known = || shells.names().collect::<Vec<_>>().join(", ");
    let found = shells.completer(shell).ok_or_else(|| {
        Error::usage(format!("unknown shell \"{shell}\"")).hint(format!("shells: {}", known()))
    })?;
    let written = found.write_registration(VARIABLE, "martydb", "martydb", "martydb", &mut text);
    written.map_err(|error| Error::operation("cannot write the script").cause(error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
