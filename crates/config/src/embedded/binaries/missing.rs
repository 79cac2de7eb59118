//! The error for a missing PostgreSQL, with the command that installs it on this system.

use std::path::Path;

use martydb_model::error::Error;

/// Package managers and their install commands. Homebrew is last: on Linux it is an addition to the system's own.
const MANAGERS: &[(&str, &str)] = &[
    ("apt-get", "apt-get install postgresql"),
    ("dnf", "dnf install postgresql-server postgresql-contrib"),
    ("yum", "yum install postgresql-server postgresql-contrib"),
    ("apk", "apk add postgresql postgresql-contrib"),
    ("pacman", "pacman -S postgresql"),
    ("zypper", "zypper install postgresql-server postgresql-contrib"),
    ("brew", "brew install postgresql@17"),
];

pub fn error() -> Error {
    Error::operation("PostgreSQL is not installed")
        .cause("an embedded server needs initdb, pg_ctl and postgres, and no usual folder and no folder on PATH has them")
        .hint(hint())
        .hint("if it is installed, set MARTYDB_PG_BIN to the folder that holds initdb")
        .hint("or use a server that runs already: give it a url in the manifest")
}

pub fn hint() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let present = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    install_hint(present, uzers::get_effective_uid() == 0, Path::new("/usr/bin/sudo").exists())
}

fn install_hint(present: impl Fn(&str) -> bool, root: bool, sudo: bool) -> String {
    match MANAGERS.iter().find(|(manager, _)| present(manager)) {
        None => "install it: https://www.postgresql.org/download/".into(),
        Some((manager, command)) => match () {
            () if root || *manager == "brew" => format!("install it: {command}"),
            () if sudo => format!("install it: sudo {command}"),
            () => format!("install it, as root: {command}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_fits_the_system() {
        for (here, root, sudo, expected) in [
            (&["apt-get", "brew"][..], false, true, "install it: sudo apt-get install postgresql"),
            (&["apk"], true, false, "install it: apk add postgresql postgresql-contrib"),
            (&["pacman"], false, false, "install it, as root: pacman -S postgresql"),
            (&["brew"], false, true, "install it: brew install postgresql@17"),
            (&[], true, false, "install it: https://www.postgresql.org/download/"),
        ] {
            assert_eq!(install_hint(|program| here.contains(&program), root, sudo), expected);
        }
    }
}
