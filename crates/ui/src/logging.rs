//! Logs of a run: for people with `-v` and `-vv`, for machines with `--log-format json`.
//!
//! Only martydb's own events are shown: those of the libraries contain whole statements and server texts, unredacted.
//! The spans name the command, service and unit of work of an event; they contain only names.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::flags::LogFormat;
use crate::report::{aside, escaped_json, indented};

/// Target of spans. They are not shown in text.
const SPANS: &str = "martydb::span";

/// Installs the process's only subscriber; a second call changes nothing.
pub fn install(verbose: u8, format: LogFormat) {
    // A log for machines includes progress.
    let least = if format == LogFormat::Json { LevelFilter::INFO } else { LevelFilter::WARN };
    let level = match verbose {
        0 => least,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let layer = match format {
        LogFormat::Text => text(level),
        LogFormat::Json => json(level),
    };
    let _already_installed = tracing_subscriber::registry().with(layer).try_init();
}

type AnyLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn text(level: LevelFilter) -> AnyLayer {
    tracing_subscriber::fmt::layer()
        .with_writer(|| Escaping(|event| indented(event, 2)))
        .without_time()
        .with_target(false)
        .with_level(false)
        .with_ansi(false)
        .with_filter(Targets::new().with_target("martydb", level).with_target(SPANS, LevelFilter::OFF))
        .boxed()
}

/// The end of a span is an event too, with its duration.
fn json(level: LevelFilter) -> AnyLayer {
    tracing_subscriber::fmt::layer()
        .json()
        .with_writer(|| Escaping(|event| escaped_json(event.trim_end()).into_owned()))
        .with_span_events(FmtSpan::CLOSE)
        .with_filter(Targets::new().with_target("martydb", level))
        .boxed()
}

/// Writer of events to stderr: each is written at once, and contains names and statements that others chose.
struct Escaping(fn(&str) -> String);

impl Write for Escaping {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = (self.0)(&String::from_utf8_lossy(event));
        aside(|| writeln!(io::stderr(), "{text}"))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
