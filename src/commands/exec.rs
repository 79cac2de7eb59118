//! `exec`: runs a program with a login's connection in its environment, where no process list shows the password.

use std::ffi::{OsStr, OsString};
use std::io;

use clap::Args;
use serde::Serialize;

use super::login_choice::{ChosenLogin, LoginChoice, Route};
use super::url::REDIS_URL;
use crate::app::Run;
use crate::commands::redis;
use martydb_manifest::connection_string::Parts;
use martydb_model::RoleKind;
use martydb_model::error::{Error, Kind, Result};
use martydb_os::replace_process::replace;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub login: LoginChoice,
    /// Program and its arguments, after `--`.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub program: Vec<OsString>,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<ReplacedProcess> {
    let chosen = arguments.login.resolve(run, Route::Applications, false).await?;
    let (program, rest) = arguments.program.split_first().expect("clap demands one");
    let beside = redis_variable(run, &chosen).await?;
    start(run, &chosen.parts, program, rest, beside)
}

/// Returns the variable with the address of the service's keys, if it has any.
async fn redis_variable(run: &Run, chosen: &ChosenLogin) -> Result<Option<(String, String)>> {
    let kind = RoleKind::APPLICATIONS.into_iter().find(|kind| kind.key() == chosen.role);
    let Some((service, kind)) = chosen.service.as_ref().zip(kind) else { return Ok(None) };
    let address = redis::address(run, run.service(service)?, kind, false).await?;
    Ok(address.map(|address| (REDIS_URL.to_owned(), address.url)))
}

/// Replaces martydb with the program. Its environment has the variables of `url --format env`, and lacks those with an
/// admin's password.
///
/// # Errors
/// If the program cannot be started.
pub fn start(
    run: &Run,
    parts: &Parts,
    program: &OsStr,
    arguments: &[OsString],
    beside: Option<(String, String)>,
) -> Result<ReplacedProcess> {
    let mut variables = parts.variables()?;
    variables.extend(beside);
    match replace(program, arguments, &run.admin_variables(), &variables) {
        Ok(never) => match never {},
        Err(error) => Err(not_started(program, &error)),
    }
}

fn not_started(program: &OsStr, error: &io::Error) -> Error {
    let name = program.display();
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(Kind::ProgramNotFound, format!("program {name} not found"))
            .cause("it is neither in a folder of PATH nor a file here")
            .hint("install it, or specify its path"),
        _ => Error::operation(format!("cannot start {name}")).cause(error),
    }
}

/// Never returned: the program has replaced martydb.
#[derive(Serialize)]
pub enum ReplacedProcess {}

impl Report for ReplacedProcess {
    fn text(&self, _: &Style) -> String {
        match *self {}
    }
}
