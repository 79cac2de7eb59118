//! Listener in a build without the feature `monitor`: there is none.

use std::sync::Arc;

use super::super::arguments::Arguments;
use crate::app::Run;
use crate::commands::missing_feature;
use martydb_model::error::Result;
use martydb_relay::RelayMetrics;

/// Listener that was not requested.
pub struct MetricsListener;

impl MetricsListener {
    /// # Errors
    /// If one is requested.
    pub fn open(_: &Run, arguments: &Arguments, _: &Arc<RelayMetrics>) -> Result<MetricsListener> {
        match arguments.metrics {
            Some(_) => Err(missing_feature("monitor")),
            None => Ok(MetricsListener),
        }
    }

    pub async fn serve(self) -> Result<()> {
        Ok(())
    }
}
