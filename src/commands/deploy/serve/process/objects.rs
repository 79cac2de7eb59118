//! Objects that a service exposes, read without serving it.

use super::callers::served_caller;
use super::databases::SharedParts;
use crate::app::App;
use crate::commands::deploy::serve::selected::{ExposedObjects, FunctionRow, RelationRow};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::{DeclaredCaller, DesiredService, ServiceExposure};
use martydb_serve::{HttpError, ServedService};

/// Returns the error where the catalogs of a service cannot be read.
fn unread(service: &DesiredService, error: &HttpError) -> Error {
    Error::new(Kind::Unreachable, format!("the catalogs of {} cannot be read", service.name))
        .cause(&error.message)
}

async fn alone(app: &App, service: &DesiredService, exposure: &ServiceExposure) -> Result<ServedService> {
    let served = ServedService::new(SharedParts::default().database(app, service, exposure).await?)?;
    served.verify_server().await?;
    Ok(served)
}

/// Returns the OpenAPI document of a service for one of its callers.
pub(crate) async fn document(
    app: &App,
    service: &DesiredService,
    exposure: &ServiceExposure,
    (name, caller): (&str, &DeclaredCaller),
) -> Result<serde_json::Value> {
    let served = alone(app, service, exposure).await?;
    served.refresh().await.map_err(|error| unread(service, &error))?;
    let schema = exposure.schemas.first().map(ToString::to_string).unwrap_or_default();
    let text = served.document(&served_caller(name, caller), &schema).await;
    let text = text.map_err(|error| match (&*error.code, &error.hint) {
        ("MDB009", Some(hint)) => Error::operation(&*error.message).hint(&**hint),
        _ => unread(service, &error),
    })?;
    serde_json::from_str(&text)
        .map_err(|error| Error::operation("the OpenAPI document is not valid JSON").cause(error))
}

/// Returns the types of a service's rows in TypeScript, for one of its callers.
pub(crate) async fn types(
    app: &App,
    service: &DesiredService,
    exposure: &ServiceExposure,
    (name, caller): (&str, &DeclaredCaller),
) -> Result<String> {
    let served = alone(app, service, exposure).await?;
    let types = served.typescript(&served_caller(name, caller)).await;
    types.map_err(|error| unread(service, &error))
}

fn reserved(name: &str) -> Option<&'static str> {
    match name {
        name if martydb_serve::is_reserved(name) => {
            Some("its name is a word of /api/db: it is reached below /rest alone")
        }
        name if martydb_serve::is_version(name) => Some(
            "its name is that of the version in the addresses of Supabase's clients: they reach it as /rest/v1/v1",
        ),
        _ => None,
    }
}

/// Returns what a service exposes, as its reading login sees it.
pub(crate) async fn objects(
    app: &App,
    service: &DesiredService,
    exposure: &ServiceExposure,
) -> Result<ExposedObjects> {
    let served = alone(app, service, exposure).await?;
    let catalog = served.refresh().await.map_err(|error| unread(service, &error))?;
    let row = |relation: &martydb_serve::ExposedRelation| RelationRow {
        service: service.name.to_string(),
        relation: format!("{}.{}", relation.schema, relation.name),
        columns: relation.columns.len(),
        key: relation.key.clone(),
        writable: relation.insertable || relation.updatable || relation.deletable,
        is_view: relation.is_view,
        reserved: reserved(&relation.name),
    };
    let function = |function: &martydb_serve::ExposedFunction| FunctionRow {
        service: service.name.to_string(),
        function: function.signature(),
        reads: function.only_reads(),
        as_owner: function.as_owner,
        readers: function.only_reads() && !function.as_owner,
        name: function.name.clone(),
    };
    Ok(ExposedObjects {
        relations: catalog.relations().map(row).collect(),
        functions: catalog.functions().map(function).collect(),
        row_functions: exposure
            .functions
            .iter()
            .filter(|name| catalog.has_row_function(name))
            .cloned()
            .collect(),
        uncached: catalog.uncached().iter().map(|one| (one.relation.clone(), one.why.clone())).collect(),
    })
}
