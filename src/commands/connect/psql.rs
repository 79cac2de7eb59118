//! `psql`: opens a session as a service's login, straight to the server.

use std::ffi::{OsStr, OsString};

use clap::Args;

use super::exec::{self, ReplacedProcess};
use crate::app::App;
use crate::commands::support::login_choice::{LoginChoice, Route};
use martydb_model::error::Result;

/// Name of libpq's own client.
pub const PROGRAM: &str = "psql";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub login: LoginChoice,
    /// Arguments for psql, after `--`.
    #[arg(last = true, value_name = "ARGUMENT")]
    pub arguments: Vec<OsString>,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<ReplacedProcess> {
    let chosen = arguments.login.resolve(app, Route::Straight, false).await?;
    exec::start(app, &chosen.parts, OsStr::new(PROGRAM), &arguments.arguments, None)
}
