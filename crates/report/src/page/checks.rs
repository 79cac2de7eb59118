//! The monitor's checks of the last day, each a small plot: a bar for each run, as high as it took long.

use std::fmt::Write;

use maud::{Markup, html};

use super::text::{PlainText, duration};

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 40.0;
const DAY: f64 = 86_400.0;

/// A check with its runs.
#[derive(Debug, Clone)]
pub struct CheckPlot {
    pub name: String,
    /// Runs of the last day, oldest first.
    pub runs: Vec<PlottedRun>,
}

/// A run that has ended.
#[derive(Debug, Clone, Copy)]
pub struct PlottedRun {
    /// Seconds before the newest page.
    pub age: f64,
    pub milliseconds: i64,
    pub ok: bool,
}

pub(crate) fn section(checks: &[CheckPlot]) -> Markup {
    html! {
        section #checks aria-labelledby="checks-title" {
            h2 #checks-title { "Checks of the last day" }
            div .plots { @for check in checks { (figure(check)) } }
        }
    }
}

fn figure(check: &CheckPlot) -> Markup {
    let failed = check.runs.iter().filter(|run| !run.ok).count();
    let last = check.runs.last();
    html! {
        figure {
            figcaption { b { (PlainText(&check.name)) } ": " (check.runs.len()) " runs, " (failed) " failed"
                @if let Some(last) = last { "; the last took " (duration(last.milliseconds)) } }
            svg .plot xmlns="http://www.w3.org/2000/svg" role="img" width=(WIDTH) height=(HEIGHT) viewBox=(format!("0 0 {WIDTH} {HEIGHT}"))
                aria-label={ "Runs of the check " (PlainText(&check.name)) " in the last day" } {
                line .tick x1="0" x2=(WIDTH) y1=(HEIGHT) y2=(HEIGHT) {}
                @for (class, ok) in [("ok", true), ("failed", false)] {
                    @let path = bars(&check.runs, ok);
                    @if !path.is_empty() { path class=(class) d=(path) {} }
                }
            }
        }
    }
}

/// A failed run is as high as the plot, however short it was.
fn bars(runs: &[PlottedRun], ok: bool) -> String {
    #[allow(clippy::cast_precision_loss)] // Minutes.
    let longest = runs.iter().map(|run| run.milliseconds).max().unwrap_or_default().max(1) as f64;
    let mut path = String::new();
    for run in runs.iter().filter(|run| run.ok == ok) {
        let x = (WIDTH - 2.0) * (1.0 - run.age.clamp(0.0, DAY) / DAY);
        #[allow(clippy::cast_precision_loss)] // Minutes.
        let height = if ok { (run.milliseconds as f64 / longest * HEIGHT).max(2.0) } else { HEIGHT };
        let _fits = write!(path, "M{x:.1} {:.1}h2v{height:.1}h-2z", HEIGHT - height);
    }
    path
}
