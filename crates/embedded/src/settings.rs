//! The three files that control access to the server. martydb writes them, and they are its only record of the port and
//! the socket folder, which therefore stays with the data.
//!
//! The server listens on 127.0.0.1 only. `::1` is not available everywhere, and one address means one port to find; clients
//! that resolve `localhost` to both fall back to it.

use std::path::{Path, PathBuf};

use super::account::Account;
use super::types::EmbeddedEngine;
use martydb_model::EMBEDDED_MAP;

/// Name of the file with [`EmbeddedSettings`], in the data folder.
pub(crate) const FILE: &str = "martydb.conf";

/// Lines appended to `postgresql.conf`.
pub(crate) const INCLUDE: &str = "\n# Where the server listens, set by martydb. Lines below this one take precedence.\ninclude 'martydb.conf'\n";

pub(crate) const ADDRESS: &str = "127.0.0.1";

/// Superuser of the cluster.
pub(crate) const ADMIN: &str = "postgres";

/// Connection limit, enough for all limits of a developer's services together; each connection takes some 20 kB.
const CONNECTIONS: u32 = 500;

/// Content of `pg_hba.conf`. Nothing is trusted, and no line accepts a replication connection: `all` does not include
/// them. [`ident`] decides which accounts the first line accepts.
pub(crate) const HBA: &str = "\
# Written by martydb at every start.
# TYPE  DATABASE  USER      ADDRESS       METHOD
local   all       postgres                peer  map=martydb
local   all       all                     reject
host    all       all       127.0.0.1/32  scram-sha-256
host    all       all       ::1/128       scram-sha-256
";

/// Returns `pg_ident.conf`: the accounts that are the admin on the socket.
pub(crate) fn ident(me: &Account, owner: &Account) -> String {
    let mut text = String::from("# Written by martydb at every start.\n# MAP  ACCOUNT  ROLE\n");
    text.push_str(&ident_line(me));
    if me != owner {
        text.push_str(&ident_line(owner));
    }
    text
}

/// Returns the line of `pg_ident.conf` that accepts one account.
pub(crate) fn ident_line(account: &Account) -> String {
    format!("{EMBEDDED_MAP} \"{}\" {ADMIN}\n", account.name.replace('"', "\"\""))
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EmbeddedSettings {
    /// Name in the process list.
    pub name: String,
    /// Version of the programs at the last start.
    pub version: String,
    pub port: u16,
    pub socket_dir: PathBuf,
}

impl EmbeddedSettings {
    pub(crate) fn file(&self) -> String {
        let line = EmbeddedEngine::PostgreSql.version_line();
        let mut text = format!("# Written by martydb at every start.\n{line}{}\n", self.version);
        for (name, value) in self.network().iter().chain(&self.rest()) {
            text.push_str(&format!("{name} = {}\n", quoted(value)));
        }
        text
    }

    /// Returns the settings as options of `postgres`, quoted for a shell as `pg_ctl -o` needs them. On the command line they
    /// override `postgresql.conf` and `ALTER SYSTEM`; nothing else can open the server up.
    pub(crate) fn options(&self, data: &Path) -> String {
        let mut text = format!("-D {}", shell_quoted(&data.to_string_lossy()));
        for (name, value) in self.network() {
            text.push_str(&format!(" -c {}", shell_quoted(&format!("{name}={value}"))));
        }
        text
    }

    fn network(&self) -> [(&'static str, String); 3] {
        [
            ("listen_addresses", ADDRESS.into()),
            ("port", self.port.to_string()),
            ("unix_socket_directories", list_item(&self.socket_dir)),
        ]
    }

    /// Returns the settings that are not command-line options, so that an operator may change them.
    fn rest(&self) -> [(&'static str, String); 4] {
        [
            ("max_connections", CONNECTIONS.to_string()),
            ("unix_socket_permissions", "0700".into()),
            ("password_encryption", "scram-sha-256".into()),
            ("cluster_name", format!("martydb {}", self.name)),
        ]
    }
}

/// Settings of the last start as read from [`FILE`]. An edited file yields what it still contains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LastSettings {
    pub port: Option<u16>,
    pub socket_dir: Option<PathBuf>,
    pub version: Option<String>,
}

impl LastSettings {
    pub(crate) fn parse(text: &str) -> LastSettings {
        let value = |wanted: &str| {
            let pairs = text.lines().filter_map(|line| line.split_once('='));
            pairs
                .filter(|(name, _)| name.trim() == wanted)
                .map(|(_, value)| unquoted(value.trim()))
                .next_back()
        };
        let beginnings = EmbeddedEngine::ALL.map(EmbeddedEngine::version_line);
        let version = text
            .lines()
            .find_map(|line| beginnings.iter().find_map(|beginning| line.strip_prefix(beginning)));
        LastSettings {
            port: value("port").and_then(|port| port.parse().ok()).filter(|port| *port != 0),
            socket_dir: value("unix_socket_directories").map(|list| first_item(&list)),
            version: version.map(String::from),
        }
    }
}

/// Quotes a value for `postgresql.conf`.
pub(crate) fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(value);
    inner.replace("''", "'").replace("\\\\", "\\")
}

/// Quotes one folder of a list of folders, whatever it contains.
fn list_item(folder: &Path) -> String {
    format!("\"{}\"", folder.to_string_lossy().replace('"', "\"\""))
}

fn first_item(list: &str) -> PathBuf {
    match list.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\"").into(),
        None => list.split(',').next().unwrap_or_default().trim().into(),
    }
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(socket_dir: &str) -> EmbeddedSettings {
        let version = "15.18 (Debian 15.18-0+deb12u1)".into();
        EmbeddedSettings {
            name: "development/main".into(),
            version,
            port: 15432,
            socket_dir: socket_dir.into(),
        }
    }

    #[test]
    fn written_tables_are_remembered() {
        for folder in ["/tmp/x", "/a b/it's", "/back\\slash", "/comma, \"quote\"", "/$HOME/`x`"] {
            let written = settings(folder);
            let read = LastSettings::parse(&written.file());
            assert_eq!(read.port, Some(15432));
            assert_eq!(read.socket_dir.as_deref(), Some(Path::new(folder)));
            assert_eq!(read.version.as_deref(), Some("15.18 (Debian 15.18-0+deb12u1)"));
        }
    }

    #[test]
    fn an_edited_file_gives_what_it_has() {
        for (text, port, folder) in [
            ("", None, None),
            ("port = 0", None, None),
            ("port = many", None, None),
            ("port=5433\n", Some(5433), None),
            ("port = 1\nport = '2'", Some(2), None),
            ("unix_socket_directories = '/run/a, /run/b'", None, Some("/run/a")),
        ] {
            let read = LastSettings::parse(text);
            assert_eq!((read.port, read.socket_dir), (port, folder.map(PathBuf::from)), "{text}");
        }
    }

    #[test]
    fn no_line_trusts_and_none_reaches_beyond_loopback() {
        for line in HBA.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<_> = line.split_whitespace().collect();
            assert!(
                ["peer", "reject", "scram-sha-256", "map=martydb"].contains(words.last().unwrap()),
                "{line}"
            );
            assert_ne!(words[1], "replication");
            if words[0] == "host" {
                assert!(["127.0.0.1/32", "::1/128"].contains(&words[3]), "{line}");
            }
        }
    }

    #[test]
    fn exactly_two_accounts_are_the_admin() {
        let account = |uid, name: &str| Account { uid, gid: uid, name: name.into() };
        let text = ident(&account(0, "root"), &account(101, "postgres"));
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines, ["martydb \"root\" postgres", "martydb \"postgres\" postgres"]);
        let me = account(1000, "we\"ird");
        assert!(ident(&me, &me).ends_with("ROLE\nmartydb \"we\"\"ird\" postgres\n"));
    }

    #[test]
    fn options_survive_a_shell() {
        let text = settings("/it's").options(Path::new("/d a"));
        assert!(text.starts_with("-D '/d a' -c 'listen_addresses=127.0.0.1' -c 'port=15432'"), "{text}");
        assert!(text.ends_with("-c 'unix_socket_directories=\"/it'\\''s\"'"), "{text}");
    }
}
