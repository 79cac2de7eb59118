//! Input of all checks, and errors at locations of the manifest.

use std::fmt::Display;
use std::path::Path;

use crate::raw::RawManifest;
use crate::source::Sources;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};

pub(crate) struct Scope<'a> {
    pub raw: &'a RawManifest,
    pub sources: &'a Sources,
    /// Folder of the manifest.
    pub home: &'a Path,
    pub variables: &'a Environment,
}

impl Scope<'_> {
    /// Returns the project, which marks what this manifest created.
    pub(crate) fn project(&self) -> String {
        let folder = || self.home.file_name().map(|name| name.to_string_lossy().into_owned());
        self.raw.project.clone().or_else(folder).unwrap_or_else(|| "martydb".into())
    }

    /// Returns `true` if `embedded: auto` means the server at the URL.
    pub(crate) fn has_db_host(&self) -> bool {
        self.variables.get("DB_HOST").is_some_and(|host| !host.is_empty())
    }

    pub(crate) fn error<const N: usize>(&self, path: [&str; N], message: impl Display) -> Error {
        self.sources.error_at(&path, message)
    }

    /// Returns the service's own value, or that of the defaults, or the fallback, with `{service}` substituted.
    pub(crate) fn template<const N: usize>(
        &self,
        path: [&str; N],
        service: &str,
        own: Option<&String>,
        default: Option<&String>,
        fallback: &str,
    ) -> Result<String> {
        let text = own.or(default).map_or(fallback, String::as_str);
        let filled = text.replace("{service}", service);
        if filled.contains(['{', '}']) {
            return Err(self.error(path, format!("\"{text}\": the only placeholder here is {{service}}")));
        }
        Ok(filled)
    }
}
