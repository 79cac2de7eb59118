//! What all steps of a split begin with: the map, and the way to the shared database.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::Result;
use crate::manifest::SplitMap;
use crate::run::Run;
use crate::server::Access;

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

/// As seen from the current folder.
pub fn near(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
