//! Questions on a terminal. They go to stderr: stdout is for data.

use std::io::{self, IsTerminal};

use dialoguer::Confirm;
use dialoguer::console::Term;

use crate::error::{Error, Result};

/// Is somebody there to answer?
pub fn possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Yes or no; no is the default.
pub fn yes_no(question: &str) -> Result<bool> {
    let answer = Confirm::new().with_prompt(question).default(false).interact_on(&Term::stderr());
    answer.map_err(|error| Error::usage("no answer could be read").cause(error))
}
