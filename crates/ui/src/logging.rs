//! What a run logs: for people with `-v` and `-vv`, for machines with `--log-format json`.
//!
//! Only martydb's own events are shown: those of the libraries hold whole statements and server texts, unredacted. The
//! spans say which command, service and unit of work an event belongs to; they hold names alone.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::flags::LogFormat;
use crate::report::{aside, escaped_json, indented};

/// The target of spans. Text has no place for them.
const SPANS: &str = "martydb::span";

/// Sets the process's one subscriber up; a second call changes nothing.
pub fn install(verbose: u8, format: LogFormat) {
    // A machine that asked for a log wants to know what goes on.
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

/// A span that ends is an event too, with the time that it took.
fn json(level: LevelFilter) -> AnyLayer {
    tracing_subscriber::fmt::layer()
        .json()
        .with_writer(|| Escaping(|event| escaped_json(event.trim_end()).into_owned()))
        .with_span_events(FmtSpan::CLOSE)
        .with_filter(Targets::new().with_target("martydb", level))
        .boxed()
}

/// stderr for events: each is written at once, and holds names and statements that others chose.
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
