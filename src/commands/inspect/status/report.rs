//! Result of `status`, and the part of it that is shown.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::backups::KnownBackups;
use super::collect::{Arguments, Reviewed, ServiceLabels};
use super::status_word::StatusWord;
use crate::commands::support::companion::RedisRow;
use martydb_apply::replicas::ReplicaStatus;
use martydb_backup::store::BackupSummary;
use martydb_import::discovery::not_imported::NotImported;
use martydb_migrate::{ServiceStatus, Sizes};
use martydb_partitions::PartitionRow;

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
    /// `true` if the servers were compared with the manifest.
    pub drift: bool,
    pub sizes: Sizes,
    /// Services whose migrations are not imported.
    pub not_imported: Vec<NotImported>,
    labels: ServiceLabels,
}

impl Serialize for StatusReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            #[serde(flatten)]
            status: &'a ServiceStatus,
            backup: Option<BackupSummary>,
            #[serde(skip_serializing_if = "Option::is_none")]
            labels: Option<&'a BTreeMap<String, String>>,
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
            /// Parts that were compared.
            compared: &'a [&'static str],
        }
        let row = |status| Row {
            status,
            backup: self.backups.summary_of(&status.service),
            labels: self.labels.get(&status.service),
        };
        let services = self.shown().map(row).collect();
        let replica =
            |status| ReplicaRow { status, late: ReplicaStatus::is_late(status), in_words: status.in_words() };
        let replicas = self.replicas.iter().map(replica).collect();
        let (partitions, redis, compared) = (&*self.partitions, &*self.redis, self.compared());
        Document { services, replicas, partitions, redis, compared }.serialize(serializer)
    }
}

/// Parts that `status` compares: migrations always, the others with `--drift` and `--check`.
const COMPARED: [&str; 5] = ["migrations", "schemas", "objects", "roles", "grants"];

impl StatusReport {
    pub fn new(
        Reviewed { services, replicas, partitions, redis, not_imported, labels }: Reviewed,
        backups: KnownBackups,
        arguments: &Arguments,
        sizes: Sizes,
    ) -> StatusReport {
        let (only, check, drift) = (arguments.only.clone(), arguments.check, arguments.compares_servers());
        StatusReport {
            services,
            replicas,
            partitions,
            redis,
            backups,
            only,
            check,
            drift,
            sizes,
            not_imported,
            labels,
        }
    }

    /// Returns the parts that were compared.
    pub fn compared(&self) -> &'static [&'static str] {
        if self.drift { &COMPARED } else { &COMPARED[..1] }
    }

    pub fn shown(&self) -> impl Iterator<Item = &ServiceStatus> {
        let is_shown = |status: &&ServiceStatus| {
            self.only.is_empty() || self.only.iter().any(|standing| standing.holds(status))
        };
        self.services.iter().filter(is_shown)
    }
}
