//! Questions on a terminal. They go to stderr: stdout is for data.

use std::io::{self, IsTerminal};

use dialoguer::console::Term;
use dialoguer::{Confirm, Input, Password};
use secrecy::SecretString;

use crate::error::{Error, Result};
use crate::report::printable;

/// Is somebody there to answer?
pub fn possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Yes or no; no is the default.
pub fn yes_no(question: &str) -> Result<bool> {
    let answer = Confirm::new().with_prompt(printable(question)).default(false).interact_on(&Term::stderr());
    answer.map_err(|error| Error::usage("no answer could be read").cause(error))
}

/// A line of text.
pub fn text(question: &str) -> Result<String> {
    let answer = Input::<String>::new()
        .with_prompt(printable(question))
        .allow_empty(true)
        .interact_on(&Term::stderr());
    answer.map_err(|error| Error::usage("no answer could be read").cause(error))
}

/// A password, which is not shown as it is typed.
pub fn password(question: &str) -> Result<SecretString> {
    let answer = Password::new()
        .with_prompt(printable(question))
        .allow_empty_password(true)
        .interact_on(&Term::stderr());
    answer.map(SecretString::from).map_err(|error| Error::usage("no password could be read").cause(error))
}
