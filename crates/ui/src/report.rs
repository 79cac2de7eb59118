//! Output of commands; the only module that prints results.
//!
//! A command returns a [`Report`]: one value that is rendered either as text or as JSON, so the two cannot disagree.
//! Data goes to stdout; messages and progress go to stderr and obey `--quiet`.

mod ago;
mod columns;
mod document;
mod error_text;
mod flat;
mod grid;
mod layout;
mod out;
mod pager;
mod progress;
mod style;
mod table;
mod wrap;
mod yaml;

pub use ago::when;
pub use columns::ReportColumn;
pub use document::{Document, Report};
pub use error_text::{error_text, error_texts};
pub use flat::FlatTable;
pub use grid::{Grid, Mark, paint};
pub use martydb_model::text::{escaped_json, indented, printable, without_colours};
pub use out::{Out, terminal_width};
pub use pager::Pager;
pub(crate) use progress::aside;
pub use progress::{BYTES, OBJECTS, Pause, Progress, ProgressPiece, Unit, pause, progress};
pub use style::{Paint, Style};
pub use table::{Cell, Table};
pub use wrap::wrapped;
pub use yaml::text as yaml_text;
