//! A manifest that a command completes: its text, its meaning, and the extended text. Nothing is written to disk here.

use std::collections::BTreeMap;

use serde_yaml::Mapping;

use super::checked::Manifest;
use super::edit;
use super::raw::{RawAccess, RawManifest};
use super::resolve;
use super::source::Sources;
use super::trust::ManifestPath;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};

#[derive(Debug, Clone)]
pub struct ManifestDraft {
    pub place: ManifestPath,
    pub env: String,
    /// Text of the base file, without the environment's overlay.
    pub text: String,
}

impl ManifestDraft {
    /// Reads a manifest, which may declare no services yet.
    ///
    /// # Errors
    /// [`martydb_model::error::Kind::Manifest`] if it cannot be read.
    pub fn read(place: &ManifestPath, env: &str) -> Result<ManifestDraft> {
        let sources = Sources::read(place, env)?;
        let (place, text) = (sources.place_of_base().clone(), sources.text().to_owned());
        Ok(ManifestDraft { place, env: env.to_owned(), text })
    }

    fn typed(&self, variables: &Environment) -> Result<(Sources, RawManifest)> {
        let mut sources = Sources::with_text(&self.place, self.text.clone(), &self.env)?;
        let tree = sources.tree(variables)?;
        let raw = sources.typed(tree)?;
        Ok((sources, raw))
    }

    /// Resolves the text as [`super::load`] does a file.
    pub fn resolve(&self, variables: &Environment) -> Result<Manifest> {
        let (sources, raw) = self.typed(variables)?;
        resolve::resolve(raw, &sources, &self.env, variables)
    }

    /// Returns a service's declaration; `None` if it is not declared.
    pub fn service(&self, name: &str, variables: &Environment) -> Result<Option<DeclaredService>> {
        let (_, raw) = self.typed(variables)?;
        let Some(own) = raw.services.get(name) else { return Ok(None) };
        let own = own.clone().unwrap_or_default();
        let either = |own: Option<Vec<String>>, default: Option<Vec<String>>| own.or(default);
        Ok(Some(DeclaredService {
            server: own.server.or(raw.defaults.server),
            database: own.database,
            schemas: either(own.schemas, raw.defaults.schemas),
        }))
    }

    /// Returns `true` if the defaults contain a template for databases.
    pub fn has_database_template(&self, variables: &Environment) -> Result<bool> {
        self.typed(variables).map(|(_, raw)| raw.defaults.database.is_some())
    }

    /// Returns the further roles that it declares anywhere, as written.
    pub fn access(&self, variables: &Environment) -> Result<BTreeMap<String, RawAccess>> {
        let (_, raw) = self.typed(variables)?;
        let of_services = raw.services.into_values().flatten().flat_map(|service| service.access);
        Ok(of_services.chain(raw.access).collect())
    }

    /// Returns the draft with these keys added to the service.
    ///
    /// # Errors
    /// [`martydb_model::error::Kind::Manifest`] with the lines to add by hand, if the text cannot be changed safely.
    pub fn with_service(&self, service: &str, keys: &Mapping) -> Result<ManifestDraft> {
        let text = edit::with_service(&self.text, service, keys);
        let text = text.ok_or_else(|| self.by_hand(service, keys))?;
        Ok(ManifestDraft { text, ..self.clone() })
    }

    /// Returns an error with the lines to add by hand.
    pub fn by_hand(&self, service: &str, keys: &Mapping) -> Error {
        let lines = edit::lines_to_paste(service, keys).join("\n");
        Error::manifest(format!(
            "{}: cannot add to this text safely, nothing was written",
            self.place.path.display()
        ))
        .cause(
            "`services:` or the service is in brackets over several lines, is an alias, or is in the overlay",
        )
        .hint(format!("write it in lines of its own, or add these:\n{lines}"))
    }
}

/// Declaration of a service, before defaults and templates are applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredService {
    pub server: Option<String>,
    pub database: Option<String>,
    /// Schemas of the service, or else of the defaults.
    pub schemas: Option<Vec<String>>,
}
