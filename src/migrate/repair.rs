//! `repair`: what is, is accepted. An edited file's checksum, a migration that stopped half way, a file that our
//! rules refuse although it is applied. Looking and acting are two steps, because a person is asked between them.

use serde::Serialize;

use super::accepted;
use super::compare::{AppliedRow, Divergence, Edit, End, Unfinished, compare};
use super::directive::Mode;
use super::folder::{self, Folder, Migration};
use super::inventory;
use super::name::Direction;
use super::outcome::{OnEvent, refused_files};
use super::session::{Intent, NoSession, Session, query, unreadable};
use super::shared::{prepare, row, schema, width};
use super::tables::{self, Number, Record, Took};
use super::target::{Options, Target};
use super::{diff, progress};
use crate::error::{Error, Kind, Result};
use crate::server::execute;
use crate::sql::Statement;
use crate::stmt;

/// One thing that repair can accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repairable {
    /// The migration's version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// What is the matter.
    pub wrong: Wrong,
    /// What accepting it means, in words.
    pub what: String,
    /// The file as it was applied against the file as it is, where the former is known.
    pub diff: Option<String>,
}

/// What is the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// The file has changed since it was applied.
    Edited,
    /// A migration outside a transaction has a beginning and no good end.
    HalfWay,
    /// Our rules refuse the file, and it is applied.
    Refused,
}

/// Looks for what repair can accept, in one version or in all. Writes nothing.
///
/// # Errors
/// [`Kind::Usage`] if the version needs no repair; else as [`upgrade`](super::upgrade()).
pub async fn examine(target: &Target, version: Option<i64>, options: &Options) -> Result<Vec<Repairable>> {
    let folder = load(target)?;
    let mut session = Session::open(target, Intent::Read, options.lock_wait, &|_| {})
        .await
        .map_err(NoSession::into_error)?;
    let found = look(&mut session, &folder, version).await;
    session.close().await;
    let found = found?;
    match (version, found.is_empty()) {
        (Some(version), true) => {
            Err(Error::usage(format!("V{version} of {} needs no repair", target.service)).hint(format!(
                "`martydb status --service {}` shows what is the matter; a missing file must be brought back",
                target.service
            )))
        }
        _ => Ok(found),
    }
}

fn load(target: &Target) -> Result<Folder> {
    let folder = folder::load(&target.folder);
    let unreadable = folder.unreadable();
    match unreadable.is_empty() {
        true => Ok(folder),
        false => Err(refused_files(target.service.as_str(), &unreadable)),
    }
}

async fn look(session: &mut Session, folder: &Folder, version: Option<i64>) -> Result<Vec<Repairable>> {
    let rows = session.rows().await?;
    let migrations: Vec<Migration> = folder.all().into_iter().cloned().collect();
    let standing = compare(&migrations, &rows.applied, &rows.unfinished);
    let mut found = vec![];
    for divergence in &standing.divergences {
        if let Divergence::Edited { version, name, applied_as, edit } = divergence {
            let then = applied_text(session, *version).await?;
            let now = folder.find(*version).map(|migration| &*migration.up.text).unwrap_or_default();
            found.push(edited((*version, name), applied_as, edit, then.as_deref(), now));
        }
    }
    found.extend(standing.unfinished.iter().map(|begun| half_way(begun, folder)));
    let edited = |version: i64| standing.divergences.iter().any(|d| d.version() == version);
    let applied = |version: i64| rows.applied.iter().any(|row| row.version == version);
    let refused = folder.doubtful.iter().filter(|m| applied(m.version) && !edited(m.version));
    found.extend(refused.map(refused_by_rules));
    found.retain(|item| version.is_none_or(|version| item.version == version));
    found.sort_by_key(|item| item.version);
    Ok(found)
}

async fn applied_text(session: &mut Session, version: i64) -> Result<Option<String>> {
    if !session.present.history {
        return Ok(None);
    }
    let results = query(&mut session.connection, &tables::read_content(version)).await?;
    let row = results.first().and_then(|rows| rows.first());
    row.map_or(Ok(None), |row| row.try_get(0).map_err(unreadable))
}

fn edited(
    (version, name): (i64, &str),
    applied_as: &str,
    edit: &Edit,
    then: Option<&str>,
    now: &str,
) -> Repairable {
    let (what, diff) = match edit {
        Edit::Name => (format!("its new name, \"{name}\" instead of \"{applied_as}\", is accepted"), None),
        Edit::Blanks(blanks) => (format!("its other {blanks} are accepted; the SQL is the same"), None),
        Edit::Content => match then {
            Some(then) => ("its new text is accepted".to_owned(), Some(diff::unified(then, now))),
            None => (
                "its new text is accepted; the text that was applied is not known, because another tool \
                 recorded it or it was too long to be kept"
                    .to_owned(),
                None,
            ),
        },
    };
    Repairable { version, name: name.into(), wrong: Wrong::Edited, what, diff }
}

fn half_way(begun: &Unfinished, folder: &Folder) -> Repairable {
    let name = folder.find(begun.version).map(|migration| migration.name.clone()).unwrap_or_default();
    let end = match begun.end {
        End::Failed => "failed",
        End::Started => "was interrupted",
    };
    let what = match begun.direction {
        Direction::Up => {
            format!("that it {end} is forgotten: the next upgrade begins with its first statement")
        }
        Direction::Down => {
            format!("that undoing it {end} is forgotten: it counts as applied, as before")
        }
    };
    Repairable { version: begun.version, name, wrong: Wrong::HalfWay, what, diff: None }
}

fn refused_by_rules(migration: &Migration) -> Repairable {
    Repairable {
        version: migration.version,
        name: migration.name.clone(),
        wrong: Wrong::Refused,
        what: format!("it is applied, and accepted as it is in {}; it is never run", accepted::FILE),
        diff: None,
    }
}

/// Accepts what was shown, if it is still so, and records who and why.
///
/// # Errors
/// [`Kind::Stale`] if something else is the matter by now; else as [`upgrade`](super::upgrade()).
pub async fn repair(
    target: &Target,
    shown: &[Repairable],
    reason: &str,
    options: &Options,
    on_event: OnEvent<'_>,
) -> Result<()> {
    let folder = load(target)?;
    let mut session = Session::open(target, Intent::Write, options.lock_wait, on_event)
        .await
        .map_err(NoSession::into_error)?;
    let result = act(&mut session, target, &folder, shown, reason, options).await;
    session.close().await;
    result?;
    let versions: Vec<i64> =
        shown.iter().filter(|item| item.wrong != Wrong::HalfWay).map(|item| item.version).collect();
    let doubtful = folder.doubtful.iter().filter(|migration| versions.contains(&migration.version));
    accepted::add(&target.folder, doubtful, reason)
}

async fn act(
    session: &mut Session,
    target: &Target,
    folder: &Folder,
    shown: &[Repairable],
    reason: &str,
    options: &Options,
) -> Result<()> {
    let now = look(session, folder, None).await?;
    if let Some(gone) = shown.iter().find(|item| !now.contains(item)) {
        return Err(Error::new(Kind::Stale, "the database or the files changed since they were shown")
            .cause(format!("V{}__{} is not as it was", gone.version, gone.name))
            .hint("look again"));
    }
    let rows = session.rows().await?;
    let width = width(&rows, folder);
    let inventory = inventory::take(session, target).await?;
    prepare(session, target, &inventory, width).await?;
    let (rows, schema) = (rows.applied, schema(target, &session.present));
    let mut all = vec![stmt!("BEGIN")];
    for item in shown {
        let migration = folder.find(item.version);
        let recorded = rows.iter().find(|row| row.version == item.version);
        let row = match (item.wrong, migration, recorded) {
            (Wrong::Edited, Some(migration), _) => row(migration, width),
            (_, _, Some(recorded)) => recorded.clone(),
            (_, Some(migration), None) => row(migration, width),
            (_, None, None) => {
                AppliedRow { version: item.version, name: item.name.clone(), checksum: String::new() }
            }
        };
        all.extend(accept(&schema, item, &row));
        let text = migration.filter(|_| item.wrong == Wrong::Edited).map(|migration| &*migration.up.text);
        all.push(tables::insert_history(Number::Next, &event(&row, reason, text), &options.operator));
    }
    all.push(stmt!("COMMIT"));
    execute(&mut session.connection, &Statement::join(all)).await?;
    Ok(())
}

fn accept(schema: &crate::model::SchemaName, item: &Repairable, row: &AppliedRow) -> Option<Statement> {
    match item.wrong {
        Wrong::Edited => Some(tables::accept_refinery(schema, row)),
        Wrong::HalfWay => Some(progress::end(item.version)),
        Wrong::Refused => None,
    }
}

fn event<'a>(row: &'a AppliedRow, reason: &str, text: Option<&str>) -> Record<'a> {
    Record {
        action: "repair",
        row,
        outcome: "ok",
        mode: Mode::Transaction,
        attempts: 1,
        took: Took::Unknown,
        error: None,
        note: Some(reason.into()),
        content: text.and_then(tables::content),
    }
}
