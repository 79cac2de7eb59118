//! Versions of PostgreSQL whose servers are refused while logging in: nothing of martydb is tested with them.

use super::outcome::{ConnectionFailure, Stage};

/// Oldest major version that martydb works with.
pub const OLDEST_MAJOR: u32 = 13;

/// Hint of an error about a server that is too old.
pub const UPGRADE_SERVER: &str = "upgrade the server, or name another one in the manifest";

/// Returns the major version of `server_version`, such as 15 of `15.20 (Debian 15.20-1.pgdg12+1)` and of `15devel`; `None` for
/// what is no version of a server, such as that of a pooler without a connection to one.
pub(crate) fn major(version: &str) -> Option<u32> {
    if version.contains("bouncer") {
        return None;
    }
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

/// Fails if a parameter that the server reports shows a version below [`OLDEST_MAJOR`].
///
/// # Errors
/// [`Stage::TooOld`].
pub(crate) fn check(parameter: &str, value: &str) -> Result<(), ConnectionFailure> {
    let major = if parameter == "server_version" { major(value) } else { None };
    match major.filter(|major| *major < OLDEST_MAJOR) {
        None => Ok(()),
        Some(_) => {
            let version = value.split(' ').next().unwrap_or_default();
            let why = format!("the server is PostgreSQL {version}, which is older than {OLDEST_MAJOR}");
            Err(ConnectionFailure { stage: Stage::TooOld, why })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_below_the_oldest_is_refused() {
        for (parameter, value, refused) in [
            ("server_version", "12.22 (Debian 12.22-1.pgdg12+1)", true),
            ("server_version", "9.6.24", true),
            ("server_version", "13.0", false),
            ("server_version", "13beta1", false),
            ("server_version", "18devel", false),
            ("server_version", "1.24.1/bouncer", false),
            ("server_version", "", false),
            ("application_name", "12.22", false),
        ] {
            let said = check(parameter, value).err().map(|failure| failure.why);
            assert_eq!(said.is_some(), refused, "{parameter} {value}");
        }
        let said = check("server_version", "12.22 (Debian)").unwrap_err();
        assert_eq!(said.why, "the server is PostgreSQL 12.22, which is older than 13");
    }
}
