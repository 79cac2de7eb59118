//! The result, and what of it is shown.

use serde::{Serialize, Serializer};

use super::look::Arguments;
use super::standing::StatusWord;
use crate::migrate::{ServiceStatus, Sizes};

/// All services that were looked at, and which of them are shown.
pub struct StatusReport {
    pub services: Vec<ServiceStatus>,
    only: Vec<StatusWord>,
    /// Whether anything but all up to date is a difference.
    pub check: bool,
    pub sizes: Sizes,
}

impl Serialize for StatusReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'a> {
            services: Vec<&'a ServiceStatus>,
        }
        Document { services: self.shown().collect() }.serialize(serializer)
    }
}

impl StatusReport {
    pub fn new(services: Vec<ServiceStatus>, arguments: &Arguments, sizes: Sizes) -> StatusReport {
        StatusReport { services, only: arguments.only.clone(), check: arguments.check, sizes }
    }

    pub fn shown(&self) -> impl Iterator<Item = &ServiceStatus> {
        let is_shown = |status: &&ServiceStatus| {
            self.only.is_empty() || self.only.iter().any(|standing| standing.holds(status))
        };
        self.services.iter().filter(is_shown)
    }
}
