//! `exec`: runs a program with a login's connection in its environment, where no process list shows the password.

use std::ffi::{OsStr, OsString};
use std::io;

use clap::Args;
use serde::Serialize;

use super::url::REDIS_URL;
use crate::app::App;
use crate::commands::support::companions;
use crate::commands::support::login_choice::{ChosenLogin, LoginChoice, Route};
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

pub async fn run(app: &App, arguments: &Arguments) -> Result<ReplacedProcess> {
    let chosen = arguments.login.resolve(app, Route::Applications, false).await?;
    let (program, rest) = arguments.program.split_first().expect("clap demands one");
    let address = redis_variable(app, &chosen).await?;
    start(app, &chosen.parts, program, rest, address)
}

/// Returns the variable with the address of the service's keys, if it has any.
async fn redis_variable(app: &App, chosen: &ChosenLogin) -> Result<Option<(String, String)>> {
    let kind = RoleKind::APPLICATIONS.into_iter().find(|kind| kind.key() == chosen.role);
    let Some((service, kind)) = chosen.service.as_ref().zip(kind) else { return Ok(None) };
    let address = companions::address(app, app.service(service)?, kind, false).await?;
    Ok(address.map(|address| (REDIS_URL.to_owned(), address)))
}

/// Replaces martydb with the program. Its environment has the variables of `url --format env`, and lacks those with an
/// admin's password.
///
/// # Errors
/// If the program cannot be started.
pub fn start(
    app: &App,
    parts: &Parts,
    program: &OsStr,
    arguments: &[OsString],
    address: Option<(String, String)>,
) -> Result<ReplacedProcess> {
    let mut variables = parts.variables()?;
    variables.extend(address);
    match replace(program, arguments, &app.admin_variables(), &variables) {
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
