//! The README: its table of commands is the program's, its first lines are the package managers' where the project has an
//! address, and it stays short.

use std::fmt::Write;

use crate::page::root;

const LONGEST: usize = 120;

fn table() -> String {
    let mut text = String::from("\n| group | commands |\n|---|---|\n");
    for (group, names) in martydb::cli::GROUPS {
        let links: Vec<String> =
            names.iter().map(|name| format!("[{name}](docs/reference/commands.md#martydb-{name})")).collect();
        writeln!(text, "| {group} | {} |", links.join(", ")).unwrap();
    }
    text
}

/// Returns the section about installing martydb: from the registries, and from the releases of `package.repository`.
fn install(repository: &str) -> String {
    if repository.is_empty() {
        return "\n```sh no-run\n\
            cargo install --path . --locked   # in a clone; needs Rust\n\
            scripts/package deb               # or rpm, wheel, npm, archive, image: in target/packages\n\
            apt install ./target/packages/martydb_*.deb\n\
            ```\n\n[All ways](docs/how-to/install.md).\n"
            .to_owned();
    }
    format!(
        "\n```sh no-run\n\
         uvx martydb                   # or pip install martydb; 'martydb[server]' brings PostgreSQL\n\
         npx martydb\n\
         cargo binstall martydb\n\
         ```\n\n\
         [.deb, .rpm, archives and the image]({repository}/releases); [all ways](docs/how-to/install.md).\n"
    )
}

/// Replaces what is between two marks.
fn replaced(text: &str, what: &str, contents: &str) -> String {
    let begin = format!("<!-- {what}: scripts/update -->\n");
    let end = format!("<!-- end of {what} -->");
    let (before, rest) = text.split_once(&begin).expect("the README has the mark");
    let (_, after) = rest.split_once(&end).expect("the README has its end");
    format!("{before}{begin}{contents}{end}{after}")
}

#[test]
fn the_readme_lists_every_command() {
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let wanted = replaced(&readme, "commands", &format!("{}\n", table()));
    let wanted = replaced(&wanted, "install", &install(env!("CARGO_PKG_REPOSITORY")));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(committed == wanted, "README.md is out of date: run `scripts/update`");
    assert!(committed.lines().count() <= LONGEST, "{} lines", committed.lines().count());
}

#[test]
fn the_readme_begins_with_the_package_managers_where_the_project_has_an_address() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let named = replaced(&readme, "install", &install("https://git.example.com/martydb"));
    let first: Vec<&str> = named.lines().take(30).collect();
    for command in ["uvx martydb", "npx martydb", "cargo binstall martydb"] {
        assert!(first.iter().any(|line| line.starts_with(command)), "{command}: {first:#?}");
    }
    assert!(first.iter().any(|line| line.contains("https://git.example.com/martydb/releases")), "{first:#?}");
}
