//! The two streams and what may be done with them.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, Weak};

use serde::Serialize;
use serde_json::json;

use super::error_text::error_text;
use super::progress::Progress;
use super::safe;
use super::style::Style;
use crate::error::{Error, ExitStatus};
use crate::flags::{Format, When};

const FORMAT_VERSION: u32 = 1;

/// Where everything that is printed goes through.
#[derive(Debug)]
pub struct Out {
    format: Format,
    quiet: bool,
    stdout: Style,
    stderr: Style,
    /// A message waits until the previous one is whole, and is printed above a bar.
    turn: Mutex<Weak<Progress>>,
}

impl Out {
    /// Decides once how each stream looks. `no_color` is NO_COLOR (<https://no-color.org>): only `always` wins over it.
    pub fn new(format: Format, quiet: bool, colour: Option<When>, no_color: bool) -> Out {
        let style = |terminal: bool| Style {
            colour: coloured(colour, no_color, terminal),
            width: terminal.then(terminal_width),
        };
        Out {
            format,
            quiet,
            stdout: style(io::stdout().is_terminal()),
            stderr: style(io::stderr().is_terminal()),
            turn: Mutex::default(),
        }
    }

    pub fn message_style(&self) -> Style {
        self.stderr
    }

    /// Text or JSON, where a command has no format of its own.
    pub fn format(&self) -> Format {
        self.format
    }

    /// How a result looks.
    pub fn result_style(&self) -> Style {
        self.stdout
    }

    /// Prints a result that was laid out for people.
    pub fn text(&self, text: &str, status: ExitStatus) -> ExitStatus {
        self.data(&safe::finished(text, self.stdout.colour), status)
    }

    /// Prints a result as the one JSON document of its command.
    pub fn document(&self, command: &str, body: &impl Serialize, status: ExitStatus) -> ExitStatus {
        self.data(&Out::document_text(command, body), status)
    }

    /// The one JSON document of a command, as it is printed.
    pub fn document_text(command: &str, body: &impl Serialize) -> String {
        let document = Envelope { format_version: FORMAT_VERSION, command, body };
        let text = serde_json::to_string_pretty(&document).expect("plain data") + "\n";
        safe::json(&text).into_owned()
    }

    /// Prints text that is a document of its own and all ours: completions, schema, man page.
    pub fn data(&self, text: &str, status: ExitStatus) -> ExitStatus {
        match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
            Ok(()) => status,
            // The reader has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => status,
            Err(error) => {
                let error = Error::operation("cannot write the result").cause(error);
                self.show(&error_text(&error, &self.stderr));
                ExitStatus::Failed
            }
        }
    }

    /// Prints an error: on stdout as the one document, or on stderr for people.
    pub fn error(&self, command: &str, error: &Error) -> ExitStatus {
        match self.format {
            Format::Json => self.document(command, &json!({ "error": error }), error.kind.status()),
            Format::Table => {
                self.show(&error_text(error, &self.stderr));
                error.kind.status()
            }
        }
    }

    /// A message about what goes on; `--quiet` silences it. Of several lines all but the first are indented.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.eprint(text);
        }
    }

    /// Text of several lines that was laid out by us, shown as a message; `--quiet` silences it.
    pub fn show_note(&self, text: &str) {
        if !self.quiet {
            self.show(text);
        }
    }

    /// A view of what goes on: drawn on a terminal, unless JSON or `--quiet` was asked for.
    pub fn progress(&self) -> Arc<Progress> {
        let drawn = self.stderr.width.is_some() && !self.quiet && self.format == Format::Table;
        let bar = Arc::new(Progress::new(drawn));
        if let Ok(mut turn) = self.turn.lock() {
            *turn = Arc::downgrade(&bar);
        }
        bar
    }

    /// Whether the run's steps are told as lines, because no bar can show them.
    pub fn tells_steps(&self) -> bool {
        self.stderr.width.is_none() && self.format == Format::Table
    }

    /// A message that `--quiet` does not silence.
    pub fn eprint(&self, text: &str) {
        self.show(&safe::indented(text, 2));
    }

    /// Errors of parts of the work, if there are any, below the result.
    pub fn failures(&self, text: &str) {
        if !text.is_empty() {
            self.show(text.trim_end());
        }
    }

    /// Text of several lines that was laid out by us, shown as a message that `--quiet` does not silence.
    pub fn show(&self, text: &str) {
        let text = safe::finished(text, self.stderr.colour);
        // If stderr is closed, there is no other place to say so.
        let print = || drop(writeln!(io::stderr(), "{text}"));
        let turn = self.turn.lock();
        match turn.ok().and_then(|bar| bar.upgrade()) {
            Some(bar) => bar.aside(print),
            None => print(),
        }
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

fn terminal_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let asked = || rustix::termios::tcgetwinsize(io::stdout()).map(|size| usize::from(size.ws_col)).ok();
    columns.or_else(asked).filter(|width| *width >= 20).unwrap_or(80)
}

/// The keys that every document begins with, before those of the body.
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
