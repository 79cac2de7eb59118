//! `psql`: opens a session as a service's login, straight to the server.

use std::ffi::{OsStr, OsString};

use clap::Args;

use super::exec::{self, ReplacedProcess};
use super::login_choice::{LoginChoice, Route};
use crate::app::Run;
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

pub async fn run(run: &Run, arguments: &Arguments) -> Result<ReplacedProcess> {
    let chosen = arguments.login.resolve(run, Route::Straight, false).await?;
    exec::start(run, &chosen.parts, OsStr::new(PROGRAM), &arguments.arguments, None)
}
