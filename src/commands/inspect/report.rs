//! `report`: writes what `status`, `history` and `verify-isolation` show as one HTML page.

#[cfg(feature = "report")]
mod access;
#[cfg(feature = "report")]
mod collect;
#[cfg(feature = "report")]
mod earlier;
#[cfg(feature = "report")]
mod isolation;
#[cfg(feature = "report")]
mod page;
#[cfg(feature = "report")]
mod skipped;

use std::path::PathBuf;

use clap::Args;

#[cfg(not(feature = "report"))]
use crate::commands::support::missing;
use martydb_ui::flags::Select;

#[cfg(all(feature = "monitor", feature = "report"))]
pub(crate) use collect::collect_around;
pub use collect::now;
#[cfg(all(feature = "monitor", feature = "report"))]
pub use isolation::PageProof;
#[cfg(feature = "report")]
pub use page::{PageReport, run};

/// # Errors
/// Always: this build makes no page.
#[cfg(not(feature = "report"))]
pub async fn run(_: &crate::app::App, _: &Arguments) -> martydb_model::error::Result<missing::NoReport> {
    Err(missing::missing_feature("report"))
}

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// File to write; without it the page goes to standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Earlier report; the page begins with what has changed since.
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// Replace the file of --out even if it is not a report.
    #[arg(long, requires = "out")]
    pub force: bool,
}
