//! `man`: generated from the command line's own types.

use clap::{Args, Command};

use crate::error::Result;
use crate::report::Document;

#[derive(Debug, Args)]
pub struct Arguments {}

/// The man page, in roff: the overview, then a section for each command.
pub fn run(command: Command, _: &Arguments) -> Result<Document> {
    let mut bytes = vec![];
    // The page is of a version, not of a build.
    let mut command = command.long_version(env!("CARGO_PKG_VERSION"));
    command.build();
    // Writing to memory cannot fail.
    let _written = clap_mangen::Man::new(command.clone()).render(&mut bytes);
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let _written = clap_mangen::Man::new(sub.clone()).render(&mut bytes);
    }
    Ok(Document(String::from_utf8_lossy(&bytes).into_owned()))
}
