//! `serve openapi`: the OpenAPI document of a service, as one of its callers gets it.

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::process;
use super::selected::exposed;
use crate::app::App;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::{DeclaredCaller, DesiredService, ServiceExposure};
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

/// Returns the one selected service.
pub(crate) fn one_service(
    app: &App,
    select: &Select,
    command: &str,
) -> Result<(DesiredService, ServiceExposure)> {
    let mut services = exposed(app, select)?;
    match (services.pop(), services.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(Error::usage("a document is of one service")
            .hint(format!("name it: martydb serve {command} -s SERVICE"))),
    }
}

/// Returns a caller of a service by its name.
pub(crate) fn caller<'a>(
    app: &'a App,
    service: &'a DesiredService,
    wanted: &str,
) -> Result<(&'a str, &'a DeclaredCaller)> {
    let mut callers = app.manifest.serve.callers_of(&service.name);
    callers.find(|(name, _)| *name == wanted).ok_or_else(|| {
        let names: Vec<&str> = app.manifest.serve.callers_of(&service.name).map(|(name, _)| name).collect();
        Error::usage(format!("service \"{}\" has no caller \"{wanted}\"", service.name))
            .hint(hint(wanted, "callers", &names))
    })
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<OpenapiDocument> {
    let (service, exposure) = one_service(app, &arguments.select, "openapi")?;
    let callers: Vec<(&str, &DeclaredCaller)> = app.manifest.serve.callers_of(&service.name).collect();
    let caller = match (&arguments.caller, &callers[..]) {
        (Some(wanted), _) => caller(app, &service, wanted)?,
        (None, [only]) => *only,
        (None, []) => return Err(Error::usage(format!("service \"{}\" has no caller", service.name))),
        (None, all) => {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            return Err(Error::usage("each caller has a document of its own")
                .hint(format!("--caller NAME, one of {}", names.join(", "))));
        }
    };
    Ok(OpenapiDocument(process::document(app, &service, &exposure, caller).await?))
}

impl Report for OpenapiDocument {
    fn text(&self, _: &Style) -> String {
        format!("{:#}\n", self.0)
    }

    fn verbatim(&self) -> bool {
        true
    }
}
