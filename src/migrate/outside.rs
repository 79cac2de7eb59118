//! Migrations that cannot run in a transaction as a whole.
//!
//! Each statement that can run in a transaction does so, together with a note of how far the file has come; those
//! that cannot are sent alone and noted afterwards. The history says "started" before the first and "ok" after the
//! last. The next run goes on behind the last note: an index that the lost session finished building counts as
//! built, one that it left INVALID is dropped and built anew.

use std::time::{Duration, Instant};

use super::adapter::{Adapter, Step, applied, record};
use super::envelope::{Envelope, reading};
use super::failure;
use super::nature::{Nature, nature};
use super::outcome::{Applied, Event};
use super::pause::{Pause, is_passing};
use super::progress::{self, Progress};
use super::session::{query, unreadable};
use super::source;
use super::tables::{Record, Took};
use crate::error::{Error, Result};
use crate::server::{Fault, Unreadable, execute};
use crate::sql::{ServerText, Statement};
use crate::stmt;

/// A run of one file.
struct Run {
    started: Instant,
    /// Statements before this one are finished.
    from: usize,
    /// Whether an earlier run was at the statement `from`.
    resumed: bool,
    attempts: u32,
    /// For the history: what was found and put right.
    note: Option<String>,
}

/// Runs the statements of a file one by one.
pub async fn apply(adapter: &mut Adapter<'_>, step: &Step<'_>) -> Result<Applied> {
    let mut run = begin(adapter, step).await?;
    let source = step.source;
    for (at, span) in source.statements.iter().enumerate() {
        let nature = nature(&source.text[span.clone()]);
        match nature {
            // A session's settings are gone with the session.
            Nature::Setting if at < run.from => again(adapter, step, at).await?,
            _ if at < run.from => {}
            Nature::Setting | Nature::Ordinary => joined(adapter, step, at, &mut run).await?,
            _ => alone(adapter, step, at, &nature, &mut run).await?,
        }
    }
    finish(adapter, step, &run).await?;
    Ok(applied(step, run.started))
}

/// Looks whether an earlier run was interrupted, puts right what it left, and notes the beginning.
async fn begin(adapter: &mut Adapter<'_>, step: &Step<'_>) -> Result<Run> {
    make_notes(adapter).await?;
    let found = read(adapter, step).await?;
    let mut run = Run { started: Instant::now(), from: 0, resumed: found.is_some(), attempts: 1, note: None };
    if let Some(progress) = found {
        check_unchanged(step, &progress)?;
        heal(adapter, step, &progress.invalid).await?;
        run.from = progress.done;
        if built(step, &progress) {
            run.from += 1;
        }
        run.note = Some(resumption(step, &run, &progress));
    }
    let begun = Record { note: run.note.clone(), ..record(step, "started") };
    let (version, done) = (step.row.version, i64::try_from(run.from).unwrap_or_default());
    let all = [
        stmt!("BEGIN"),
        adapter.event(&begun),
        progress::begin(version, step.direction, done, step.source),
        stmt!("COMMIT"),
    ];
    execute(adapter.connection, &Statement::join(all)).await?;
    adapter.recorded();
    Ok(run)
}

/// The table for the notes, if this is the first migration that needs it.
async fn make_notes(adapter: &mut Adapter<'_>) -> Result<()> {
    if adapter.noted {
        return Ok(());
    }
    let all = progress::create(adapter.target).into_iter();
    let all = std::iter::once(stmt!("BEGIN")).chain(all).chain([stmt!("COMMIT")]);
    execute(adapter.connection, &Statement::join(all)).await?;
    adapter.noted = true;
    Ok(())
}

async fn read(adapter: &mut Adapter<'_>, step: &Step<'_>) -> Result<Option<Progress>> {
    let statement = progress::read(step.row.version, step.direction);
    let results = query(adapter.connection, &statement).await?;
    let Some(row) = results.first().and_then(|rows| rows.first()) else { return Ok(None) };
    let read = || -> Result<Progress, Unreadable> {
        let done: i32 = row.try_get(0)?;
        Ok(Progress {
            done: usize::try_from(done).unwrap_or_default(),
            content: row.try_get(1)?,
            invalid: row.try_get(2)?,
            built: row.try_get(3)?,
        })
    };
    read().map(Some).map_err(unreadable)
}

/// What is finished must still stand in the file as it was run; the rest may have been mended.
fn check_unchanged(step: &Step<'_>, progress: &Progress) -> Result<()> {
    let Some(content) = &progress.content else { return Ok(()) };
    let then = source::read(&step.source.path, content.clone().into_bytes()).unwrap_or_default();
    let cut = |source: &source::Source| -> Vec<String> {
        let spans = source.statements.iter().take(progress.done);
        spans.map(|span| source.text[span.clone()].to_owned()).collect()
    };
    if content.as_str() == &*step.source.text || cut(&then) == cut(step.source) {
        return Ok(());
    }
    let item = step.item();
    Err(Error::operation(format!("V{}__{} was edited where it has already run", item.version, item.name))
        .cause(format!("its first {} statements were finished before it was interrupted", progress.done))
        .hint("take the change to them back, and run again")
        .hint(format!(
            "or undo by hand what they did, and begin anew after \
             `martydb repair --service {} --version {} --reason …`",
            step.service, item.version
        )))
}

/// The lost session may have gone on without us and finished its index.
fn built(step: &Step<'_>, progress: &Progress) -> bool {
    let interrupted =
        step.source.statements.get(progress.done).map(|span| nature(&step.source.text[span.clone()]));
    matches!(interrupted, Some(Nature::Build(name)) if progress.built.contains(&name))
}

fn resumption(step: &Step<'_>, run: &Run, progress: &Progress) -> String {
    let total = step.source.statements.len();
    let mut note = format!("resumed after {} of {total} statements", run.from);
    if !progress.invalid.is_empty() {
        note +=
            &format!("; dropped the INVALID index {} of the interrupted run", progress.invalid.join(", "));
    }
    note
}

/// Drops what an interrupted concurrent build left.
async fn heal(adapter: &mut Adapter<'_>, step: &Step<'_>, invalid: &[String]) -> Result<()> {
    for index in invalid {
        let told = format!("dropping the INVALID index {index} that an interrupted build left");
        (adapter.on_event)(Event::Warned(step.item(), told));
        let free = stmt!("SET lock_timeout = 0");
        execute(adapter.connection, &free).await?;
        // It waits for transactions that may still use the index.
        adapter.connection.be_patient(true);
        let dropped = execute(adapter.connection, &progress::drop_index(index)).await;
        adapter.connection.be_patient(false);
        dropped?;
    }
    Ok(())
}

/// Sets a session's setting once more.
async fn again(adapter: &mut Adapter<'_>, step: &Step<'_>, at: usize) -> Result<()> {
    let span = step.source.statements[at].clone();
    let envelope = Envelope::alone(&step.source.text, (at, span));
    let sent = adapter.send(step, &envelope.message).await;
    sent.map_err(|(completed, fault)| failure::explain(step, &envelope, completed, fault))
}

/// A statement in a transaction, together with the note that it is done.
async fn joined(adapter: &mut Adapter<'_>, step: &Step<'_>, at: usize, run: &mut Run) -> Result<()> {
    let span = step.source.statements[at].clone();
    let note = advance(step, at + 1);
    let envelope = Envelope::one(&adapter.frame(), &step.source.text, (at, span), &note);
    let mut pause = Pause::new(Instant::now() + adapter.options.lock_wait);
    while let Err((completed, fault)) = adapter.send(step, &envelope.message).await {
        let open = adapter.roll_back(&fault).await;
        if open && is_passing(&fault) && adapter.try_again(step, run.attempts, &fault, &mut pause).await {
            run.attempts += 1;
            continue;
        }
        adapter.record_failure(step, run.attempts, run.started, &fault).await;
        return Err(failure::explain(step, &envelope, completed, fault));
    }
    Ok(())
}

/// A statement that is its own transaction, or holds several.
async fn alone(
    adapter: &mut Adapter<'_>,
    step: &Step<'_>,
    at: usize,
    nature: &Nature,
    run: &mut Run,
) -> Result<()> {
    let span = step.source.statements[at].clone();
    let envelope = Envelope::alone(&step.source.text, (at, span));
    let mut pause = Pause::new(Instant::now() + adapter.options.lock_wait);
    loop {
        prepare(adapter, nature).await?;
        let Err((completed, fault)) = adapter.send(step, &envelope.message).await else { break };
        if run.resumed && at == run.from && nature.was_done(&fault) {
            break;
        }
        if is_passing(&fault) && nature.may_repeat() && !fault.unreachable {
            heal_fresh(adapter, step).await?;
            if adapter.try_again(step, run.attempts, &fault, &mut pause).await {
                run.attempts += 1;
                continue;
            }
        }
        return Err(give_up(adapter, step, &envelope, (completed, fault), run).await);
    }
    if *nature == Nature::Block {
        check_owner(adapter, step, at, run).await?;
    }
    let [strings, encoding] = reading();
    execute(adapter.connection, &Statement::join([strings, encoding, advance(step, at + 1)])).await?;
    Ok(())
}

fn advance(step: &Step<'_>, done: usize) -> Statement {
    progress::advance(step.row.version, step.direction, i64::try_from(done).unwrap_or(i64::MAX))
}

/// A concurrent build waits for others without being in their way, and giving up leaves an INVALID index; all
/// other statements give up as they do in a transaction.
async fn prepare(adapter: &mut Adapter<'_>, nature: &Nature) -> Result<()> {
    let timeout = if nature.is_patient() { Duration::ZERO } else { adapter.options.lock_timeout };
    let millis = i64::try_from(timeout.as_millis()).unwrap_or_default().min(i64::from(i32::MAX));
    let role = stmt!("SET ROLE {owner}", owner = adapter.target.owner);
    let [strings, encoding] = reading();
    let all = [role, strings, encoding, stmt!("SET lock_timeout = {millis}", millis = millis)];
    execute(adapter.connection, &Statement::join(all)).await?;
    Ok(())
}

/// What this run's own failed attempt left is dropped before the next.
async fn heal_fresh(adapter: &mut Adapter<'_>, step: &Step<'_>) -> Result<()> {
    match read(adapter, step).await? {
        Some(progress) => heal(adapter, step, &progress.invalid).await,
        None => Ok(()),
    }
}

async fn give_up(
    adapter: &mut Adapter<'_>,
    step: &Step<'_>,
    envelope: &Envelope,
    (completed, fault): (usize, Fault),
    run: &Run,
) -> Error {
    adapter.record_failure(step, run.attempts, run.started, &fault).await;
    let left = match fault.unreachable {
        true => vec![],
        false => read(adapter, step).await.ok().flatten().map(|found| found.invalid).unwrap_or_default(),
    };
    let mut error = failure::explain(step, envelope, completed, fault);
    for index in left {
        error.causes.push(format!("it left the INVALID index {index}"));
        error
            .hints
            .push(format!("the next run drops {index} and builds it anew; nothing is to be done by hand"));
    }
    error
}

/// A block that ends transactions of its own can leave things to the login. They are given to the owner, and the
/// file is to blame all the same.
async fn check_owner(adapter: &mut Adapter<'_>, step: &Step<'_>, at: usize, run: &Run) -> Result<()> {
    let owner = &adapter.target.owner;
    let role = stmt!("SET ROLE {owner}", owner = owner);
    let asked = Statement::join([role.clone(), progress::strays(owner)]);
    let results = query(adapter.connection, &asked).await?;
    let text = |at: usize| results.iter().flatten().filter_map(move |row| row.try_get::<String>(at).ok());
    let strays: Vec<String> = text(0).collect();
    if strays.is_empty() {
        return Ok(());
    }
    let mut all = vec![stmt!("SET ROLE NONE")];
    all.extend(text(1).map(|give| stmt!("{give}", give = ServerText(give))));
    all.extend([role, advance(step, at + 1)]);
    execute(adapter.connection, &Statement::join(all)).await?;
    let message = format!("it left something to the login instead of the owner: {}", strays.join(", "));
    let fault = Fault { message: message.clone(), ..Fault::default() };
    adapter.record_failure(step, run.attempts, run.started, &fault).await;
    let item = step.item();
    Err(Error::operation(format!("V{}__{} changed the role", item.version, item.name))
        .cause(message)
        .hint("it was given to the owner; do not change the role inside functions or DO blocks")
        .hint("run again: the statements that are finished are not repeated"))
}

/// Both rows in one transaction: refinery's table and the history agree at any moment.
async fn finish(adapter: &mut Adapter<'_>, step: &Step<'_>, run: &Run) -> Result<()> {
    check_valid(adapter, step, run).await?;
    let took = Took::Millis(i64::try_from(run.started.elapsed().as_millis()).unwrap_or(i64::MAX));
    let done = Record { took, attempts: run.attempts, note: run.note.clone(), ..record(step, "ok") };
    let mut all = vec![
        stmt!("SET ROLE {owner}", owner = adapter.target.owner),
        stmt!("RESET ALL"),
        stmt!("BEGIN"),
        progress::end(step.row.version),
    ];
    all.extend(adapter.rows(step, &done));
    all.push(stmt!("COMMIT"));
    execute(adapter.connection, &Statement::join(all)).await?;
    adapter.recorded();
    Ok(())
}

/// `IF NOT EXISTS` is content with an INVALID index; we are not.
async fn check_valid(adapter: &mut Adapter<'_>, step: &Step<'_>, run: &Run) -> Result<()> {
    let natures = step.source.statements.iter().map(|span| nature(&step.source.text[span.clone()]));
    let names: Vec<String> = natures.filter_map(Nature::built).collect();
    if names.is_empty() {
        return Ok(());
    }
    let role = stmt!("SET ROLE {owner}", owner = adapter.target.owner);
    let asked = Statement::join([role, progress::invalid_among(&names)]);
    let results = query(adapter.connection, &asked).await?;
    let Some(index) = results.iter().flatten().find_map(|row| row.try_get::<String>(0).ok()) else {
        return Ok(());
    };
    let fault = Fault { message: format!("the index {index} is INVALID"), ..Fault::default() };
    adapter.record_failure(step, run.attempts, run.started, &fault).await;
    let item = step.item();
    Err(Error::operation(format!("V{}__{} ended with an INVALID index", item.version, item.name))
        .cause(format!("{index} was there before, and IF NOT EXISTS did not build it"))
        .hint(format!("drop it, as `DROP INDEX CONCURRENTLY {index}`, and run again")))
}
