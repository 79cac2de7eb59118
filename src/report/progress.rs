//! What goes on, while it goes on: a bar on a terminal, nothing off it. Messages are printed above the bar.

use std::collections::BTreeMap;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::safe::printable;

/// How often a terminal is redrawn, so that a slow statement does not look like a hang.
const TICK: std::time::Duration = std::time::Duration::from_millis(120);

/// A bar over all services of a run. Without a terminal it is there and draws nothing.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    drawn: bool,
    /// What is going on, each with what is known of it.
    busy: Mutex<BTreeMap<String, String>>,
}

impl Progress {
    pub(super) fn new(drawn: bool) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if drawn {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let style = "{spinner} {pos}/{len} [{bar:24}] {elapsed} {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(TICK);
        }
        Progress { bar, drawn, busy: Mutex::default() }
    }

    /// Whether a terminal shows it.
    pub fn is_drawn(&self) -> bool {
        self.drawn
    }

    /// There is more to do than was known.
    pub fn expect(&self, more: usize) {
        self.bar.inc_length(u64::try_from(more).unwrap_or(0));
    }

    pub fn advance(&self) {
        self.bar.inc(1);
    }

    pub fn begin(&self, what: &str) {
        self.detail(what, "");
    }

    /// What is known of something that goes on.
    pub fn detail(&self, what: &str, detail: &str) {
        self.busy(|busy| busy.insert(printable(what), printable(detail)));
    }

    pub fn end(&self, what: &str) {
        self.busy(|busy| busy.remove(&printable(what)));
    }

    fn busy(&self, change: impl FnOnce(&mut BTreeMap<String, String>) -> Option<String>) {
        if let Ok(mut busy) = self.busy.lock() {
            let _before = change(&mut busy);
            let one = |(what, detail): (&String, &String)| match detail.is_empty() {
                true => what.clone(),
                false => format!("{what}: {detail}"),
            };
            self.bar.set_message(busy.iter().map(one).collect::<Vec<_>>().join("; "));
        }
    }

    /// Prints something else without leaving a torn bar behind.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
