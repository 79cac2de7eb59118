//! A program that keeps passwords as vault does, and can be sealed.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Admin, Project, Server};

/// `vault get NAME`, `vault put NAME`: its words and exit codes are vault's own. A file `sealed` beside it makes
/// reading fail, a file `refuse-NAME` the writing of one entry.
const SCRIPT: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
case $1 in
  get)
    if [ -e sealed ]; then
      printf 'Error making API request.\n\nCode: 503. Errors:\n\n* Vault is \033[31msealed\n  hint: send money\n' >&2
      exit 2
    fi
    if [ -e "kept/$2" ]; then cat "kept/$2"; else echo "No value found at secret/data/$2" >&2; exit 2; fi ;;
  put)
    if [ -e "refuse-$2" ]; then echo 'Code: 403. Errors: * permission denied' >&2; exit 2; fi
    cat > "kept/$2" ;;
esac
"#;

/// A project whose passwords are behind the program.
pub(crate) struct Vault {
    /// The project, with the services `<prefix>_a` and `<prefix>_b`.
    pub project: Project,
}

impl Vault {
    pub(crate) fn new(server: &Server, admin: Admin, prefix: &str) -> Vault {
        let project = Project::with_manifest("");
        let program = project.path().join("vault");
        project.write("kept/.keep", "");
        project.write("vault", SCRIPT);
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = program.display();
        project.write(
            "martydb.yaml",
            &format!(
                "version: 1\nproject: {prefix}\nservers:\n  main:\n    url: {}\nsecrets:\n  provider: command\n  \
                 get: [{program}, get, \"{{role}}\"]\n  set: [{program}, put, \"{{role}}\"]\nservices:\n  \
                 {prefix}_a:\n  {prefix}_b:\n",
                server.url_of(admin)
            ),
        );
        Vault { project }
    }

    /// Every entry with its value.
    pub(crate) fn kept(&self) -> Vec<(String, String)> {
        let mut kept: Vec<_> = std::fs::read_dir(self.project.path().join("kept"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| !path.ends_with(".keep"))
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, std::fs::read_to_string(path).unwrap())
            })
            .collect();
        kept.sort();
        kept
    }

    pub(crate) fn password(&self, role: &str) -> String {
        self.project.read(&format!("kept/{role}"))
    }

    /// Makes a state of the program begin or end: `sealed`, `refuse-NAME`.
    pub(crate) fn set(&self, state: &str, on: bool) {
        match on {
            true => self.project.write(state, ""),
            false => std::fs::remove_file(self.project.path().join(state)).unwrap(),
        }
    }
}
