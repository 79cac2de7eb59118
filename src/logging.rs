//! `-v` and `-vv`: what goes on, and every statement with its secrets redacted.
//!
//! Only martydb's own events are shown: those of the libraries hold whole statements and server texts,
//! unredacted.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::report::indented;

/// Sets the process's one subscriber up; a second call changes nothing.
pub fn install(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let shown = tracing_subscriber::fmt::layer()
        .with_writer(|| Escaping)
        .without_time()
        .with_target(false)
        .with_level(false)
        .with_ansi(false)
        .with_filter(Targets::new().with_target("martydb", level));
    let _already_installed = tracing_subscriber::registry().with(shown).try_init();
}

/// stderr for events: each is written at once, and holds names and statements that others chose.
struct Escaping;

impl Write for Escaping {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = indented(&String::from_utf8_lossy(event), 2);
        writeln!(io::stderr(), "{text}")?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
