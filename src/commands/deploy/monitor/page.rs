//! Page at `/` of `monitor`: the report around the newest proof of the checks, renewed by itself.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::app::App;
use crate::commands::inspect::report::{PageProof, collect_around, now};
use crate::commands::verify::verify_isolation::VerifyReport;
use martydb_model::error::{Error, Result};
use martydb_model::metrics::MonitorCheck;
use martydb_monitor::MonitorPage;
use martydb_monitor::results::{CheckResults, EndedRun};
use martydb_report::page::{CheckPlot, Extras, PlottedRun, policy, render};
use martydb_report::values;

/// Interval at which states and history are read again.
const RENEW_EVERY: Duration = Duration::from_secs(5 * 60);

/// Seconds after which a browser loads the page again.
const RENEWED: u32 = 60;

/// Longest wait for a free connection, as of the checks.
const PATIENCE: Duration = Duration::from_secs(2);

/// Time limit of a page: a server that hangs must not end the renewal.
const PAGE_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// Page before the first proof.
const FIRST: &str = include_str!("first.html");

/// Newest proof and newest page.
struct PageState {
    proof: Mutex<Option<PageProof>>,
    page: Mutex<Arc<str>>,
    proven: Notify,
}

/// Begins to make pages, on a thread of its own, so that a large page delays no scrape. It ends with the process.
///
/// # Errors
/// If the system cannot create a thread.
pub(crate) fn begin(app: &App, results: Arc<CheckResults>) -> Result<MonitorPage> {
    let failed = |error: std::io::Error| Error::operation("cannot start the page").cause(error);
    let shared = Arc::new(PageState {
        proof: Mutex::default(),
        page: Mutex::new(FIRST.into()),
        proven: Notify::new(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let mut app = app.fresh_copy();
    (app.context.lock_wait, app.context.patience) = (PATIENCE.min(app.lock_wait), PATIENCE);
    let (kept, manifest) = (shared.clone(), app.manifest.path.clone());
    let make = move || runtime.block_on(renew(&app, &kept, &results));
    std::thread::Builder::new().name("page".into()).spawn(make).map_err(failed)?;
    let (taking, showing) = (shared.clone(), shared);
    Ok(MonitorPage {
        proven: Arc::new(move |assessment| {
            let verified = VerifyReport::new(assessment, manifest.clone());
            *taking.proof.lock() = Some(PageProof::new(verified, now()));
            taking.proven.notify_one();
        }),
        newest: Arc::new(move || showing.page.lock().clone()),
        policy: policy(),
    })
}

/// Makes a page after each proof, and at the interval. Does not return.
async fn renew(app: &App, shared: &PageState, results: &CheckResults) {
    let mut reported = None;
    loop {
        let _waited = tokio::time::timeout(RENEW_EVERY, shared.proven.notified()).await;
        let proof = shared.proof.lock().clone();
        let Some(proof) = proof else { continue };
        let run_of_page = app.fresh_copy();
        let failure = match tokio::time::timeout(PAGE_TIMEOUT, page(&run_of_page, proof, results)).await {
            Ok(Ok(page)) => {
                *shared.page.lock() = page.into();
                None
            }
            Ok(Err(error)) => Some(format!("cannot renew the page: {error}")),
            Err(_) => {
                Some(format!("the page was not renewed within {} minutes", PAGE_TIMEOUT.as_secs() / 60))
            }
        };
        // The same failure is reported once.
        if let Some(new) = failure.as_ref().filter(|failure| reported.as_ref() != Some(*failure)) {
            app.out.note(new);
        }
        reported = failure;
    }
}

async fn page(app: &App, proof: PageProof, results: &CheckResults) -> Result<String> {
    let collected = collect_around(app, proof).await?;
    let report = values::ReportValues::new(collected.json)
        .map_err(|error| Error::operation("cannot read the values").cause(error))?;
    let checks = plots(results, OffsetDateTime::now_utc());
    Ok(render(&report, &Extras { checks: &checks, renewed: Some(RENEWED), ..Extras::default() }))
}

fn plots(results: &CheckResults, now: OffsetDateTime) -> Vec<CheckPlot> {
    let plot = |(check, runs): (MonitorCheck, Vec<EndedRun>)| CheckPlot {
        name: check.name().to_owned(),
        runs: runs.iter().map(|app| plotted(app, now)).collect(),
    };
    results.ended().into_iter().map(plot).collect()
}

fn plotted(app: &EndedRun, now: OffsetDateTime) -> PlottedRun {
    PlottedRun {
        age: (now - app.ended).as_seconds_f64(),
        milliseconds: i64::try_from(app.took.as_millis()).unwrap_or(i64::MAX),
        ok: app.ok,
    }
}
