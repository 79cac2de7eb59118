//! `render`: writes deployment files from the manifest.

mod extra;

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use serde::Serialize;

use martydb_manifest as manifest;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_os::read_named;
use martydb_os::replace_file::{Readers, replace_file};
use martydb_render::{DeploymentPlan, NamedServers, ProjectPaths, RenderTarget, RenderedFile, TARGETS};
use martydb_ui::flags::{Format, Global};
use martydb_ui::report::{Out, Report, Style, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Kind of files to write.
    #[arg(value_name = "TARGET", value_parser = targets())]
    pub target: String,
    /// Folder for the files; without it they are printed.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Server of the files, for `pgbouncer` and `pgbackrest`; default: all in one file.
    #[arg(long, value_name = "NAME")]
    pub server: Option<String>,
    /// Write nothing; exit with 3 if a file in the folder is out of date.
    #[arg(long, requires = "out")]
    pub check: bool,
}

fn targets() -> PossibleValuesParser {
    PossibleValuesParser::new(TARGETS.iter().map(|target| PossibleValue::new(target.name).help(target.help)))
}

pub async fn run(
    global: &Global,
    environment: Environment,
    _: Arc<Out>,
    arguments: &Arguments,
) -> Result<RenderReport> {
    let here = std::env::current_dir().unwrap_or_default();
    let path = manifest::find(global.manifest.as_deref(), &here)?;
    let manifest = manifest::load(&path, &global.env, &environment)?;
    let target = RenderTarget::named(&arguments.target).ok_or_else(|| Error::usage("unknown target"))?;
    let folder = arguments.out.as_ref().map(|out| here.join(out));
    let places = ProjectPaths {
        from_file: way(folder.as_deref().unwrap_or(manifest.home()), manifest.home()),
        in_repository: in_repository(manifest.home()),
    };
    let mut plan = match target.servers {
        NamedServers::None => DeploymentPlan::without_servers(&manifest, places),
        NamedServers::All | NamedServers::Choosable => DeploymentPlan::new(&manifest, places)?,
    };
    match &arguments.server {
        Some(name) if target.servers == NamedServers::Choosable => plan.restrict_to(name)?,
        Some(_) => {
            return Err(Error::usage(format!("{} is not written for one server", target.name))
                .hint("leave --server out: only pgbouncer and pgbackrest have files for one server"));
        }
        None => {}
    }
    if target.name == "compose" {
        plan.extra = extra::read(&manifest)?;
    }
    let (Some(out), Some(folder)) = (&arguments.out, folder) else {
        return Ok(RenderReport { text: Some(target.text(&plan)?), ..RenderReport::new(target) });
    };
    let all = target.files(&plan)?;
    let heading = target.heading(&plan);
    let leftovers = if target.owns_folder() { leftovers(&folder, &heading, &all)? } else { vec![] };
    let mut files = vec![];
    for file in &all {
        let path = folder.join(&file.name);
        let state = FileState::compare(&path, &file.text)?;
        if state != FileState::Same && !arguments.check {
            write(&folder, &path, &file.text)?;
        }
        files.push(ComparedFile { file: out.join(&file.name), state });
    }
    for name in leftovers {
        if !arguments.check {
            let path = folder.join(&name);
            std::fs::remove_file(&path).map_err(|error| failed("remove", &path, error))?;
        }
        files.push(ComparedFile { file: out.join(&name), state: FileState::Leftover });
    }
    Ok(RenderReport { files, check: arguments.check, ..RenderReport::new(target) })
}

/// Returns the files of this target in the folder that are not rendered any more, by their first line.
///
/// # Errors
/// If another target's kustomization is there, or the folder cannot be read.
fn leftovers(folder: &Path, heading: &str, all: &[RenderedFile]) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(failed("read", folder, error)),
    };
    let mut found = vec![];
    for entry in entries {
        let entry = entry.map_err(|error| failed("read", folder, error))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_file || !name.ends_with(".yaml") {
            continue;
        }
        let is_ours = starts_with(&entry.path(), heading)?;
        if name == KUSTOMIZATION && !is_ours {
            let message = format!("{} belongs to something else", entry.path().display());
            return Err(Error::usage(message).hint("give each target and environment a folder of its own"));
        }
        found.extend((is_ours && all.iter().all(|file| file.name != name)).then_some(name));
    }
    found.sort();
    Ok(found)
}

const KUSTOMIZATION: &str = "kustomization.yaml";

fn starts_with(path: &Path, heading: &str) -> Result<bool> {
    let unreadable = |error| failed("read", path, error);
    Ok(read_named(path).map_err(unreadable)?.starts_with(heading.as_bytes()))
}

fn failed(what: &str, path: &Path, error: std::io::Error) -> Error {
    Error::operation(format!("cannot {what} {}", path.display())).cause(error)
}

fn write(folder: &Path, path: &Path, text: &str) -> Result<()> {
    let unwritable = |error| failed("write", path, error);
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    replace_file(path, text, Readers::All).map_err(unwritable)
}

/// Returns the path from the root of the git repository to this folder; without a repository, the folder is its root.
fn in_repository(folder: &Path) -> String {
    let root = folder.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(folder);
    match folder.strip_prefix(root) {
        Ok(way) if way != Path::new("") => way.display().to_string(),
        _ => ".".to_owned(),
    }
}

/// State of an existing file compared with the rendered text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum FileState {
    Same,
    Different,
    Missing,
    /// Rendered before, and not any more.
    Leftover,
}

impl FileState {
    fn compare(path: &Path, text: &str) -> Result<FileState> {
        match read_named(path) {
            Ok(found) if found == text.as_bytes() => Ok(FileState::Same),
            Ok(_) => Ok(FileState::Different),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(FileState::Missing),
            Err(error) => Err(failed("read", path, error)),
        }
    }
}

/// Returns the relative path from one absolute folder to another.
fn way(from: &Path, to: &Path) -> String {
    let (from, to) = (normal(from), normal(to));
    let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from[common..].iter().map(|_| "..".to_owned());
    let down = to[common..].iter().cloned();
    let way: Vec<String> = up.chain(down).collect();
    if way.first().is_some_and(|first| first == "..") {
        way.join("/")
    } else {
        format!("./{}", way.join("/"))
    }
}

/// Returns the names of a path, without `.` and `..`.
fn normal(path: &Path) -> Vec<String> {
    let mut names = vec![];
    for component in path.components() {
        match component {
            Component::ParentDir => drop(names.pop()),
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            _ => {}
        }
    }
    names
}

#[derive(Serialize)]
struct ComparedFile {
    file: PathBuf,
    state: FileState,
}

impl ComparedFile {
    fn line(&self, check: bool) -> String {
        let file = printable(&self.file.display().to_string());
        match (check, self.state) {
            (_, FileState::Same) => format!("{file} is up to date.\n"),
            (true, FileState::Missing) => format!("{file} does not exist.\n"),
            (true, FileState::Different) => format!("{file} is out of date.\n"),
            (false, FileState::Missing) => format!("{file} written.\n"),
            (false, FileState::Different) => format!("{file} replaced.\n"),
            (true, FileState::Leftover) => format!("{file} is not rendered any more.\n"),
            (false, FileState::Leftover) => format!("{file} removed.\n"),
        }
    }
}

#[derive(Serialize)]
pub struct RenderReport {
    target: &'static str,
    files: Vec<ComparedFile>,
    #[serde(skip)]
    check: bool,
    /// Text of the files, if no folder was specified.
    #[serde(skip)]
    text: Option<String>,
}

impl RenderReport {
    fn new(target: &RenderTarget) -> RenderReport {
        RenderReport { target: target.name, files: vec![], check: false, text: None }
    }
}

impl Report for RenderReport {
    fn text(&self, _: &Style) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        self.files.iter().map(|file| file.line(self.check)).collect()
    }

    fn status(&self) -> ExitStatus {
        if self.check && self.files.iter().any(|file| file.state != FileState::Same) {
            return ExitStatus::Differences;
        }
        ExitStatus::Success
    }

    fn verbatim(&self) -> bool {
        self.text.is_some()
    }

    /// The file is a document of its own.
    fn format(&self) -> Option<Format> {
        self.text.is_some().then_some(Format::Table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_leads_from_one_folder_to_another() {
        for (from, to, expected) in [
            ("/a/b", "/a/b", "./"),
            ("/a/b/c", "/a/b", ".."),
            ("/a/x/y", "/a/b", "../../b"),
            ("/a", "/a/b/./c", "./b/c"),
            ("/a/b/../c", "/a/c", "./"),
        ] {
            assert_eq!(way(Path::new(from), Path::new(to)), expected, "{from} {to}");
        }
    }
}
