//! Environments of a project, by the words in the paths of its settings.

use std::collections::BTreeMap;

use super::url::DatabaseLocation;
use martydb_model::ServiceName;

/// Words in paths, and the environments that they name.
const WORDS: &[(&str, &str)] = &[
    ("dev", DEVELOPMENT),
    ("development", DEVELOPMENT),
    ("local", DEVELOPMENT),
    ("prod", PRODUCTION),
    ("production", PRODUCTION),
    ("stage", "staging"),
    ("staging", "staging"),
    ("test", "testing"),
    ("testing", "testing"),
];

/// Environment of the manifest itself.
pub(crate) const DEVELOPMENT: &str = "development";

/// Environment of the objects of Kubernetes whose path names none.
pub(crate) const PRODUCTION: &str = "production";

/// Returns the environment that a path names; the part nearest to the file counts.
pub(crate) fn environment_of(path: &str) -> Option<&'static str> {
    let words = path.rsplit(['/', '.', '-', '_']).map(str::to_ascii_lowercase);
    words.into_iter().find_map(|word| WORDS.iter().find(|(known, _)| *known == word).map(|(_, env)| *env))
}

/// Databases of the services in one environment.
pub(crate) type EnvironmentPlaces = BTreeMap<ServiceName, DatabaseLocation>;
