//! Variables that name a server to other programs, and that the manifest does not use.

use super::checked::Manifest;
use martydb_model::environment::Environment;

/// Variables of libpq and of frameworks.
const NAMING: [&str; 5] = ["PGHOST", "PGPORT", "PGUSER", "PGSERVICE", "DATABASE_URL"];

impl Manifest {
    /// Returns the variables that are set and that no file of the manifest uses.
    pub fn unused_variables(&self, environment: &Environment) -> Vec<&'static str> {
        let is_set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
        let is_used = |name| self.files.iter().any(|file| uses(&file.text, name));
        NAMING.into_iter().filter(|name| is_set(name) && !is_used(name)).collect()
    }
}

/// Returns `true` for a text with `${NAME}`, `${NAME:-default}` or the name alone, as after `password_env:`.
fn uses(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_part(c)).any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_used_by_its_whole_name() {
        for (text, expected) in [
            ("url: postgresql://${PGHOST}/x", true),
            ("url: postgresql://${PGHOST:-localhost}/x", true),
            ("url: postgresql://${PGHOSTS}/x", false),
            ("url: postgresql://${MY_PGHOST}/x", false),
            ("", false),
        ] {
            assert_eq!(uses(text, "PGHOST"), expected, "{text}");
        }
    }
}
