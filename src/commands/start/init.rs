//! `init`: writes a first manifest for this folder, and a migration folder for each service.

mod addition;
mod files;
mod questions;
mod report;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::app::App;
use crate::shipped_files::MANIFEST_SCHEMA;
use martydb_import::discovery;
use martydb_import::discovery::Proposal;
use martydb_manifest as manifest;
use martydb_manifest::{DEFAULT_ENV, ManifestPath};
use martydb_model::ServiceName;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_ui::flags::Global;
use martydb_ui::prompt;
use martydb_ui::report::{Out, Report};

use files::{create, make_folder};
pub use report::InitReport;

#[derive(Debug, Default, Args)]
pub struct Arguments {
    /// Services, as for `-s`; default: those found here, confirmed on a terminal or by --yes.
    #[arg(value_name = "SERVICE", value_delimiter = ',')]
    pub plain: Vec<String>,
    /// A service; may be repeated, or a comma-separated list.
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    pub service: Vec<String>,
    /// Print the manifest; write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

impl Arguments {
    fn names(&self) -> Result<BTreeSet<ServiceName>> {
        questions::names(self.plain.iter().chain(&self.service).map(String::as_str))
    }
}

/// Looks for services, asks for confirmation, writes the manifest, and reads it back before anything else is created.
pub async fn run(
    global: &Global,
    environment: Environment,
    out: Arc<Out>,
    arguments: &Arguments,
) -> Result<InitReport> {
    let path = match &global.manifest {
        Some(folder) if folder.is_dir() => folder.join("martydb.yaml"),
        Some(file) => file.clone(),
        None => here(),
    };
    if path.exists() && !arguments.dry_run {
        if !arguments.plain.is_empty() || !arguments.service.is_empty() {
            return addition::add(global, &environment, &path, &arguments.names()?);
        }
        return Err(Error::usage(format!("{} exists already", path.display()))
            .hint("add a service with `martydb init NAME`, or choose another file with --manifest"));
    }
    let folder = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let tree = discovery::read(&folder.canonicalize().unwrap_or_else(|_| folder.to_owned()));
    let found = discovery::findings(&tree, &environment);
    let proposal = discovery::propose(&tree, &found);
    let names = chosen(global, arguments, &proposal, &out).await?;
    let proposal = proposal.restricted_to(&names);
    let schema = path.with_extension("schema.json");
    let text = discovery::manifest(&proposal, &schema.file_name().unwrap_or_default().to_string_lossy());
    if arguments.dry_run {
        return Ok(InitReport::dry(path, text, proposal));
    }
    create(&path, &text)?;
    let manifest = manifest::load(&ManifestPath::named(&path), DEFAULT_ENV, &Environment::new())
        .map_err(|error| withdrawn(&path, error))?;
    // An older schema of the same name helps editors as well.
    if !schema.exists() {
        create(&schema, MANIFEST_SCHEMA)?;
    }
    let folders: Vec<PathBuf> =
        manifest.services.values().map(|service| service.migrations.clone()).collect();
    let overlays = write_overlays(&path, &proposal)?;
    let mut created = vec![manifest.path.clone(), schema.clone()];
    created.extend(overlays);
    created.extend(folders.iter().filter(|folder| !folder.exists()).cloned());
    folders.iter().try_for_each(|folder| make_folder(folder))?;
    Ok(InitReport::written(schema, folders, created, proposal, manifest.path))
}

/// Removes the manifest that cannot be read, and the places in it from its error.
fn withdrawn(path: &Path, error: Error) -> Error {
    let _best_effort = std::fs::remove_file(path);
    let name = format!("{}:", path.file_name().unwrap_or_default().display());
    let place = error.message.split_once(&name).and_then(|(_, place)| place.split_once(": "));
    let message = place.map(|(_, message)| message.to_owned());
    Error { message: message.unwrap_or_else(|| error.message.clone()), ..error }
}

/// Returns the manifest of a command that needs one; a user at a terminal is offered to create a missing one.
///
/// # Errors
/// As [`App::new`], and if a prompt gets no answer.
pub async fn opened(global: &Global, environment: Environment, out: Arc<Out>) -> Result<App> {
    let here = std::env::current_dir().unwrap_or_default();
    let can_ask = !global.no_input && !global.yes && prompt::possible();
    let named = global.manifest.as_deref();
    let missing = named.is_none_or(Path::is_dir) && manifest::nearest(named, &here).is_none();
    if missing && can_ask {
        let question = "There is no martydb.yaml in this folder or above it. Write one now?";
        if prompt::yes_no(question).await? {
            let report = run(global, environment.clone(), out.clone(), &Arguments::default()).await?;
            out.show(&report.text(&out.message_style()));
        }
    }
    App::new(global, environment, out)
}

/// Returns the named services, or those that the user confirms.
async fn chosen(
    global: &Global,
    arguments: &Arguments,
    proposal: &Proposal,
    out: &Out,
) -> Result<BTreeSet<ServiceName>> {
    let found: BTreeSet<ServiceName> = proposal.services.keys().cloned().collect();
    if !arguments.plain.is_empty() || !arguments.service.is_empty() {
        return arguments.names();
    }
    if !found.is_empty() && (global.yes || arguments.dry_run) {
        return Ok(found);
    }
    if !global.no_input && prompt::possible() {
        return questions::services(proposal, out).await;
    }
    let names: Vec<&str> = found.iter().map(ServiceName::as_str).collect();
    Err(match names.as_slice() {
        [] => Error::usage("no service given").hint("name them: martydb init billing shipping"),
        names => Error::usage("no service given")
            .cause(format!("found here: {}", names.join(", ")))
            .hint("take these with `martydb init --yes`, see the manifest with `martydb init --dry-run`, or specify others"),
    })
}

/// Returns the manifest of this folder, or the place of a new one.
fn here() -> PathBuf {
    let known = ["martydb.yaml", "services/manifest.yaml"].map(PathBuf::from);
    known.into_iter().find(|path| path.exists()).unwrap_or_else(|| PathBuf::from("martydb.yaml"))
}

/// Writes the overlay of each environment that was found; one that exists stays.
fn write_overlays(manifest: &Path, proposal: &Proposal) -> Result<Vec<PathBuf>> {
    let mut written = vec![];
    for (env, text) in discovery::overlays(proposal) {
        let path = manifest.with_extension(format!("{env}.yaml"));
        if !path.exists() {
            create(&path, &text)?;
            written.push(path);
        }
    }
    Ok(written)
}
