//! The two output streams and their settings.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde_json::json;
use tracing::Level;

use super::error_text::error_text;
use super::pager::Pager;
use super::progress;
use super::progress::view::{ProgressView, follow};
use super::style::Style;
use super::yaml;
use crate::flags::{Format, LogFormat, When};
use martydb_model::error::{Error, ExitStatus};
use martydb_model::text::{escaped_json, finished, indented, without_colours};

const FORMAT_VERSION: u32 = 1;

/// The single exit for everything printed.
#[derive(Debug)]
pub struct Out {
    format: Format,
    quiet: bool,
    stdout: Style,
    stderr: Style,
    /// Pager for results longer than the terminal.
    pager: Option<Pager>,
    /// `true` if the run continues until a signal.
    endless: AtomicBool,
    serving: AtomicBool,
    /// `true` if a screen was drawn.
    drawn: AtomicBool,
    /// Format of messages.
    log: LogFormat,
    /// Lock that keeps messages whole.
    turn: Mutex<()>,
    /// `true` if a part of the result was printed.
    begun: AtomicBool,
}

impl Out {
    /// Determines the style of each stream once. `no_color` is NO_COLOR (<https://no-color.org>): only `always`
    /// overrides it.
    pub fn new(format: Format, quiet: bool, colour: Option<When>, no_color: bool) -> Out {
        let style = |terminal: bool| Style {
            colour: coloured(colour, no_color, terminal),
            width: terminal.then(columns),
        };
        Out {
            format,
            quiet,
            stdout: style(io::stdout().is_terminal()),
            stderr: style(io::stderr().is_terminal()),
            pager: None,
            endless: AtomicBool::new(false),
            serving: AtomicBool::new(false),
            drawn: AtomicBool::new(false),
            log: LogFormat::Text,
            turn: Mutex::default(),
            begun: AtomicBool::new(false),
        }
    }

    /// Sets a pager.
    #[must_use]
    pub fn paging(self, pager: Option<Pager>) -> Out {
        Out { pager, ..self }
    }

    /// Makes messages events of the log.
    #[must_use]
    pub fn logging(self, log: LogFormat) -> Out {
        let plain = log == LogFormat::Json;
        Out { log, stderr: if plain { Style::PLAIN } else { self.stderr }, ..self }
    }

    pub fn message_style(&self) -> Style {
        self.stderr
    }

    /// Returns the requested format, unless a command has its own.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the style of results.
    pub fn result_style(&self) -> Style {
        self.stdout
    }

    /// Prints a result formatted for people.
    pub fn text(&self, text: &str, status: ExitStatus) -> ExitStatus {
        self.begun.store(true, Ordering::SeqCst);
        self.data(&finished(text, self.stdout.colour), status)
    }

    /// Like [`text`](Self::text), through the pager if the text is longer than the terminal. For the end of a run:
    /// while someone reads, nothing else may be printed.
    pub fn result(&self, text: &str, status: ExitStatus) -> ExitStatus {
        let shown = finished(text, self.stdout.colour);
        // Text printed before is the beginning of the result.
        let pager = self.pager.as_ref().filter(|_| !self.begun.load(Ordering::SeqCst));
        match pager.filter(|_| self.stdout.width.is_some_and(|width| is_long(text, width))) {
            Some(pager) if pager.show(&shown) => status,
            _ => self.data(&shown, status),
        }
    }

    /// Marks a run that continues until Ctrl-C, which is then not an interruption.
    pub fn ends_by_interrupt(&self) {
        self.endless.store(true, Ordering::SeqCst);
    }

    /// Marks a run that serves others until any signal ends it.
    pub fn serves(&self) {
        self.serving.store(true, Ordering::SeqCst);
    }

    pub fn is_serving(&self) -> bool {
        self.serving.load(Ordering::SeqCst)
    }

    pub fn is_endless(&self) -> bool {
        self.endless.load(Ordering::SeqCst)
    }

    /// Returns the current style of a screen: the window may have been resized.
    pub fn screen_style(&self) -> Style {
        Style { width: Some(columns()), ..self.stdout }
    }

    /// Draws a text over the previous one, without flicker, up to the terminal's height.
    pub fn screen(&self, text: &str) {
        let text = finished(text, self.stdout.colour);
        let (lines, room) = (text.lines().count(), terminal_height().unwrap_or(usize::MAX) - 1);
        let mut shown: Vec<&str> = text.lines().collect();
        let more = format!("… and {} more lines", lines.saturating_sub(room.saturating_sub(1)));
        if lines > room {
            shown.truncate(room.saturating_sub(1));
            shown.push(&more);
        }
        // Cursor home; each line erases its rest; then everything below is erased.
        let drawn: String = shown.iter().map(|line| format!("{line}\u{1b}[K\n")).collect();
        let clear = if self.drawn.swap(true, Ordering::SeqCst) { "" } else { "\u{1b}[2J" };
        self.data(&format!("{clear}\u{1b}[H{drawn}\u{1b}[J"), ExitStatus::Success);
    }

    /// Prints a result as the only document of its command: JSON, or the same as YAML.
    pub fn document(
        &self,
        format: Format,
        command: &str,
        body: &impl Serialize,
        status: ExitStatus,
    ) -> ExitStatus {
        let text = match format {
            Format::Yaml => yaml::text(&Envelope { format_version: FORMAT_VERSION, command, body }),
            _ => Out::document_text(command, body),
        };
        self.data(&text, status)
    }

    /// Returns the JSON document of a command, as printed.
    pub fn document_text(command: &str, body: &impl Serialize) -> String {
        let document = Envelope { format_version: FORMAT_VERSION, command, body };
        let text = serde_json::to_string_pretty(&document).expect("plain data") + "\n";
        escaped_json(&text).into_owned()
    }

    /// Prints a document of our own that is only text: completions, schema, man page.
    pub fn data(&self, text: &str, status: ExitStatus) -> ExitStatus {
        match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
            Ok(()) => status,
            // The reader closed the pipe early.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => status,
            Err(error) => {
                let error = Error::operation("cannot write the result").cause(error);
                self.show(&error_text(&error, &self.stderr));
                ExitStatus::Failed
            }
        }
    }

    /// Prints an error: on stdout as the only document, or on stderr for people.
    pub fn error(&self, command: &str, error: &Error) -> ExitStatus {
        match self.format {
            Format::Json | Format::Yaml => {
                self.document(self.format, command, &json!({ "error": error }), error.kind.status())
            }
            Format::Table | Format::Csv | Format::Name => {
                self.print(Level::ERROR, &error_text(error, &self.stderr));
                error.kind.status()
            }
        }
    }

    /// Prints an informational message; `--quiet` suppresses it. Lines after the first are indented.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.print(Level::INFO, &indented(text, 2));
        }
    }

    /// Prints preformatted text of several lines as a message; `--quiet` suppresses it.
    pub fn show_note(&self, text: &str) {
        if !self.quiet {
            self.print(Level::INFO, text);
        }
    }

    /// Shows the run's progress until this is dropped. There is only one.
    pub fn follow_progress(self: &Arc<Out>) -> impl Future<Output = ()> + Send + use<> {
        let out = self.clone();
        follow(self.progress_view(), move |text: &str| out.print(Level::INFO, text))
    }

    /// A log always contains progress.
    fn progress_view(&self) -> ProgressView {
        match (self.log, self.quiet || self.format != Format::Table, self.stderr.width) {
            (LogFormat::Json, ..) => ProgressView::Log,
            (_, true, _) => ProgressView::Hidden,
            (_, false, Some(_)) => ProgressView::Bar,
            (_, false, None) => ProgressView::Lines,
        }
    }

    /// Returns `true` if the run's steps are printed as lines, because no bar can show them.
    pub fn prints_steps(&self) -> bool {
        matches!(self.progress_view(), ProgressView::Lines | ProgressView::Log)
    }

    /// Ends the line of a question that gets no answer.
    pub fn end_line(&self) {
        drop(writeln!(io::stderr()));
    }

    /// Prints a message that `--quiet` does not suppress.
    pub fn eprint(&self, text: &str) {
        self.show(&indented(text, 2));
    }

    /// Prints errors of parts of the work, if any, below the result.
    pub fn failures(&self, text: &str) {
        if !text.is_empty() {
            self.print(Level::ERROR, text.trim_end());
        }
    }

    /// Prints preformatted text of several lines as a message that `--quiet` does not suppress.
    pub fn show(&self, text: &str) {
        self.print(Level::WARN, text);
    }

    fn print(&self, level: Level, text: &str) {
        if self.log == LogFormat::Json {
            return log(level, text.trim());
        }
        let text = finished(text, self.stderr.colour);
        // If stderr is closed, there is nowhere to report it.
        let print = || drop(writeln!(io::stderr(), "{text}"));
        let _turn = self.turn.lock();
        progress::aside(print);
    }
}

/// Logs a message as an event.
fn log(level: Level, text: &str) {
    match level {
        Level::ERROR => tracing::error!(target: "martydb", "{text}"),
        Level::WARN => tracing::warn!(target: "martydb", "{text}"),
        _ => tracing::info!(target: "martydb", "{text}"),
    }
}

/// `auto` is the default, so NO_COLOR counts for both.
fn coloured(when: Option<When>, no_color: bool, terminal: bool) -> bool {
    match when.unwrap_or(When::Auto) {
        When::Always => true,
        When::Never => false,
        When::Auto => terminal && !no_color,
    }
}

/// Returns the width of standard output in columns; `None` if it is not a terminal.
pub fn terminal_width() -> Option<usize> {
    io::stdout().is_terminal().then(columns)
}

fn columns() -> usize {
    let asked = || rustix::termios::tcgetwinsize(io::stdout()).map(|size| usize::from(size.ws_col)).ok();
    variable("COLUMNS").or_else(asked).filter(|width| *width >= 20).unwrap_or(80)
}

/// Returns `None` if the terminal does not report it.
fn terminal_height() -> Option<usize> {
    let asked = || rustix::termios::tcgetwinsize(io::stdout()).map(|size| usize::from(size.ws_row)).ok();
    variable("LINES").or_else(asked).filter(|height| *height > 0)
}

fn variable(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

/// Returns `true` if a text leaves no room for the prompt that follows it.
fn is_long(text: &str, width: usize) -> bool {
    let rows = |line: &str| without_colours(line).chars().count().div_ceil(width).max(1);
    terminal_height().is_some_and(|height| text.lines().map(rows).sum::<usize>() >= height)
}

/// Keys at the beginning of every document, before those of the body.
#[derive(Serialize)]
struct Envelope<'a, T> {
    format_version: u32,
    command: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_honours_no_color_and_always_wins_over_it() {
        for (when, no_color, terminal, expected) in [
            (None, false, true, true),
            (None, true, true, false),
            (Some(When::Auto), false, true, true),
            (Some(When::Auto), true, true, false),
            (Some(When::Auto), false, false, false),
            (Some(When::Always), true, false, true),
            (Some(When::Never), false, true, false),
        ] {
            assert_eq!(coloured(when, no_color, terminal), expected, "{when:?} {no_color} {terminal}");
        }
    }
}
