//! `serve openapi`: the OpenAPI document of a service, as one of its callers gets it.

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::process;
use super::selected::exposed;
use crate::app::App;
use martydb_model::DeclaredCaller;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_ui::flags::Select;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Caller of the manifest whose privileges count; needed if the service has several.
    #[arg(long, value_name = "NAME")]
    pub caller: Option<String>,
}

/// The document.
#[derive(Serialize)]
#[serde(transparent)]
pub struct OpenapiDocument(Value);

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<OpenapiDocument> {
    let services = exposed(app, &arguments.select)?;
    let [(service, exposure)] = &services[..] else {
        return Err(
            Error::usage("a document is of one service").hint("name it: martydb serve openapi -s SERVICE")
        );
    };
    let callers: Vec<(&str, &DeclaredCaller)> = app.manifest.serve.callers_of(&service.name).collect();
    let names: Vec<&str> = callers.iter().map(|(name, _)| *name).collect();
    let caller = match &arguments.caller {
        Some(wanted) => callers.iter().find(|(name, _)| name == wanted).ok_or_else(|| {
            Error::usage(format!("service \"{}\" has no caller \"{wanted}\"", service.name))
                .hint(hint(wanted, "callers", &names))
        })?,
        None => match &callers[..] {
            [only] => only,
            [] => return Err(Error::usage(format!("service \"{}\" has no caller", service.name))),
            _ => {
                return Err(Error::usage("each caller has a document of its own")
                    .hint(format!("--caller NAME, one of {}", names.join(", "))));
            }
        },
    };
    Ok(OpenapiDocument(process::document(app, service, exposure, *caller).await?))
}

impl Report for OpenapiDocument {
    fn text(&self, _: &Style) -> String {
        format!("{:#}\n", self.0)
    }

    fn verbatim(&self) -> bool {
        true
    }
}
