//! Progress bar on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Template of an activity with a known total; the prefix has its amount.
const COUNTED: &str = "{spinner} {prefix} [{bar:24}] {wide_msg}";
const UNCOUNTED: &str = "{spinner} {prefix}  {wide_msg}";

/// A bar that is removed at the end.
pub(crate) struct Bar {
    bar: ProgressBar,
    shown: bool,
}

impl Bar {
    pub(crate) fn new() -> Bar {
        Bar { bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()), shown: false }
    }

    pub(crate) fn draw(&mut self, done: usize, total: usize, doing: String, rest: String) {
        if !self.shown {
            self.bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template(if total == 0 { UNCOUNTED } else { COUNTED }) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.bar.set_length(number(total));
        self.bar.set_position(number(done));
        self.bar.set_prefix(doing);
        self.bar.set_message(rest);
        if !self.shown {
            // Not before its contents are known.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown = true;
        }
        self.bar.tick();
    }

    pub(crate) fn clear(&mut self) {
        if self.shown {
            self.bar.finish_and_clear();
            self.shown = false;
        }
    }

    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        if self.shown { self.bar.suspend(print) } else { print() }
    }
}
