//! Files of an embedded Redis server. martydb writes its configuration at every start, so that no edit opens it up.

use std::path::Path;

use martydb_model::EMBEDDED_REDIS_ADMIN as ADMIN;
use secrecy::SecretString;

use crate::layout::Layout;
use crate::settings::{ADDRESS, quoted};
use crate::types::EmbeddedEngine;
use martydb_pg::password::sha256;

/// File with the users, in the data folder.
pub(crate) const USERS: &str = "users.acl";

/// File with the process id, in the data folder.
pub(crate) const PID_FILE: &str = "redis.pid";

/// Returns martydb's record of the last start, in the form of PostgreSQL's.
pub(crate) fn record(version: &str, port: u16) -> String {
    let port = quoted(&port.to_string());
    let line = EmbeddedEngine::Redis.version_line();
    format!("# Written by martydb at every start.\n{line}{version}\nport = {port}\n")
}

/// Returns the first content of [`USERS`]: the admin alone.
pub(crate) fn users(password: &SecretString) -> String {
    let hash = sha256(password);
    format!(
        "user default off sanitize-payload resetchannels -@all\n\
         user {ADMIN} on sanitize-payload #{hash} ~* &* +@all\n"
    )
}

/// Returns the server's configuration.
pub(crate) fn configuration(layout: &Layout, port: u16) -> String {
    let data = layout.data();
    let rows = [
        ("bind", ADDRESS.to_owned()),
        ("protected-mode", "yes".to_owned()),
        ("port", port.to_string()),
        ("dir", word(&data)),
        ("aclfile", word(&data.join(USERS))),
        ("pidfile", word(&data.join(PID_FILE))),
        ("logfile", word(&layout.log())),
        ("daemonize", "yes".to_owned()),
    ];
    let lines = rows.iter().map(|(name, value)| format!("{name} {value}\n"));
    std::iter::once("# Written by martydb at every start.\n".to_owned()).chain(lines).collect()
}

/// Quotes a path as `sdssplitargs` reads it: <https://github.com/redis/redis/blob/7.0/src/sds.c>.
fn word(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::LastSettings;

    #[test]
    fn a_path_is_one_word_whatever_is_in_it() {
        assert_eq!(word(Path::new("/a b/\"c\"/it's\\n")), "\"/a b/\\\"c\\\"/it's\\\\n\"");
    }

    #[test]
    fn the_record_is_read_as_that_of_postgresql_is() {
        let read = LastSettings::parse(&record("7.0.15", 15433));
        assert_eq!((read.port, read.version.as_deref()), (Some(15433), Some("7.0.15")));
    }

    #[test]
    fn the_first_users_are_one_admin_alone() {
        let text = users(&SecretString::from("secret"));
        assert!(text.starts_with("user default off "), "{text}");
        assert!(!text.contains("secret"), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains(" on ")).count(), 1);
    }
}
