//! `serve types`: the types of a service's rows, for programs that are its callers.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::openapi::{caller, one_service};
use super::process;
use crate::app::App;
use martydb_model::DeclaredCaller;
use martydb_model::error::Result;
use martydb_ui::flags::Select;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Language of the types.
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: TypeLanguage,
    /// Caller of the manifest whose privileges count; default: what the service's own login may read and write.
    #[arg(long, value_name = "NAME")]
    pub caller: Option<String>,
}

/// A language in which types are printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum TypeLanguage {
    /// TypeScript: the type `Database` of PostgREST's clients.
    Ts,
}

/// The text of the types.
#[derive(Serialize)]
pub struct ServiceTypes {
    service: String,
    types: String,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<ServiceTypes> {
    let TypeLanguage::Ts = arguments.lang;
    let (service, exposure) = one_service(app, &arguments.select, "types --lang ts")?;
    let own = DeclaredCaller::writing(service.name.clone());
    let (name, who) = match &arguments.caller {
        Some(wanted) => caller(app, &service, wanted)?,
        None => (service.name.as_str(), &own),
    };
    let types = process::types(app, &service, &exposure, (name, who)).await?;
    Ok(ServiceTypes { service: service.name.to_string(), types })
}

impl Report for ServiceTypes {
    fn text(&self, _: &Style) -> String {
        self.types.clone()
    }

    fn verbatim(&self) -> bool {
        true
    }
}
