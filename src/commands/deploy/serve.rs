//! `serve`: offers rows of services over HTTP; subcommands check what is exposed and manage the callers' keys.

mod check;
mod key;
mod listener;
mod openapi;
#[cfg(feature = "serve")]
mod process;
#[cfg(not(feature = "serve"))]
#[path = "serve/no_process.rs"]
mod process;
mod selected;
mod stored_keys;
mod types;

use clap::{Args, Subcommand};
use serde::Serialize;

use listener::ListenerFlags;

use crate::app::App;
use crate::commands::support::missing::missing_feature;
use crate::commands::support::report_enum::report_enum;
use martydb_model::error::Result;
use martydb_ui::flags::Select;
use martydb_ui::report::{Report, Style, pause};

#[derive(Debug, Args)]
#[group(skip)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    #[command(flatten)]
    pub listener: ListenerFlags,
    /// Check what is exposed, or manage keys.
    #[command(subcommand)]
    pub what: Option<ServeCommand>,
}

/// Operation beside serving.
#[derive(Debug, Subcommand)]
pub enum ServeCommand {
    /// Show what is exposed, and what is not and why.
    Check(check::Arguments),
    /// Create, revoke or list the keys of callers.
    Key(key::Arguments),
    /// Print the OpenAPI document of a service.
    Openapi(openapi::Arguments),
    /// Print the types of a service's rows for programs.
    Types(types::Arguments),
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<ServeReport> {
    if cfg!(not(feature = "serve")) {
        return Err(missing_feature("serve"));
    }
    Ok(match &arguments.what {
        None => {
            let _still = pause();
            let (select, flags) = (&arguments.select, &arguments.listener);
            process::serve(app, &selected::exposed(app, select)?, select, flags).await?;
            ServeReport::Served(Stopped {})
        }
        Some(ServeCommand::Check(arguments)) => ServeReport::Checked(check::run(app, arguments).await?),
        Some(ServeCommand::Key(arguments)) => ServeReport::Key(key::run(app, arguments).await?),
        Some(ServeCommand::Openapi(arguments)) => ServeReport::Openapi(openapi::run(app, arguments).await?),
        Some(ServeCommand::Types(arguments)) => ServeReport::Types(types::run(app, arguments).await?),
    })
}

report_enum! {
    ServeReport {
        Served(Stopped),
        Checked(check::ExposedServices),
        Key(key::CallerKeys),
        Openapi(openapi::OpenapiDocument),
        Types(types::ServiceTypes),
    }
}

/// Report of a process that was stopped: it has said all on the way.
#[derive(Serialize)]
pub struct Stopped {}

impl Report for Stopped {
    fn text(&self, _: &Style) -> String {
        String::new()
    }
}
