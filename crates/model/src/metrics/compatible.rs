//! Names of postgres_exporter for values that the monitor has too, for dashboards and alerts that others wrote:
//! <https://github.com/prometheus-community/postgres_exporter>.

use std::collections::BTreeMap;

use super::*;

/// A series under the name and the labels of postgres_exporter.
#[derive(Debug)]
pub struct CompatibleMetric {
    pub name: &'static str,
    pub of: &'static Metric,
    /// Value that a label of the metric must have.
    only: Option<&'static str>,
    /// Its labels, each from the value of a label of the metric; `database` is the subject's.
    labels: &'static [(&'static str, &'static str)],
    /// Factor for its unit.
    factor: f64,
}

/// Milliseconds in a second: the unit of times in PostgreSQL's views.
const MS: f64 = 1000.0;

macro_rules! compatible {
    ($($name:literal = $of:ident $(($only:literal))? [$($label:literal: $from:literal),*] $(* $factor:ident)?;)*) => {
        /// Every compatible name. Values of several series with the same labels are added up.
        pub const COMPATIBLE: &[CompatibleMetric] = &[$(CompatibleMetric {
            name: $name,
            of: $of,
            only: compatible!(@only $($only)?),
            labels: &[$(($label, $from)),*],
            factor: compatible!(@factor $($factor)?),
        }),*];
    };
    (@only) => { None };
    (@only $only:literal) => { Some($only) };
    (@factor) => { 1.0 };
    (@factor $factor:ident) => { $factor };
}

compatible! {
    "pg_up" = UP [];
    "pg_static" = SERVER_INFO ["short_version": "version"];
    "pg_postmaster_start_time_seconds" = SERVER_START [];
    "pg_replication_is_replica" = SERVER_IN_RECOVERY [];
    "pg_replication_lag_seconds" = REPLAY_AGE_SECONDS [];
    "pg_settings_max_connections" = SERVER_CONNECTION_LIMIT [];
    "pg_replication_slot_slot_is_active" = SLOT_ACTIVE ["slot_name": "slot"];
    "pg_stat_replication_pg_wal_lsn_diff" = REPLICATION_LAG_BYTES ["application_name": "standby"];
    "pg_stat_archiver_archived_count" = ARCHIVED_FILES ("archived") [];
    "pg_stat_archiver_failed_count" = ARCHIVED_FILES ("failed") [];
    "pg_stat_bgwriter_checkpoints_timed_total" = CHECKPOINTS ("timed") [];
    "pg_stat_bgwriter_checkpoints_req_total" = CHECKPOINTS ("requested") [];
    "pg_stat_bgwriter_checkpoint_write_time_total" = CHECKPOINT_SECONDS ("write") [] * MS;
    "pg_stat_bgwriter_checkpoint_sync_time_total" = CHECKPOINT_SECONDS ("sync") [] * MS;
    "pg_database_size_bytes" = DATABASE_SIZE ["datname": "database"];
    "pg_database_connection_limit" = DATABASE_CONNECTION_LIMIT ["datname": "database"];
    "pg_stat_activity_count" = CONNECTIONS ["datname": "database", "state": "state", "usename": "role"];
    "pg_stat_database_numbackends" = CONNECTIONS ["datname": "database"];
    "pg_stat_database_xact_commit" = TRANSACTIONS ("commit") ["datname": "database"];
    "pg_stat_database_xact_rollback" = TRANSACTIONS ("rollback") ["datname": "database"];
    "pg_stat_database_blks_hit" = BLOCKS ("cache") ["datname": "database"];
    "pg_stat_database_blks_read" = BLOCKS ("disk") ["datname": "database"];
    "pg_stat_database_blk_read_time" = BLOCK_SECONDS ("read") ["datname": "database"] * MS;
    "pg_stat_database_blk_write_time" = BLOCK_SECONDS ("write") ["datname": "database"] * MS;
    "pg_stat_database_tup_returned" = ROWS ("returned") ["datname": "database"];
    "pg_stat_database_tup_fetched" = ROWS ("fetched") ["datname": "database"];
    "pg_stat_database_tup_inserted" = ROWS ("inserted") ["datname": "database"];
    "pg_stat_database_tup_updated" = ROWS ("updated") ["datname": "database"];
    "pg_stat_database_tup_deleted" = ROWS ("deleted") ["datname": "database"];
    "pg_stat_database_temp_files" = TEMPORARY_FILES ["datname": "database"];
    "pg_stat_database_temp_bytes" = TEMPORARY_BYTES ["datname": "database"];
    "pg_stat_database_deadlocks" = DEADLOCKS ["datname": "database"];
    "pg_stat_database_conflicts" = CONFLICTS ["datname": "database"];
    "pg_stat_user_tables_n_live_tup" = TABLE_LIVE ["datname": "database", "schemaname": "schema", "relname": "table"];
    "pg_stat_user_tables_n_dead_tup" = TABLE_DEAD ["datname": "database", "schemaname": "schema", "relname": "table"];
    "pg_stat_user_tables_last_autovacuum" = TABLE_AUTOVACUUM ["datname": "database", "schemaname": "schema", "relname": "table"];
}

/// Labels of a series, by name.
pub type SeriesLabels = BTreeMap<&'static str, String>;

impl CompatibleMetric {
    /// Returns its series among these samples. Each has the server, because one monitor reads several.
    pub fn series(&self, samples: &[Sample]) -> BTreeMap<SeriesLabels, f64> {
        let mut all = BTreeMap::new();
        let is_of = |sample: &&Sample| {
            sample.metric == self.of
                && self.only.is_none_or(|only| sample.labels.iter().any(|label| label == only))
        };
        for sample in samples.iter().filter(is_of) {
            let own = self.labels.iter().map(|(name, from)| (*name, label(sample, from)));
            let labels = own.chain([("server", sample.subject.server.clone())]).collect();
            *all.entry(labels).or_insert(0.0) += sample.value * self.factor;
        }
        all
    }
}

fn label(sample: &Sample, name: &str) -> String {
    let at = sample.metric.labels.iter().position(|label| *label == name);
    at.map_or_else(|| sample.subject.database.clone(), |at| sample.labels[at].clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_there_once_and_every_label_has_a_source() {
        let names: BTreeSet<&str> = COMPATIBLE.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), COMPATIBLE.len());
        for metric in COMPATIBLE {
            assert!(metric.name.starts_with("pg_"), "{}", metric.name);
            for (_, from) in metric.labels {
                assert!(*from == "database" || metric.of.labels.contains(from), "{}: {from}", metric.name);
            }
            assert!(metric.only.is_none() || metric.of.labels.len() == 1, "{}", metric.name);
        }
    }

    #[test]
    fn series_with_equal_labels_are_added_up_and_units_converted() {
        let subject = Subject { service: "a".into(), server: "main".into(), database: "a_db".into() };
        let samples = [
            Sample::with(CONNECTIONS, &subject, ["app", "active"], 2.0),
            Sample::with(CONNECTIONS, &subject, ["app", "idle"], 3.0),
            Sample::with(BLOCK_SECONDS, &subject, ["read"], 1.5),
            Sample::with(BLOCK_SECONDS, &subject, ["write"], 9.0),
        ];
        let of = |name: &str| {
            let metric = COMPATIBLE.iter().find(|metric| metric.name == name).unwrap();
            metric.series(&samples).into_iter().collect::<Vec<_>>()
        };
        let labels: SeriesLabels = [("datname", "a_db".to_owned()), ("server", "main".to_owned())].into();
        assert_eq!(of("pg_stat_database_numbackends"), [(labels.clone(), 5.0)]);
        assert_eq!(of("pg_stat_database_blk_read_time"), [(labels, 1500.0)]);
        assert_eq!(of("pg_stat_activity_count").len(), 2);
    }
}
