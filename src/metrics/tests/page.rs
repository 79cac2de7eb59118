//! The tables of `docs/how-to/monitor.md`, generated from the rows of the exporter and the rules.

use crate::metrics::{ALERTS, METRICS, MetricKind, MetricSource};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/how-to/monitor.md");

fn metrics() -> String {
    let mut text = String::from("| metric | kind | from | meaning |\n|---|---|---|---|\n");
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!(" ({})", labels.join(", ")) };
        let kind = if metric.kind == MetricKind::Counter { "counter" } else { "gauge" };
        let from = match metric.source {
            MetricSource::Monitor => "the monitor",
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
        let title = alert.page.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
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
    let page = std::fs::read_to_string(PATH).unwrap();
    let wanted = filled(&filled(&page, "metrics", &metrics()), "alerts", &alerts());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PATH, wanted).unwrap();
    } else {
        assert!(page == wanted, "UPDATE=1 cargo test --lib the_page_lists writes the tables of {PATH}");
    }
}
