//! Progress of long operations. A module with long work reports its activity ([`progress`]), the amount and the
//! current units; [`view`] decides how they are shown. A process has one run, and so one list of activities.

mod bar;
mod line;
mod pace;
pub(crate) mod view;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use tracing::Instrument;

use bar::Bar;
use martydb_model::text::printable;
use pace::Pace;

static BOARD: Mutex<Board> = Mutex::new(Board { activities: vec![], view: None, pauses: 0 });

/// Unit of an activity that counts bytes.
pub const BYTES: &str = "bytes";

/// Unit of an activity whose units take times of no relation to each other: no time left is shown.
pub const OBJECTS: &str = "objects";

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
    /// `true` if the total grew after the first unit was done: the whole is at least that much.
    grew: bool,
    began: Instant,
    pace: Pace,
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

impl ProgressState {
    fn new(doing: &'static str, unit: &'static str, began: Instant) -> ProgressState {
        let (pace, busy) = (Pace::new(began), BTreeMap::new());
        ProgressState { doing, unit, total: 0, done: 0, grew: false, began, pace, busy, holders: 1 }
    }

    fn expect(&mut self, more: usize) {
        self.grew |= self.done > 0 && more > 0;
        self.total = self.total.saturating_add(more);
    }

    fn sample(&mut self, now: Instant) {
        let is_known = !self.grew && self.done <= self.total && self.unit != OBJECTS;
        let total = is_known.then_some(self.total);
        self.pace.sample(now, self.done, total);
    }
}

impl Default for Busy {
    fn default() -> Busy {
        Busy { since: Instant::now(), detail: String::new() }
    }
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
        board.activities.push(ProgressState::new(doing, unit, Instant::now()));
    }
    Progress(doing)
}

impl Progress {
    /// Increases the total. Once units are done, it is no longer shown as the whole.
    pub fn expect(&self, more: usize) {
        self.change(|activity| activity.expect(more));
    }

    /// Increases the total of an activity that counts bytes.
    pub fn expect_bytes(&self, more: u64) {
        self.expect(usize::try_from(more).unwrap_or(usize::MAX));
    }

    /// Begins a piece of the total, whose size is known before, until it is dropped.
    pub fn piece(&self, name: &str, size: u64) -> ProgressPiece {
        let (name, size) = (printable(name), usize::try_from(size).unwrap_or(usize::MAX));
        self.change(|activity| activity.busy.insert(name.clone(), Busy::default()));
        ProgressPiece { activity: self.0, name, size, done: 0 }
    }

    /// Counts one more unit as done.
    pub fn advance(&self) {
        self.change(|activity| activity.done += 1);
    }

    /// Returns the number of units that are done.
    pub fn done(&self) -> usize {
        board().activity(self.0).map_or(0, |activity| activity.done)
    }

    /// Starts a unit of work, until it is dropped.
    pub fn unit(&self, name: &str) -> Unit {
        let name = printable(name);
        self.change(|activity| activity.busy.insert(name.clone(), Busy::default()));
        Unit { activity: self.0, name }
    }

    /// Like [`unit`](Self::unit) for a future, which is also a span of the log.
    pub async fn run<T>(&self, name: &str, work: impl Future<Output = T>) -> T {
        let _unit = self.unit(name);
        self.span(name, work).await
    }

    /// Runs a future that shows its parts by itself, as a span of the log.
    pub async fn span<T>(&self, name: &str, work: impl Future<Output = T>) -> T {
        let span = tracing::info_span!(target: "martydb::span", "unit", doing = self.0, name);
        work.instrument(span).await
    }

    fn change<T>(&self, change: impl FnOnce(&mut ProgressState) -> T) {
        change_activity(self.0, change);
    }
}

fn change_activity<T>(name: &str, change: impl FnOnce(&mut ProgressState) -> T) {
    if let Some(activity) = board().activity(name) {
        change(activity);
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

/// Piece of an activity's total. It never counts for more than its size, whatever is measured; a dropped one keeps what
/// was counted.
#[derive(Debug)]
pub struct ProgressPiece {
    activity: &'static str,
    name: String,
    size: usize,
    done: usize,
}

impl ProgressPiece {
    /// Counts what is done of it until now.
    pub fn reach(&mut self, done: u64) {
        let done = usize::try_from(done).unwrap_or(usize::MAX).min(self.size);
        let more = done.saturating_sub(self.done);
        self.done += more;
        change_activity(self.activity, |activity| activity.done += more);
    }

    /// Sets the details known so far.
    pub fn detail(&self, detail: &str) {
        set_detail(self.activity, &self.name, detail);
    }

    /// Counts all of it.
    pub fn complete(mut self) {
        self.reach(u64::MAX);
    }
}

impl Drop for ProgressPiece {
    fn drop(&mut self) {
        if let Some(activity) = board().activity(self.activity) {
            activity.busy.remove(&self.name);
        }
    }
}

fn set_detail(activity: &str, unit: &str, detail: &str) {
    if let Some(busy) = board().activity(activity).and_then(|activity| activity.busy.get_mut(unit)) {
        busy.detail = printable(detail);
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
        set_detail(self.activity, &self.name, detail);
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

/// Samples all activities. Returns the first unfinished one, else the last one, and the time since the earliest of all began.
fn current(now: Instant) -> Option<(ProgressState, Duration)> {
    let mut board = board();
    board.activities.iter_mut().for_each(|activity| activity.sample(now));
    let first =
        board.activities.iter().find(|activity| activity.total == 0 || activity.done < activity.total);
    let activity = first.or(board.activities.last()).filter(|_| board.pauses == 0)?;
    let since = board.activities.iter().map(|activity| activity.began).min()?;
    Some((activity.clone(), now.duration_since(since)))
}
