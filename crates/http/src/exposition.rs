//! Samples as text, in two formats.
//!
//! Prometheus requests OpenMetrics. The textfile collector reads the older text format, in which TYPE and HELP of a
//! counter include the suffix of its samples (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::collections::BTreeMap;
use std::fmt;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabel, EncodeLabelSet, EncodeMetric, LabelSetEncoder,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use martydb_model::metrics::{
    COMPATIBLE, CompatibleMetric, METRICS, Metric, MetricKind, Sample, SeriesLabels,
};

/// Text format of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposition {
    /// <https://prometheus.io/docs/specs/om/open_metrics_spec/>
    OpenMetrics,
    /// Prometheus text format, version 0.0.4.
    Plain,
}

impl Exposition {
    /// Returns the answer to a request with these headers, in the format that it accepts.
    pub fn answer(headers: &HeaderMap, project: &str, samples: Vec<Sample>, compatible: bool) -> Response {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let format = Exposition::accepted(accept);
        let text = format.text(project, samples, compatible);
        ([(header::CONTENT_TYPE, format.content_type())], text).into_response()
    }

    /// Returns the format for the value of an `Accept` header.
    fn accepted(accept: Option<&str>) -> Exposition {
        match accept.is_some_and(|accept| accept.contains("application/openmetrics-text")) {
            true => Exposition::OpenMetrics,
            false => Exposition::Plain,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Exposition::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Exposition::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Returns the whole text. Every series has the project as a label; `compatible` adds the names of
    /// postgres_exporter.
    pub fn text(self, project: &str, samples: Vec<Sample>, compatible: bool) -> String {
        let labels = [("project".into(), project.to_owned().into())].into_iter();
        let mut registry = Registry::with_labels(labels);
        if compatible {
            registry.register_collector(Box::new(CompatibleSeries::new(&samples)));
        }
        registry.register_collector(Box::new(SeriesByMetric::new(samples)));
        let mut text = String::new();
        encode(&mut text, &registry).expect("a string takes every text");
        match self {
            Exposition::OpenMetrics => text,
            Exposition::Plain => plain(&text),
        }
    }
}

/// Samples by metric, without duplicate series.
#[derive(Debug)]
struct SeriesByMetric(Vec<(&'static Metric, Vec<Sample>)>);

impl SeriesByMetric {
    fn new(samples: Vec<Sample>) -> SeriesByMetric {
        let mut by_name: BTreeMap<&str, BTreeMap<_, Sample>> = BTreeMap::new();
        for sample in samples {
            let series = (sample.subject.clone(), sample.labels.clone());
            by_name.entry(sample.metric.name).or_default().insert(series, sample);
        }
        let mut take = |metric: &&'static Metric| {
            let found = by_name.remove(metric.name)?;
            Some((*metric, found.into_values().collect()))
        };
        SeriesByMetric(METRICS.iter().filter_map(&mut take).collect())
    }
}

impl Collector for SeriesByMetric {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (metric, samples) in &self.0 {
            let kind = match metric.kind {
                MetricKind::Counter => MetricType::Counter,
                MetricKind::Gauge => MetricType::Gauge,
            };
            let mut family = encoder.encode_descriptor(metric.family(), metric.help, None, kind)?;
            for sample in samples {
                let labels = SampleLabels(sample);
                let one = family.encode_family(&labels)?;
                match metric.kind {
                    MetricKind::Counter => ConstCounter::new(sample.value).encode(one)?,
                    MetricKind::Gauge => ConstGauge::new(sample.value).encode(one)?,
                }
            }
        }
        Ok(())
    }
}

/// Series under the names of postgres_exporter.
#[derive(Debug)]
struct CompatibleSeries(Vec<(&'static CompatibleMetric, BTreeMap<SeriesLabels, f64>)>);

impl CompatibleSeries {
    fn new(samples: &[Sample]) -> CompatibleSeries {
        let all = COMPATIBLE.iter().map(|metric| (metric, metric.series(samples)));
        CompatibleSeries(all.filter(|(_, series)| !series.is_empty()).collect())
    }
}

impl Collector for CompatibleSeries {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (metric, series) in &self.0 {
            // Its counters have no suffix, so they cannot be counters of OpenMetrics.
            let help = format!("{}, as postgres_exporter has it", metric.of.help);
            let mut family = encoder.encode_descriptor(metric.name, &help, None, MetricType::Gauge)?;
            for (labels, value) in series {
                let labels: Vec<(&str, &str)> =
                    labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
                ConstGauge::new(*value).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// Labels of a sample, as the exposition encodes them.
#[derive(Debug)]
struct SampleLabels<'a>(&'a Sample);

impl EncodeLabelSet for SampleLabels<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let SampleLabels(sample) = self;
        let subject = [
            ("service", sample.subject.service.as_str()),
            ("server", sample.subject.server.as_str()),
            ("database", sample.subject.database.as_str()),
        ];
        let own = sample.metric.labels.iter().copied().zip(sample.labels.iter().map(String::as_str));
        for label in subject.into_iter().chain(own) {
            EncodeLabel::encode(&label, encoder.encode_label())?;
        }
        Ok(())
    }
}

/// Converts to the older format.
fn plain(text: &str) -> String {
    let counters: BTreeMap<&str, &str> = METRICS
        .iter()
        .filter(|metric| metric.kind == MetricKind::Counter)
        .map(|metric| (metric.family(), metric.name))
        .collect();
    let mut out = String::with_capacity(text.len());
    for line in text.lines().filter(|line| *line != "# EOF") {
        let comment =
            ["# HELP ", "# TYPE "].into_iter().find_map(|word| Some((word, line.strip_prefix(word)?)));
        let family = comment.and_then(|(word, rest)| {
            let (family, rest) = rest.split_once(' ')?;
            Some(format!("{word}{} {rest}", counters.get(family)?))
        });
        out.push_str(family.as_deref().unwrap_or(line));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::metrics::*;

    fn samples() -> Vec<Sample> {
        let subject =
            Subject { service: "csca".into(), server: "main".into(), database: "a\"b\\c\nd".into() };
        vec![
            Sample::with(TRANSACTIONS, &subject, ["commit"], 7.0),
            Sample::new(UP, &Subject::server("main"), 1.0),
            Sample::with(TRANSACTIONS, &subject, ["commit"], 8.0),
        ]
    }

    #[test]
    fn every_series_appears_once_with_all_labels() {
        let text = Exposition::OpenMetrics.text("marty", samples(), false);
        let expected = r#"# HELP martydb_up 1 if the server answered the monitor
# TYPE martydb_up gauge
martydb_up{project="marty",service="",server="main",database=""} 1.0
# HELP martydb_transactions Transactions that were committed or rolled back
# TYPE martydb_transactions counter
martydb_transactions_total{project="marty",service="csca",server="main",database="a\"b\\c\nd",outcome="commit"} 8.0
# EOF
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn in_the_older_format_a_counter_has_its_suffix_everywhere() {
        let text = Exposition::Plain.text("marty", samples(), true);
        assert!(text.contains("# TYPE martydb_transactions_total counter\n"), "{text}");
        assert!(text.contains("# HELP martydb_transactions_total Trans"), "{text}");
        assert!(!text.contains("EOF"), "{text}");
        let compatible = r#"pg_up{project="marty",server="main"} 1.0"#;
        assert!(text.contains(compatible) && text.contains("# TYPE pg_up gauge\n"), "{text}");
    }

    #[test]
    fn a_client_gets_what_it_reads() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(Exposition::accepted(Some(prometheus)), Exposition::OpenMetrics);
        assert_eq!(Exposition::accepted(Some("*/*")), Exposition::Plain);
        assert_eq!(Exposition::accepted(None), Exposition::Plain);
    }
}
