//! The data service in a build without the feature `serve`: there is none.

use super::listener::ListenerFlags;
use super::selected::ExposedObjects;
use crate::app::App;
use crate::commands::support::missing::missing_feature;
use martydb_model::error::Result;
use martydb_model::{DeclaredCaller, DesiredService, ServiceExposure};
use martydb_ui::flags::Select;

pub async fn serve(
    _: &App,
    _: &[(DesiredService, ServiceExposure)],
    _: &Select,
    _: &ListenerFlags,
) -> Result<()> {
    Err(missing_feature("serve"))
}

pub async fn objects(_: &App, _: &DesiredService, _: &ServiceExposure) -> Result<ExposedObjects> {
    Err(missing_feature("serve"))
}

pub async fn document(
    _: &App,
    _: &DesiredService,
    _: &ServiceExposure,
    _: (&str, &DeclaredCaller),
) -> Result<serde_json::Value> {
    Err(missing_feature("serve"))
}

pub async fn types(
    _: &App,
    _: &DesiredService,
    _: &ServiceExposure,
    _: (&str, &DeclaredCaller),
) -> Result<String> {
    Err(missing_feature("serve"))
}

/// Returns the digest of a key in hexadecimal.
pub fn digest(_: &str) -> String {
    String::new()
}
