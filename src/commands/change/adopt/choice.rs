//! Choice of the database to adopt, on a terminal, by a run that names no service.

use std::sync::Arc;

use crate::app::App;
use martydb_apply::adopt;
use martydb_import::discovery::service_name;
use martydb_manifest::ManifestDraft;
use martydb_model::ServiceName;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_ui::flags::Global;
use martydb_ui::prompt;
use martydb_ui::report::Out;

/// A database that was chosen.
pub(crate) struct ChosenDatabase {
    /// The run that read the server: it knows the password that was typed for it.
    pub app: App,
    pub service: ServiceName,
    pub server: String,
    pub database: String,
}

/// Asks for one of the databases that no service has; its service gets the name nearest to the database's.
#[martydb_pg::boxed]
pub async fn database(
    global: &Global,
    environment: &Environment,
    out: &Arc<Out>,
    before: &ManifestDraft,
    named: Option<&str>,
) -> Result<ChosenDatabase> {
    let none = || {
        Error::usage("no service given")
            .hint("name it and its database: `martydb adopt SERVICE --database NAME`")
    };
    if global.no_input || global.yes || !prompt::possible() {
        return Err(none());
    }
    let app = App::with_manifest(global, before.resolve(environment)?, environment.clone(), out.clone());
    let server = server(&app, named).await?;
    let found = adopt::candidates(&app.admin(&server).await?, &app.manifest.desired(&server)).await?;
    let names: Vec<String> = found.iter().map(ToString::to_string).collect();
    let database = match names.as_slice() {
        [] => return Err(none().cause(format!("each database of server \"{server}\" belongs to a service"))),
        names => names[prompt::one_of("Database to adopt", names).await?].clone(),
    };
    let service = service_name(&database).ok_or_else(none)?;
    Ok(ChosenDatabase { app, service, server, database })
}

async fn server(app: &App, named: Option<&str>) -> Result<String> {
    let all: Vec<String> = app.manifest.servers.keys().cloned().collect();
    match (named, all.as_slice()) {
        (Some(named), _) if all.iter().any(|server| server == named) => Ok(named.to_owned()),
        (Some(named), _) => {
            Err(Error::usage(format!("unknown server \"{named}\"")).hint(martydb_model::suggest::hint(
                named,
                "servers",
                &all.iter().map(String::as_str).collect::<Vec<_>>(),
            )))
        }
        (None, [only]) => Ok(only.clone()),
        (None, all) => Ok(all[prompt::one_of("Server", all).await?].clone()),
    }
}
