//! What all steps of a split begin with: the map, and the way to the shared database.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::{Error, Kind, Result};
use crate::manifest::SplitMap;
use crate::run::Run;
use crate::server::{Access, Connection, lock};
use crate::splitting::SplitPlan;
use crate::units::counted;

/// The map's name beside the manifest.
const FILE: &str = "split.yaml";

/// Which map.
#[derive(Debug, Clone, Args)]
pub struct MapChoice {
    /// The map [default: split.yaml beside the manifest].
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
}

impl MapChoice {
    pub fn path(&self, run: &Run) -> PathBuf {
        self.map.clone().unwrap_or_else(|| run.manifest.home().join(FILE))
    }

    /// A command, with this map where it is not the usual one.
    pub fn in_command(&self, command: &str) -> String {
        let flag = self.map.as_ref().map(|path| format!(" --map {}", path.display()));
        format!("{command}{}", flag.unwrap_or_default())
    }

    pub fn load(&self, run: &Run) -> Result<SplitMap> {
        SplitMap::load(&self.path(run), &run.manifest, &run.environment)
    }
}

/// The admin's way to the server of the shared database.
pub async fn source(run: &Run, map: &SplitMap) -> Result<Access> {
    match &map.source.elsewhere {
        Some(server) => run.and_server(&map.source.server, server).admin(&map.source.server).await,
        None => run.admin(&map.source.server).await,
    }
}

/// The lock that one command on a split holds at a time, in the source.
const LOCK: i32 = 0x7370_6c74;

/// A session of the admin in the source that no other command on the split has beside it.
///
/// # Errors
/// If another one is at work.
pub async fn locked(run: &Run, access: &Access, database: &str) -> Result<Connection> {
    let mut session = access.write(database).await?;
    let what = format!("the split of database \"{database}\"");
    lock::take(&mut session, LOCK, run.lock_wait, &what).await?;
    Ok(session)
}

/// Refuses a plan that is not complete.
///
/// # Errors
/// With what is open; `undone` says what was not done for that.
pub fn complete(plan: &SplitPlan, map: &MapChoice, undone: &str) -> Result<()> {
    if plan.is_complete() {
        return Ok(());
    }
    let (open, unanswered) = (plan.open.len(), plan.unanswered().count());
    Err(Error::new(Kind::Divergent, format!("the plan of the split is not complete, so {undone}"))
        .causes((open > 0).then(|| format!("{} without a place", counted(open, "table"))))
        .causes((unanswered > 0).then(|| format!("{} without an answer", counted(unanswered, "edge"))))
        .hint(format!("`{}` shows them", map.in_command("martydb split plan"))))
}

/// As seen from the current folder.
pub fn near(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
