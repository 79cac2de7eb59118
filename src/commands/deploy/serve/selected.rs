//! Services that are exposed, and their relations.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::app::App;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, ServiceExposure};
use martydb_ui::flags::Select;

/// Returns the selected services that are exposed.
pub(crate) fn exposed(app: &App, select: &Select) -> Result<Vec<(DesiredService, ServiceExposure)>> {
    let hint = "add `serve: {}` to the service in the manifest, then run `martydb apply`";
    let services = app.readable(select)?;
    if let Some(other) = services.iter().find(|service| !select.names_none() && service.serve.is_none()) {
        return Err(Error::usage(format!("service \"{}\" is not exposed", other.name)).hint(hint));
    }
    let all: Vec<_> = services
        .into_iter()
        .filter_map(|service| service.serve.clone().map(|exposure| (service, exposure)))
        .collect();
    match all.is_empty() {
        true => Err(Error::usage("no service is exposed").hint(hint)),
        false => Ok(all),
    }
}

/// Relations and functions of one service.
pub(crate) struct ExposedObjects {
    pub relations: Vec<RelationRow>,
    pub functions: Vec<FunctionRow>,
    /// Names of functions that act as columns, or as embedded relations.
    pub row_functions: BTreeSet<String>,
    /// Relations listed under `cache:` that cannot be cached, with the reason.
    pub uncached: Vec<(String, String)>,
}

/// A function that callers may call.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FunctionRow {
    pub service: String,
    /// Its signature.
    pub function: String,
    /// `true` if it cannot write: GET may call it.
    pub reads: bool,
    /// `true` if it runs with the privileges of its owner.
    pub as_owner: bool,
    /// `true` if a caller that only reads may call it.
    pub readers: bool,
    #[serde(skip)]
    pub name: String,
}

/// An exposed table or view.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RelationRow {
    pub service: String,
    pub relation: String,
    pub columns: usize,
    /// Columns of the primary key.
    pub key: Vec<String>,
    pub writable: bool,
    #[serde(skip)]
    pub is_view: bool,
    /// The problem of a name that is a part of an address.
    #[serde(skip)]
    pub reserved: Option<&'static str>,
}
