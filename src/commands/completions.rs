//! `completions` and `man`: generated from the command line's own types.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;

/// Flags of `completions`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The completion script of a shell.
pub fn script(shell: Shell) -> String {
    let mut bytes = vec![];
    clap_complete::generate(shell, &mut Cli::command(), "martydb", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The man page, in roff: the overview, then a section for each command.
pub fn man_page() -> String {
    let mut bytes = vec![];
    let mut command = Cli::command();
    command.build();
    // Writing to memory cannot fail.
    let _written = clap_mangen::Man::new(command.clone()).render(&mut bytes);
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let _written = clap_mangen::Man::new(sub.clone()).render(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
