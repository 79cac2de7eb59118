//! Search for the program of Redis.

use std::env;
use std::path::PathBuf;

use crate::account::Account;
use crate::binaries::install_command;
use crate::child::{output, program};
use martydb_model::error::{Error, Result};

/// Names of the program, which are those of its processes too.
pub(crate) const NAMES: [&str; 2] = ["redis-server", "valkey-server"];

/// Package managers and their install commands.
const MANAGERS: &[(&str, &str)] = &[
    ("apt-get", "apt-get install redis-server"),
    ("dnf", "dnf install redis"),
    ("yum", "yum install redis"),
    ("apk", "apk add redis"),
    ("pacman", "pacman -S valkey"),
    ("zypper", "zypper install redis"),
    ("brew", "brew install redis"),
];

/// Folders that a bare `PATH`, as that of cron, leaves out.
const FOLDERS: &[&str] = &["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];

pub(crate) struct RedisProgram {
    pub path: PathBuf,
    pub version: String,
}

/// Finds the first program that the server's account can run.
pub(crate) async fn find(account: &Account) -> Result<RedisProgram> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = FOLDERS.iter().map(PathBuf::from);
    let folders = env::split_paths(&path).filter(|folder| folder.is_absolute()).chain(usual);
    let places = folders.flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let mut broken = None;
    for path in places.filter(|path| path.is_file()) {
        let said = output(program(account, &path).arg("--version")).await;
        match said.ok().and_then(|said| version(&String::from_utf8_lossy(&said.stdout))) {
            Some(version) => return Ok(RedisProgram { path, version }),
            None => broken = broken.or(Some(path)),
        }
    }
    Err(match broken {
        Some(path) => Error::operation(format!("\"{}\" cannot run {}", account.name, path.display()))
            .hint("let it enter every folder above the program (chmod o+x)"),
        None => Error::operation("Redis is not installed")
            .cause(
                "an embedded Redis server needs redis-server or valkey-server, and no folder on PATH has one",
            )
            .hint(install_command(MANAGERS, "https://redis.io/docs/latest/operate/oss_and_stack/install/"))
            .hint("or use a server that runs already: give it a url in the manifest"),
    })
}

/// Parses `Redis server v=7.0.15 sha=00000000:0 …`.
fn version(line: &str) -> Option<String> {
    line.split_whitespace().filter_map(|word| word.strip_prefix("v=")).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        for (line, expected) in [
            ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=f\n", Some("7.0.15")),
            ("Valkey server v=8.1.1 sha=00000000:0 malloc=libc bits=64 build=0\n", Some("8.1.1")),
            ("sh: redis-server: Permission denied", None),
        ] {
            assert_eq!(version(line).as_deref(), expected, "{line}");
        }
    }
}
