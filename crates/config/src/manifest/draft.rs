//! A manifest that a command completes: its text, what it means as it stands, and the text with more in it. Nothing is written here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_yaml::Mapping;

use super::checked::Manifest;
use super::edit;
use super::raw::{RawAccess, RawManifest};
use super::resolve;
use super::source::Sources;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};

#[derive(Debug, Clone)]
pub struct ManifestDraft {
    pub path: PathBuf,
    pub env: String,
    /// The base file; what the environment's overlay says stays there.
    pub text: String,
}

impl ManifestDraft {
    /// Reads a manifest, which need not declare a service yet.
    ///
    /// # Errors
    /// [`martydb_model::error::Kind::Manifest`] if it cannot be read.
    pub fn read(path: &Path, env: &str) -> Result<ManifestDraft> {
        let sources = Sources::read(path, env)?;
        let (path, text) = (sources.path().to_owned(), sources.text().to_owned());
        Ok(ManifestDraft { path, env: env.to_owned(), text })
    }

    fn typed(&self, variables: &Environment) -> Result<(Sources, RawManifest)> {
        let mut sources = Sources::with_text(&self.path, self.text.clone(), &self.env)?;
        let tree = sources.tree(variables)?;
        let raw = sources.typed(tree)?;
        Ok((sources, raw))
    }

    /// As [`super::load`] reads it from a file.
    pub fn resolve(&self, variables: &Environment) -> Result<Manifest> {
        let (sources, raw) = self.typed(variables)?;
        resolve::resolve(raw, &sources, &self.env, variables)
    }

    /// Whether the service is declared, and with which schemas, if its own are named.
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

    /// Whether all services have databases by one template.
    pub fn has_database_template(&self, variables: &Environment) -> Result<bool> {
        self.typed(variables).map(|(_, raw)| raw.defaults.database.is_some())
    }

    /// The further roles that it declares anywhere, as they are written.
    pub fn access(&self, variables: &Environment) -> Result<BTreeMap<String, RawAccess>> {
        let (_, raw) = self.typed(variables)?;
        let of_services = raw.services.into_values().flatten().flat_map(|service| service.access);
        Ok(of_services.chain(raw.access).collect())
    }

    /// The same with these keys in the service.
    ///
    /// # Errors
    /// [`martydb_model::error::Kind::Manifest`] with the lines to write by hand, where the text has a form that cannot be
    /// changed safely.
    pub fn with_service(&self, service: &str, keys: &Mapping) -> Result<ManifestDraft> {
        let text = edit::with_service(&self.text, service, keys);
        let text = text.ok_or_else(|| self.by_hand(service, keys))?;
        Ok(ManifestDraft { text, ..self.clone() })
    }

    /// Says what to write where this cannot be done here.
    pub fn by_hand(&self, service: &str, keys: &Mapping) -> Error {
        let lines = edit::lines_to_paste(service, keys).join("\n");
        Error::manifest(format!("{}: cannot add to this text safely, nothing was written", self.path.display()))
            .cause("`services:` or the service stands in brackets over several lines, is an alias, or is in the overlay")
            .hint(format!("write it in lines of its own, or add these:\n{lines}"))
    }
}

/// What a service says of itself, before defaults and templates are filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredService {
    pub server: Option<String>,
    pub database: Option<String>,
    /// Its own, or those of all services.
    pub schemas: Option<Vec<String>>,
}
