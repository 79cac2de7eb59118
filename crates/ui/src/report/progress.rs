//! Progress of long operations. A module with long work reports its activity ([`progress`]), the amount and the
//! current units; [`view`] decides how they are shown. A process has one run, and so one list of activities.

mod bar;
mod line;
pub(crate) mod view;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use tracing::Instrument;

use bar::Bar;
use martydb_model::text::printable;

static BOARD: Mutex<Board> = Mutex::new(Board { activities: vec![], view: None, pauses: 0 });

/// All activities, and their display.
struct Board {
    activities: Vec<ProgressState>,
    view: Option<Bar>,
    /// Number of open questions.
    pauses: usize,
}

/// State of one activity. Several servers share it.
#[derive(Debug, Clone)]
struct ProgressState {
    doing: &'static str,
    unit: &'static str,
    total: usize,
    done: usize,
    began: Instant,
    busy: BTreeMap<String, Busy>,
    holders: usize,
}

/// A unit of work in progress.
#[derive(Debug, Clone)]
struct Busy {
    since: Instant,
    /// Details known so far.
    detail: String,
}

fn board() -> MutexGuard<'static, Board> {
    BOARD.lock()
}

impl Board {
    fn activity(&mut self, doing: &str) -> Option<&mut ProgressState> {
        self.activities.iter_mut().find(|activity| activity.doing == doing)
    }
}

/// A long activity, until it is dropped, with a count of its units.
#[derive(Debug)]
pub struct Progress(&'static str);

/// Begins an activity, or joins the one that another server began.
pub fn progress(doing: &'static str, unit: &'static str) -> Progress {
    let mut board = board();
    if let Some(known) = board.activity(doing) {
        known.holders += 1;
    } else {
        let (began, busy) = (Instant::now(), BTreeMap::new());
        board.activities.push(ProgressState { doing, unit, total: 0, done: 0, began, busy, holders: 1 });
    }
    Progress(doing)
}

impl Progress {
    /// Increases the total.
    pub fn expect(&self, more: usize) {
        self.change(|activity| activity.total += more);
    }

    /// Counts one more unit as done.
    pub fn advance(&self) {
        self.change(|activity| activity.done += 1);
    }

    /// Starts a unit of work, until it is dropped.
    pub fn unit(&self, name: &str) -> Unit {
        let name = printable(name);
        let busy = Busy { since: Instant::now(), detail: String::new() };
        self.change(|activity| activity.busy.insert(name.clone(), busy));
        Unit { activity: self.0, name }
    }

    /// Like [`unit`](Self::unit) for a future, which is also a span of the log.
    pub async fn run<T>(&self, name: &str, work: impl Future<Output = T>) -> T {
        let _unit = self.unit(name);
        let span = tracing::info_span!(target: "martydb::span", "unit", doing = self.0, name);
        work.instrument(span).await
    }

    fn change<T>(&self, change: impl FnOnce(&mut ProgressState) -> T) {
        if let Some(activity) = board().activity(self.0) {
            change(activity);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let mut board = board();
        if let Some(activity) = board.activity(self.0) {
            activity.holders -= 1;
        }
        board.activities.retain(|activity| activity.holders > 0);
        // Cleared now: text printed next must not wait for the next tick.
        if board.activities.is_empty()
            && let Some(bar) = &mut board.view
        {
            bar.clear();
        }
    }
}

/// A unit of an activity.
#[derive(Debug)]
pub struct Unit {
    activity: &'static str,
    name: String,
}

impl Unit {
    /// Sets the details known so far.
    pub fn detail(&self, detail: &str) {
        if let Some(busy) =
            board().activity(self.activity).and_then(|activity| activity.busy.get_mut(&self.name))
        {
            busy.detail = printable(detail);
        }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        if let Some(activity) = board().activity(self.activity)
            && activity.busy.remove(&self.name).is_some()
        {
            activity.done += 1;
        }
    }
}

/// Suspends drawing while it exists: a question is open.
pub struct Pause;

pub fn pause() -> Pause {
    let mut board = board();
    board.pauses += 1;
    if let Some(bar) = &mut board.view {
        bar.clear();
    }
    Pause
}

impl Drop for Pause {
    fn drop(&mut self) {
        board().pauses -= 1;
    }
}

/// Prints something else without a torn progress line.
pub(crate) fn aside<T>(print: impl FnOnce() -> T) -> T {
    match &board().view {
        Some(bar) => bar.aside(print),
        None => print(),
    }
}

/// Returns the first unfinished activity, else the last one, and the time since the earliest of all began.
fn current(now: Instant) -> Option<(ProgressState, Duration)> {
    let board = board();
    let first =
        board.activities.iter().find(|activity| activity.total == 0 || activity.done < activity.total);
    let activity = first.or(board.activities.last()).filter(|_| board.pauses == 0)?;
    let since = board.activities.iter().map(|activity| activity.began).min()?;
    Some((activity.clone(), now.duration_since(since)))
}
