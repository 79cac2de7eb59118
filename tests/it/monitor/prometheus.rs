//! The rendered rules and dashboard in Prometheus' own tools, and in a Prometheus that scrapes a monitor.
//!
//! `scripts/test` installs Prometheus where it can, and leaves these tests out by their name, aloud, where it cannot.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::monitored;
use super::served::{PATIENCE, Served, ask};
use crate::support::{Admin, Project, Server};

/// A service on a server, as far as `render` has to know it.
const MANIFEST: &str = "version: 1\nproject: pro\nmonitor: true\nservers:\n  main: { url: postgresql://admin@db:5432/postgres }\nservices:\n  csca:\n";

fn promtool(folder: &Path, arguments: &[&str]) -> String {
    let done = Command::new("promtool").args(arguments).current_dir(folder).output();
    let done = done.expect("promtool on PATH; without it: cargo test -- --skip prometheus");
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{arguments:?}:\n{said}");
    said
}

fn rendered() -> Project {
    let project = Project::with_manifest(MANIFEST);
    project.run(&["render", "prometheus", "--out", "."]).expect(0);
    project
}

fn rules(project: &Project) -> Vec<Value> {
    let file: Value = serde_yaml_value(&project.read("martydb-alerts.yml"));
    file["groups"][0]["rules"].as_array().unwrap().clone()
}

fn serde_yaml_value(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

#[test]
fn promtool_accepts_configuration_and_rules() {
    let project = rendered();
    let said = promtool(project.path(), &["check", "config", "prometheus.yml"]);
    assert!(said.contains("SUCCESS") && !said.contains("FAILED"), "{said}");
    promtool(project.path(), &["check", "rules", "martydb-alerts.yml"]);
    // On another machine there are TLS and a password, and no secret in the file.
    let far = format!("{MANIFEST}deploy: {{ monitor: monitor.internal:9187 }}\n");
    let project = Project::with_manifest(&far);
    project.run(&["render", "prometheus", "--out", "."]).expect(0);
    for name in ["martydb-password", "martydb-ca.crt"] {
        project.write(name, "x");
    }
    promtool(project.path(), &["check", "config", "--syntax-only", "prometheus.yml"]);
    let text = project.read("prometheus.yml");
    assert!(text.contains("scheme: https") && text.contains("password_file:"), "{text}");
}

/// Series that make an alert fire, minute by minute; what is not named here is as it should be.
const FIRING: &[(&str, &[(&str, &str)])] = &[
    ("MartydbIsolationBroken", &[("martydb_isolation_ok{S}", "0x200")]),
    (
        "MartydbIsolationNotProven",
        &[
            ("martydb_isolation_proven_timestamp_seconds{S}", "1x200"),
            ("martydb_check_interval_seconds{C}", "1800x200"),
        ],
    ),
    ("MartydbServerDown", &[("martydb_up{V}", "0x200")]),
    ("MartydbRedisDown", &[("martydb_redis_up{V}", "0x200")]),
    ("MartydbServeBreakerOpen", &[("martydb_serve_breaker_open{S}", "1x200")]),
    ("MartydbMonitorDown", &[("martydb_up{V}", "1x200")]),
    ("MartydbChecksumFailure", &[("martydb_checksum_failures_total{S}", "3x200")]),
    ("MartydbTransactionIdsNearLimit", &[("martydb_transaction_id_age{S}", "1200000000x200")]),
    ("MartydbBackupTooOld", &[("martydb_backup_timestamp_seconds{S}", "1x200")]),
    (
        "MartydbBackupTooOld",
        &[("martydb_backups{S}", "0x200"), ("martydb_backup_timestamp_seconds{S}", "_x200")],
    ),
    (
        "MartydbServerConnectionsNearLimit",
        &[("martydb_server_connections{V}", "95x200"), ("martydb_server_connection_limit{V}", "100x200")],
    ),
    ("MartydbArchivingFails", &[("martydb_archive_failing{V}", "1x200")]),
    (
        "MartydbConnectionsNearLimit",
        &[("martydb_role_connections{R}", "9x200"), ("martydb_role_connection_limit{R}", "10x200")],
    ),
    (
        "MartydbDatabaseConnectionsNearLimit",
        &[
            ("martydb_connections{R,state=\"idle\"}", "9x200"),
            ("martydb_database_connection_limit{S}", "10x200"),
        ],
    ),
    ("MartydbCollationChanged", &[("martydb_collations_changed{S}", "2x200")]),
    ("MartydbServerUnsupported", &[("martydb_server_support_end_timestamp_seconds{V}", "-90000+0x200")]),
    ("MartydbSchemaDrift", &[("martydb_schema_drift{S}", "3x200")]),
    ("MartydbMigrationsDivergent", &[("martydb_migrations_divergent{S}", "1x200")]),
    ("MartydbMigrationsPending", &[("martydb_migrations_pending{S}", "2x200")]),
    ("MartydbNotProvisioned", &[("martydb_provisioned{S}", "0x200")]),
    ("MartydbDrift", &[("martydb_drift_changes{S}", "1x200")]),
    ("MartydbBackupNotVerified", &[("martydb_backup_verified_timestamp_seconds{S}", "1x200")]),
    ("MartydbBackupNotVerified", &[("martydb_backup_verified_timestamp_seconds{S}", "_x200")]),
    ("MartydbOutboxLag", &[("martydb_outbox_oldest_seconds{S}", "400x200")]),
    ("MartydbOutboxDead", &[("martydb_outbox_dead{S}", "1x200")]),
    (
        "MartydbPartitionsShort",
        &[("martydb_partitions_ahead_seconds{S,schema=\"public\",table=\"t\"}", "3600x200")],
    ),
    ("MartydbPartitionsGaps", &[("martydb_partitions_gaps{S,schema=\"public\",table=\"t\"}", "1x200")]),
    (
        "MartydbPartitionsDefault",
        &[("martydb_partitions_default_rows{S,schema=\"public\",table=\"t\"}", "3x200")],
    ),
    ("MartydbRedisMemory", &[("martydb_redis_memory_used_bytes{V}", "95x200")]),
    ("MartydbRedisUsersUnsaved", &[("martydb_redis_users_unsaved{V}", "1x200")]),
    ("MartydbRedisSaveFails", &[("martydb_redis_save_failing{V}", "1x200")]),
    ("MartydbRedisRefusals", &[("martydb_redis_acl_log_refusals{R,reason=\"key\"}", "0+1x200")]),
    ("MartydbRelayStalled", &[("martydb_relay_last_success_timestamp_seconds{S}", "_x200")]),
    (
        "MartydbRelayStalled",
        &[
            ("martydb_relay_pending{S}", "4x200"),
            ("martydb_relay_last_success_timestamp_seconds{S}", "1x200"),
        ],
    ),
    ("MartydbServePoolExhausted", &[("martydb_serve_refused_total{S,reason=\"pool\"}", "0+1x200")]),
    ("MartydbBackupDamaged", &[("martydb_backup_problems{T}", "1x200")]),
    ("MartydbPasswordTooOld", &[("martydb_password_set_timestamp_seconds{R}", "1x200")]),
    ("MartydbCheckFailing", &[("martydb_check_ok{C}", "0x200")]),
    ("MartydbReplicationLag", &[("martydb_replication_lag_seconds{V,standby=\"b\"}", "90x200")]),
    (
        "MartydbSlotRetainsWal",
        &[("martydb_replication_slot_retained_bytes{V,slot=\"s\"}", "20000000000x200")],
    ),
    ("MartydbSlotLost", &[("martydb_replication_slot_lost{V,slot=\"s\"}", "1x200")]),
    ("MartydbSubscriptionStopped", &[("martydb_subscription_active{V,subscription=\"s\"}", "0x200")]),
    ("MartydbLockWait", &[("martydb_longest_lock_wait_seconds{S}", "90x200")]),
    ("MartydbLongTransaction", &[("martydb_longest_transaction_seconds{S}", "4000x200")]),
];

/// All is well.
const CALM: &[(&str, &str)] = &[
    ("martydb_build_info{C}", "1x200"),
    ("martydb_up{V}", "1x200"),
    ("martydb_isolation_ok{S}", "1x200"),
    ("martydb_service_info{S}", "1x200"),
    ("martydb_isolation_proven_timestamp_seconds{S}", "0+60x200"),
    ("martydb_check_interval_seconds{C}", "3600x200"),
    ("martydb_check_ok{C}", "1x200"),
    ("martydb_role_connections{R}", "1x200"),
    ("martydb_role_connection_limit{R}", "10x200"),
    ("martydb_drift_changes{S}", "0x200"),
    ("martydb_backups{S}", "2x200"),
    ("martydb_backup_timestamp_seconds{S}", "0+60x200"),
    ("martydb_backup_verified_timestamp_seconds{S}", "0+60x200"),
    ("martydb_backup_problems{T}", "0x200"),
    ("martydb_outbox_oldest_seconds{S}", "20x200"),
    ("martydb_outbox_dead{S}", "0x200"),
    ("martydb_partitions_ahead_seconds{S,schema=\"public\",table=\"t\"}", "600000x200"),
    ("martydb_replication_slot_lost{V,slot=\"s\"}", "0x200"),
    ("martydb_partitions_gaps{S,schema=\"public\",table=\"t\"}", "0x200"),
    ("martydb_partitions_default_rows{S,schema=\"public\",table=\"t\"}", "0x200"),
    ("martydb_redis_up{V}", "1x200"),
    ("martydb_redis_memory_used_bytes{V}", "80x200"),
    ("martydb_redis_memory_limit_bytes{V,policy=\"noeviction\"}", "100x200"),
    ("martydb_redis_users_unsaved{V}", "0x200"),
    ("martydb_redis_save_failing{V}", "0x200"),
    ("martydb_redis_acl_log_refusals{R,reason=\"key\"}", "3x200"),
    ("martydb_relay_pending{S}", "4x200"),
    ("martydb_relay_last_success_timestamp_seconds{S}", "0+60x200"),
    ("martydb_serve_breaker_open{S}", "0x200"),
    ("martydb_serve_refused_total{S,reason=\"pool\"}", "3x200"),
    ("martydb_serve_refused_total{S,reason=\"rate\"}", "0+9x200"),
    ("martydb_password_set_timestamp_seconds{R}", "0+60x200"),
    ("martydb_age_limit_seconds{T,of=\"backup\"}", "3600x200"),
    ("martydb_age_limit_seconds{T,of=\"restore\"}", "3600x200"),
    ("martydb_age_limit_seconds{T,of=\"password\"}", "3600x200"),
];

fn labels(series: &str) -> String {
    let common = "project=\"pro\",job=\"martydb-pro\",instance=\"i\"";
    let server = format!("{common},service=\"\",server=\"main\",database=\"\"");
    let service = format!("{common},service=\"csca\",server=\"main\",database=\"csca\"");
    let itself = format!("{common},service=\"\",server=\"\",database=\"\"");
    series
        .replace("{S", &format!("{{{service}"))
        .replace("{V", &format!("{{{server}"))
        .replace("{R", &format!("{{{service},role=\"csca_app\""))
        .replace("{T", &format!("{{{itself}"))
        .replace("{C", &format!("{{{itself},check=\"isolation\""))
}

/// The series of a test: those of the alert, and the calm ones that it does not replace.
fn input(firing: &[(&str, &str)], lacks: &str) -> Vec<Value> {
    let name = |series: &str| series.split('{').next().unwrap().to_owned();
    let replaced: Vec<String> = firing.iter().map(|(series, _)| name(series)).collect();
    let calm = CALM.iter().filter(|(series, _)| !replaced.contains(&name(series)) && name(series) != lacks);
    let one =
        |(series, values): &(&str, &str)| serde_json::json!({ "series": labels(series), "values": values });
    firing.iter().map(one).chain(calm.map(one)).collect()
}

#[test]
fn promtool_fires_each_alert_and_none_without_a_fault() {
    let project = rendered();
    let rules = rules(&project);
    let known: Vec<&str> = rules.iter().map(|rule| rule["alert"].as_str().unwrap()).collect();
    let mut tested: Vec<&str> = FIRING.iter().map(|(name, _)| *name).collect();
    tested.dedup();
    assert_eq!(known, tested, "every alert has a test");
    let mut tests = vec![];
    for (name, series) in FIRING {
        let lacks = if *name == "MartydbMonitorDown" { "martydb_service_info" } else { "" };
        let rule = rules.iter().find(|rule| rule["alert"] == *name).unwrap();
        // Firing alerts are counted: their labels and words depend on the series.
        let fires = format!("count(ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}})");
        let at = |minute: u32, value: Value| serde_json::json!({ "expr": fires, "eval_time": format!("{minute}m"), "exp_samples": value });
        let lasting = rule["for"].as_str().unwrap().trim_end_matches('m').parse::<u32>().unwrap();
        let mut asked = vec![at(180, serde_json::json!([{ "labels": "{}", "value": 1 }]))];
        // Not before it has lasted.
        if lasting > 1 {
            asked.push(at(lasting - 1, serde_json::json!([])));
        }
        tests.push(serde_json::json!({
            "interval": "1m", "input_series": input(series, lacks), "promql_expr_test": asked,
        }));
    }
    let nothing = serde_json::json!({
        "expr": "count(ALERTS{alertstate=\"firing\"})", "eval_time": "180m", "exp_samples": [],
    });
    tests.push(serde_json::json!({
        "interval": "1m", "input_series": input(&[], ""), "promql_expr_test": [nothing],
    }));
    let file = serde_json::json!({
        "rule_files": ["martydb-alerts.yml"], "evaluation_interval": "1m", "tests": tests,
    });
    project.write("tests.yml", &file.to_string());
    let said = promtool(project.path(), &["test", "rules", "tests.yml"]);
    assert!(said.contains("SUCCESS"), "{said}");
}

#[test]
fn promtool_accepts_the_dashboards_queries_and_the_exposition() {
    let project = Project::with_manifest(MANIFEST);
    project.run(&["render", "grafana", "--out", "."]).expect(0);
    let first = project.read("martydb-dashboard.json");
    let dashboard: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(dashboard["uid"], "martydb-pro");
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: std::collections::BTreeSet<u64> =
        panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    assert!(panels.iter().any(|panel| panel["type"] == "row" && panel["repeat"] == "service"));
    // A rule for each query, so that the parser of Prometheus reads them.
    let queries = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let rules: Vec<Value> = queries
        .enumerate()
        .map(|(number, target)| {
            let query = target["expr"].as_str().unwrap().replace("$__rate_interval", "1m");
            serde_json::json!({ "record": format!("panel:query:{number}"), "expr": query })
        })
        .collect();
    assert!(rules.len() > 20);
    let file = serde_json::json!({ "groups": [{ "name": "panels", "rules": rules }] });
    project.write("panels.yml", &file.to_string());
    promtool(project.path(), &["check", "rules", "panels.yml"]);

    let server = Server::start();
    let project = monitored(&server, Admin::Super, "moq");
    project.run(&["init-all", "-y"]).expect(0);
    let printed = project.run(&["monitor", "--once"]).expect(0).stdout;
    project.write("metrics.prom", &printed);
    let metrics = std::fs::File::open(project.path().join("metrics.prom")).unwrap();
    let done =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::from(metrics)).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.is_empty(), "{said}");
}

/// A Prometheus that scrapes and evaluates every second; it is stopped when this is dropped.
struct Prometheus {
    child: Child,
    address: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Prometheus {
    fn start(project: &Project, target: &str) -> Prometheus {
        project.run(&["render", "prometheus", "--out", "prometheus"]).expect(0);
        let mut configuration = serde_yaml_value(&project.read("prometheus/prometheus.yml"));
        configuration["global"] = serde_json::json!({ "evaluation_interval": "1s" });
        let scrape = &mut configuration["scrape_configs"][0];
        scrape["scrape_interval"] = "1s".into();
        scrape["scrape_timeout"] = "1s".into();
        scrape["static_configs"][0]["targets"][0] = target.into();
        project.write("prometheus/prometheus.yml", &configuration.to_string());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let child = Command::new("prometheus")
            .args([
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                &format!("--web.listen-address={address}"),
            ])
            .current_dir(project.path().join("prometheus"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus on PATH; without it: cargo test -- --skip prometheus");
        Prometheus { child, address }
    }

    /// Asks until the answer is the expected one.
    fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        let mut last = Value::Null;
        while begun.elapsed() < PATIENCE {
            if let Ok(stream) = std::net::TcpStream::connect(&self.address) {
                let body = ask(stream, &self.address, path, "").body;
                if let Ok(answer) = serde_json::from_str(&body) {
                    last = answer;
                    if wanted(&last) {
                        return last;
                    }
                }
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("{path}: {last:#}");
    }
}

fn results(answer: &Value) -> &[Value] {
    answer["data"]["result"].as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn an_alert_fires_in_a_real_prometheus_after_a_grant_to_public() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mof");
    project.run(&["init-all", "-y"]).expect(0);
    let served = Served::start(&project, &["--isolation-every", "2s", "--drift-every", "never"]);
    let prometheus = Prometheus::start(&project, &served.address);
    let ok = "/api/v1/query?query=martydb_isolation_ok%7Bservice%3D%22mof_a%22%7D";
    prometheus.until(ok, |answer| results(answer).iter().any(|one| one["value"][1] == "1"));
    // Nothing that was scraped was refused or is duplicated.
    for metric in ["scrape_samples_scraped%20-%20scrape_samples_post_metric_relabeling", "1-up"] {
        let answer =
            prometheus.until(&format!("/api/v1/query?query={metric}"), |answer| !results(answer).is_empty());
        assert_eq!(results(&answer)[0]["value"][1], "0", "{answer:#}");
    }
    server.sql("postgres", "GRANT CONNECT ON DATABASE mof_a TO PUBLIC");
    let firing = prometheus.until("/api/v1/alerts", |answer| {
        let alerts = answer["data"]["alerts"].as_array();
        alerts.is_some_and(|all| {
            all.iter().any(|alert| alert["labels"]["alertname"] == "MartydbIsolationBroken")
        })
    });
    let broken = firing["data"]["alerts"].as_array().unwrap().iter();
    let broken: Vec<&Value> =
        broken.filter(|alert| alert["labels"]["alertname"] == "MartydbIsolationBroken").collect();
    assert_eq!(broken[0]["labels"]["service"], "mof_a", "{firing:#}");
    assert_eq!(broken[0]["state"], "firing");
    assert_eq!(broken[0]["annotations"]["runbook"], "martydb explain MartydbIsolationBroken");
    project.run(&["explain", "MartydbIsolationBroken"]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    prometheus.until("/api/v1/alerts", |answer| answer["data"]["alerts"] == serde_json::json!([]));
}
