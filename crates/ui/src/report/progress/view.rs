//! Display of progress: a bar on a terminal, otherwise an occasional line, or the log.

use std::time::{Duration, Instant};

use super::bar::Bar;
use super::line::{amount, line, pace};
use super::{board, current};

/// Redraw interval of a terminal: a slow statement must not look like a hang.
const TICK: Duration = Duration::from_millis(120);

/// Time before a bar appears.
const DELAY: Duration = Duration::from_millis(700);

/// Interval between lines.
const REPORT_INTERVAL: Duration = Duration::from_secs(30);

/// Destination of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgressView {
    Bar,
    Lines,
    Log,
    Hidden,
}

/// Shows progress until the run ends. `say` prints a line.
pub(crate) async fn follow(view: ProgressView, say: impl Fn(&str) + Send) {
    match view {
        ProgressView::Hidden => {}
        ProgressView::Bar => draw().await,
        ProgressView::Lines | ProgressView::Log => print_changes(say).await,
    }
}

async fn draw() {
    board().view = Some(Bar::new());
    loop {
        tokio::time::sleep(TICK).await;
        let now = Instant::now();
        let Some((activity, _)) = current(now).filter(|(_, since)| *since >= DELAY) else { continue };
        let rest = pace(&activity, now);
        let mut board = board();
        // The activity may have ended meanwhile.
        let goes_on = board.pauses == 0 && !board.activities.is_empty();
        if let Some(bar) = board.view.as_mut().filter(|_| goes_on) {
            let prefix = format!("{} {}", activity.doing, amount(&activity));
            let total = if activity.done > activity.total { 0 } else { activity.total };
            bar.draw(activity.done, total, prefix.trim_end().to_owned(), rest);
        }
    }
}

/// Prints a line if it differs from the last one.
async fn print_changes(say: impl Fn(&str)) {
    let mut said = String::new();
    loop {
        tokio::time::sleep(REPORT_INTERVAL).await;
        let now = Instant::now();
        if let Some(text) =
            current(now).map(|(activity, _)| line(&activity, now)).filter(|text| *text != said)
        {
            say(&text);
            said = text;
        }
    }
}
