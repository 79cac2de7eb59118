//! What `martydb monitor` measures and what is worth an alert: tables of which the exporter's HELP, the pages of the book,
//! the alert rules and the dashboard are made, so that none of them names a series that does not exist.

mod alerts;
mod expression;
mod panels;
mod sample;
mod table;

pub use alerts::{ALERTS, Alert, AlertSeverity};
pub use expression::{named, of_project};
pub use panels::{PANELS, Panel, PanelKind, Reach};
pub use sample::{Sample, Subject};
pub use table::*;
