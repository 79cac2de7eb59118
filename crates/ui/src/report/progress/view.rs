//! Where progress is shown: on a terminal as a bar, off it as a line now and then, or in the log.

use std::time::{Duration, Instant};

use super::bar::Bar;
use super::line::{line, pace};
use super::{board, current};

/// How often a terminal is redrawn, so that a slow statement does not look like a hang.
const TICK: Duration = Duration::from_millis(120);

/// What ends sooner shows no bar.
const DELAY: Duration = Duration::from_millis(700);

/// Between two lines.
const EVERY: Duration = Duration::from_secs(10);

/// Where progress goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressView {
    Bar,
    Lines,
    Log,
    Hidden,
}

/// Shows what goes on until the run ends. `say` prints a line.
pub async fn follow(view: ProgressView, say: impl Fn(&str) + Send) {
    match view {
        ProgressView::Hidden => {}
        ProgressView::Bar => draw().await,
        ProgressView::Lines | ProgressView::Log => tell(say).await,
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
        // It may have ended meanwhile.
        let goes_on = board.pauses == 0 && !board.activities.is_empty();
        if let Some(bar) = board.view.as_mut().filter(|_| goes_on) {
            bar.draw(activity.done, activity.total, activity.doing, rest);
        }
    }
}

/// The same line twice in a row says nothing.
async fn tell(say: impl Fn(&str)) {
    let mut said = String::new();
    loop {
        tokio::time::sleep(EVERY).await;
        let now = Instant::now();
        if let Some(text) =
            current(now).map(|(activity, _)| line(&activity, now)).filter(|text| *text != said)
        {
            say(&text);
            said = text;
        }
    }
}
