//! Result of `status`, and the part of it that is shown.

use serde::{Serialize, Serializer};

use super::backups::KnownBackups;
use super::collect::{Arguments, Reviewed};
use super::status_word::StatusWord;
use crate::commands::deploy::partitions::PartitionRow;
use crate::commands::support::companion::RedisRow;
use martydb_apply::replicas::ReplicaStatus;
use martydb_backup::store::BackupSummary;
use martydb_migrate::{ServiceStatus, Sizes};

/// All services, and which of them are shown.
pub struct StatusReport {
    pub services: Vec<ServiceStatus>,
    pub replicas: Vec<ReplicaStatus>,
    pub partitions: Vec<PartitionRow>,
    pub redis: Vec<RedisRow>,
    pub backups: KnownBackups,
    only: Vec<StatusWord>,
    /// `true` if any state other than up to date is a difference.
    pub check: bool,
    pub sizes: Sizes,
}

impl Serialize for StatusReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            #[serde(flatten)]
            status: &'a ServiceStatus,
            backup: Option<BackupSummary>,
        }
        #[derive(Serialize)]
        struct ReplicaRow<'a> {
            #[serde(flatten)]
            status: &'a ReplicaStatus,
            late: bool,
            in_words: String,
        }
        #[derive(Serialize)]
        struct Document<'a> {
            services: Vec<Row<'a>>,
            replicas: Vec<ReplicaRow<'a>>,
            partitions: &'a [PartitionRow],
            redis: &'a [RedisRow],
        }
        let row = |status| Row { status, backup: self.backups.summary_of(&status.service) };
        let services = self.shown().map(row).collect();
        let replica =
            |status| ReplicaRow { status, late: ReplicaStatus::is_late(status), in_words: status.in_words() };
        let replicas = self.replicas.iter().map(replica).collect();
        Document { services, replicas, partitions: &self.partitions, redis: &self.redis }
            .serialize(serializer)
    }
}

impl StatusReport {
    pub fn new(
        Reviewed { services, replicas, partitions, redis }: Reviewed,
        backups: KnownBackups,
        arguments: &Arguments,
        sizes: Sizes,
    ) -> StatusReport {
        let (only, check) = (arguments.only.clone(), arguments.check);
        StatusReport { services, replicas, partitions, redis, backups, only, check, sizes }
    }

    pub fn shown(&self) -> impl Iterator<Item = &ServiceStatus> {
        let is_shown = |status: &&ServiceStatus| {
            self.only.is_empty() || self.only.iter().any(|standing| standing.holds(status))
        };
        self.services.iter().filter(is_shown)
    }
}
