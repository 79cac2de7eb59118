//! The tables of `docs/how-to/monitor.md`, generated from the rows of the exporter and the rules.

use std::collections::BTreeSet;

use martydb::shipped_files::runbook;
use martydb_model::metrics::{ALERTS, METRICS, MetricKind, MetricSource};

use crate::page::root;

const PAGE: &str = "docs/how-to/monitor.md";

fn metrics() -> String {
    let mut text = String::from("| metric | kind | from | meaning |\n|---|---|---|---|\n");
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!(" ({})", labels.join(", ")) };
        let kind = if metric.kind == MetricKind::Counter { "counter" } else { "gauge" };
        let from = match metric.source {
            MetricSource::Monitor => "the monitor",
            MetricSource::Relay => "the relay",
            MetricSource::Serve => "the data service",
            MetricSource::Statistics => "statistics",
            MetricSource::Check(check) => check.name(),
        };
        text += &format!("| `{}`{labels} | {kind} | {from} | {} |\n", metric.name, metric.help);
    }
    text
}

fn alerts() -> String {
    let mut text = String::from("| alert | severity | after | runbook |\n|---|---|---|---|\n");
    for alert in ALERTS {
        let title = runbook(alert.runbook)
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# "))
            .unwrap_or_default();
        let (name, severity, lasting) = (alert.name, alert.severity.word(), alert.lasting);
        text +=
            &format!("| `{name}` | {severity} | {lasting} | [{title}](../runbooks/{}.md) |\n", alert.runbook);
    }
    text
}

/// Replaces the text between two comments of the page.
fn filled(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).expect("the page has the mark");
    let (_, after) = rest.split_once(&end).expect("the page has its end");
    format!("{before}{begin}\n{table}\n{end}{after}")
}

#[test]
fn the_page_lists_every_metric_and_alert() {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let wanted = filled(&filled(&page, "metrics", &metrics()), "alerts", &alerts());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root().join(PAGE), wanted).unwrap();
    } else {
        assert!(page == wanted, "the tables of {PAGE} are out of date: run `scripts/update`");
    }
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let written =
        std::fs::read_dir(root().join("docs/runbooks")).unwrap().map(|entry| entry.unwrap().file_name());
    let written: BTreeSet<String> = written.map(|name| name.into_string().unwrap()).collect();
    let wanted: BTreeSet<String> = ALERTS.iter().map(|alert| format!("{}.md", alert.runbook)).collect();
    assert_eq!(written, wanted);
    for alert in ALERTS {
        let page = runbook(alert.runbook);
        assert!(page.contains(alert.name), "{}.md does not name {}", alert.runbook, alert.name);
        let points = page.lines().filter(|line| line.starts_with("- **")).count();
        assert_eq!(points, 3, "{}.md says what it means, where to look and what to do", alert.runbook);
    }
}
