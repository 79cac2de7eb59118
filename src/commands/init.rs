//! `init`: a first manifest, and a folder for each service's migrations.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::flags::Global;
use crate::manifest::{self, DEFAULT_ENV};
use crate::model::ServiceName;
use crate::prompt;
use crate::report::{Report, Style, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The services, as `-s` takes them. Asked for on a terminal if none is given.
    #[arg(value_name = "SERVICE", value_delimiter = ',')]
    pub plain: Vec<String>,
    /// A service; may be repeated, or hold several names with commas between.
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    pub service: Vec<String>,
}

const HEAD: &str = "\
# One database per service. `martydb schema` prints the JSON Schema of this file; every key but these has a default.
version: 1

servers:
  main:
    # martydb runs a server of its own, unless DB_HOST names one that exists.
    embedded: auto
    url: postgresql://${DB_USER:-postgres}@${DB_HOST:-localhost}:${DB_PORT:-5432}/postgres?sslmode=prefer

services:
";

/// Writes the manifest and reads it back before anything else is made.
pub async fn run(global: &Global, arguments: &Arguments) -> Result<InitReport> {
    let path = global.manifest.clone().unwrap_or_else(|| PathBuf::from("martydb.yaml"));
    if path.exists() {
        return Err(Error::usage(format!("{} exists already", path.display()))
            .hint("edit it, or name another file with --manifest"));
    }
    let services = services(global, arguments).await?;
    let text = services.iter().fold(HEAD.to_owned(), |text, service| format!("{text}  {service}:\n"));
    let file = File::create_new(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| failed(&path, &error))?;
    let manifest = manifest::load(&path, DEFAULT_ENV, &Environment::new())?;
    let mut folders = vec![];
    for service in manifest.services.values() {
        fs::create_dir_all(&service.migrations).map_err(|error| failed(&service.migrations, &error))?;
        folders.push(service.migrations.clone());
    }
    Ok(InitReport { manifest: manifest.path, folders })
}

async fn services(global: &Global, arguments: &Arguments) -> Result<BTreeSet<ServiceName>> {
    let mut names = [arguments.plain.clone(), arguments.service.clone()].concat();
    if names.is_empty() && !global.no_input && prompt::possible() {
        let answer = prompt::text("Services, separated by spaces").await?;
        names = answer.split([' ', ',']).filter(|name| !name.is_empty()).map(String::from).collect();
    }
    if names.is_empty() {
        return Err(Error::usage("no service given").hint("name them: martydb init billing shipping"));
    }
    let checked = names.into_iter().map(|name| {
        ServiceName::new(name.clone()).map_err(|error| Error::usage(format!("service \"{name}\" {error}")))
    });
    checked.collect()
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::operation(format!("cannot write {}", path.display())).cause(error)
}

#[derive(Serialize)]
pub struct InitReport {
    manifest: PathBuf,
    folders: Vec<PathBuf>,
}

impl Report for InitReport {
    fn text(&self, _: &Style) -> String {
        let line = |path: &Path| printable(&path.display().to_string()) + "\n";
        let mut text = line(&self.manifest);
        self.folders.iter().for_each(|folder| text += &line(folder));
        text + "\nNext: martydb revision --service NAME -m \"first table\", then martydb init-all\n"
    }
}
