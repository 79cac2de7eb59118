//! Metrics of `martydb monitor` and their alerts: tables from which the exporter's HELP, the pages of the book, the
//! alert rules and the dashboard are generated. None of these can name a series that does not exist.

mod alerts;
mod compatible;
mod expression;
mod panels;
mod sample;
mod table;

pub use alerts::{ALERTS, Alert, AlertSeverity};
pub use compatible::{COMPATIBLE, CompatibleMetric, SeriesLabels};
pub use expression::{named, of_project};
pub use panels::{PANELS, Panel, PanelKind, Reach};
pub use sample::{Sample, ServerSamples, Subject};
pub use table::*;
