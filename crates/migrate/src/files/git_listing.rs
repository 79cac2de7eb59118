//! A folder of migrations as a commit of its repository has it. Git reads its own repository.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::name::{self, Direction};
use martydb_model::error::{Error, Result};

/// Up files of a folder, by name, with the hash of each content.
pub type UpFiles = BTreeMap<String, String>;

pub struct CommitListing {
    /// Hash of the commit.
    pub commit: String,
    /// Entries of the folder, by name, with their hashes.
    pub entries: BTreeMap<String, String>,
}

impl CommitListing {
    /// Lists the folder in the commit; the folder need not exist here.
    ///
    /// # Errors
    /// If git is missing, the folder is in no repository, or the commit is unknown.
    pub async fn read(folder: &Path, reference: &str) -> Result<CommitListing> {
        if reference.is_empty() || reference.starts_with('-') {
            return Err(Error::usage(format!("\"{reference}\" is not a valid commit or branch name")));
        }
        let near = existing(folder);
        let commit = format!("{reference}^{{commit}}");
        let commit =
            git(near, &["rev-parse", "--verify", "--quiet", &commit], reference).await?.trim().to_owned();
        let below = folder.strip_prefix(near).unwrap_or(folder).join("");
        let below = Path::new(".").join(below).display().to_string();
        let listed = git(near, &["ls-tree", "-z", &commit, "--", &below], reference).await?;
        let entries = listed.split('\0').filter_map(entry).collect();
        Ok(CommitListing { commit, entries })
    }
}

/// Returns the folder, or the nearest one above it that exists.
fn existing(folder: &Path) -> &Path {
    folder.ancestors().find(|above| above.is_dir()).unwrap_or(Path::new("."))
}

/// Parses a line of `ls-tree`: mode, type, object, a tab and the path.
fn entry(line: &str) -> Option<(String, String)> {
    let (head, path) = line.split_once('\t')?;
    let name = path.rsplit('/').next()?;
    Some((name.to_owned(), head.rsplit(' ').next()?.to_owned()))
}

/// Returns the up files among the entries.
pub fn up_files(entries: &BTreeMap<String, String>) -> UpFiles {
    entries.iter().filter_map(|(name, hash)| Some((is_up(name)?, hash.clone()))).collect()
}

/// Returns the name, if it is that of an up file.
pub fn is_up(file: &str) -> Option<String> {
    name::parse(file).ok().filter(|name| name.direction == Direction::Up).map(|_| file.to_owned())
}

/// Runs git in a folder, without a shell, and without programs from its configuration.
pub async fn git(folder: &Path, arguments: &[&str], reference: &str) -> Result<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "core.fsmonitor=false", "--no-pager"]).args(arguments);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| Error::operation("cannot run git").cause(error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let why =
        words.lines().next().map_or_else(|| format!("\"{reference}\" is unknown to git"), str::to_owned);
    Err(Error::usage(format!("cannot compare {} with {reference}", folder.display()))
        .cause(why)
        .hint("specify a branch, tag or commit of the repository that the folder is in; fetch it first"))
}
