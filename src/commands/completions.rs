//! `completions`: generated from the command line's own types.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::error::Result;
use crate::report::Document;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

pub fn run(mut command: Command, arguments: &Arguments) -> Result<Document> {
    let mut bytes = vec![];
    clap_complete::generate(arguments.shell, &mut command, "martydb", &mut bytes);
    Ok(Document(String::from_utf8_lossy(&bytes).into_owned()))
}
