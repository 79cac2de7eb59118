//! Conversion of a server's answers to samples. Pure: tables map columns to metrics.

use std::collections::BTreeMap;

use super::map::ServerMap;
use super::results::seconds;
use martydb_model::metrics::*;
use martydb_model::password_set;
use martydb_model::platform::support::support_end;
use martydb_pg::server::{Row, Unreadable};

/// Label of sessions whose login is not in the manifest: the number of other logins is not exposed.
const OTHER: &str = "other";

/// Column of `databases`: its metric, and the value of the metric's label.
type Column = (&'static Metric, Option<&'static str>);

/// Columns from the second on.
const DATABASE_COLUMNS: &[Column] = &[
    (DATABASE_CONNECTION_LIMIT, None),
    (TRANSACTION_ID_AGE, None),
    (MULTIXACT_AGE, None),
    (TRANSACTIONS, Some("commit")),
    (TRANSACTIONS, Some("rollback")),
    (BLOCKS, Some("cache")),
    (BLOCKS, Some("disk")),
    (ROWS, Some("returned")),
    (ROWS, Some("fetched")),
    (ROWS, Some("inserted")),
    (ROWS, Some("updated")),
    (ROWS, Some("deleted")),
    (BLOCK_SECONDS, Some("read")),
    (BLOCK_SECONDS, Some("write")),
    (SESSION_SECONDS, Some("connected")),
    (SESSION_SECONDS, Some("active")),
    (SESSION_SECONDS, Some("idle in transaction")),
    (TEMPORARY_FILES, None),
    (TEMPORARY_BYTES, None),
    (DEADLOCKS, None),
    (CONFLICTS, None),
    (CHECKSUM_FAILURES, None),
];

/// Ages in a row of `sessions`, from its sixth column on.
const AGES: [&Metric; 4] = [LONGEST_TRANSACTION, LONGEST_STATEMENT, LONGEST_WAIT, LONGEST_IDLE_TRANSACTION];

/// Converts the answers to [`super::statements::all`], in its order.
///
/// # Errors
/// If an answer does not have the expected form.
pub(crate) fn samples(map: &ServerMap, answers: &[Vec<Row>]) -> Result<Vec<Sample>, Unreadable> {
    let mut out = vec![];
    let mut answers = answers.iter();
    for read in [
        server, databases, sessions, locks, logins, standbys, slots, wal, checkpoints, subscriptions, sizes,
        passwords,
    ] {
        for_answer(map, answers.next(), read, &mut out)?;
    }
    Ok(out)
}

type AnswerReader = fn(&ServerMap, &[Row], &mut Vec<Sample>) -> Result<(), Unreadable>;

/// Converts one answer. The last queries are not run every time.
fn for_answer(
    map: &ServerMap,
    answer: Option<&Vec<Row>>,
    read: AnswerReader,
    out: &mut Vec<Sample>,
) -> Result<(), Unreadable> {
    answer.map_or(Ok(()), |rows| read(map, rows, out))
}

fn number(row: &Row, at: usize) -> Result<Option<f64>, Unreadable> {
    row.try_get::<Option<f64>>(at)
}

fn server(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    let subject = &map.subject;
    for row in rows {
        // Packagers add their own names after the number.
        let version: String = row.try_get(0)?;
        let version = version.split_whitespace().next().unwrap_or_default();
        out.push(Sample::with(SERVER_INFO, subject, [version], 1.0));
        let end = major(version).and_then(support_end);
        out.extend(
            end.map(|end| Sample::new(SERVER_SUPPORT_END, subject, seconds(end.midnight().assume_utc()))),
        );
        let columns = [
            SERVER_IN_RECOVERY, SERVER_START, SERVER_CONNECTION_LIMIT, SERVER_CONNECTIONS, REPLAY_AGE_SECONDS,
        ];
        for (at, metric) in columns.into_iter().enumerate() {
            out.extend(number(row, at + 1)?.map(|value| Sample::new(metric, subject, value)));
        }
    }
    Ok(())
}

/// Returns the major version of 15.20 or 18beta1.
fn major(version: &str) -> Option<u32> {
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn databases(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    for row in rows {
        let Some(subject) = map.database(&row.try_get::<String>(0)?) else { continue };
        samples_of(subject, row, 1, DATABASE_COLUMNS, out)?;
    }
    Ok(())
}

/// Sessions of one database, in total.
#[derive(Default)]
struct DatabaseSessions {
    sessions: BTreeMap<(String, String), f64>,
    blocked: f64,
    ages: [f64; AGES.len()],
}

fn sessions(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    // A database without sessions has all of its series too, with 0.
    let mut all: BTreeMap<&str, DatabaseSessions> =
        map.databases.keys().map(|name| (name.as_str(), DatabaseSessions::default())).collect();
    for row in rows {
        let Some(activity) = all.get_mut(row.try_get::<String>(0)?.as_str()) else { continue };
        let login: Option<String> = row.try_get(1)?;
        let login = login.filter(|login| map.logins.contains_key(login)).unwrap_or_else(|| OTHER.into());
        *activity.sessions.entry((login, row.try_get(2)?)).or_default() += number(row, 3)?.unwrap_or(0.0);
        activity.blocked += number(row, 4)?.unwrap_or(0.0);
        for (at, age) in activity.ages.iter_mut().enumerate() {
            *age = age.max(number(row, at + 5)?.unwrap_or(0.0));
        }
    }
    for (database, activity) in all {
        let Some(subject) = map.database(database) else { continue };
        for ((login, state), count) in &activity.sessions {
            out.push(Sample::with(CONNECTIONS, subject, [login, state], *count));
        }
        out.push(Sample::new(BLOCKED_SESSIONS, subject, activity.blocked));
        out.extend(AGES.iter().zip(activity.ages).map(|(metric, age)| Sample::new(metric, subject, age)));
    }
    Ok(())
}

fn locks(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    let mut counts: BTreeMap<&str, [f64; 2]> =
        map.databases.keys().map(|name| (name.as_str(), [0.0; 2])).collect();
    for row in rows {
        if let Some(found) = counts.get_mut(row.try_get::<String>(0)?.as_str()) {
            *found = [number(row, 1)?.unwrap_or(0.0), number(row, 2)?.unwrap_or(0.0)];
        }
    }
    for (database, [held, waited]) in counts {
        let Some(subject) = map.database(database) else { continue };
        out.push(Sample::with(LOCKS, subject, ["true"], held));
        out.push(Sample::with(LOCKS, subject, ["false"], waited));
    }
    Ok(())
}

fn logins(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    for row in rows {
        let role: String = row.try_get(0)?;
        let Some(subject) = map.logins.get(&role) else { continue };
        let limit = number(row, 1)?;
        out.extend(limit.map(|limit| Sample::with(ROLE_CONNECTION_LIMIT, subject, [&role], limit)));
        out.push(Sample::with(ROLE_CONNECTIONS, subject, [&role], number(row, 2)?.unwrap_or(0.0)));
    }
    Ok(())
}

fn standbys(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    for row in rows {
        let name: String = row.try_get(0)?;
        // Without traffic the lag is unknown; a standby that has received everything is not behind.
        let (bytes, seconds) = (number(row, 2)?, number(row, 1)?);
        let seconds = seconds.or_else(|| bytes.filter(|bytes| *bytes == 0.0));
        let of = [(REPLICATION_LAG_BYTES, bytes), (REPLICATION_LAG_SECONDS, seconds)];
        let known = of.into_iter().filter_map(|(metric, value)| Some((metric, value?)));
        out.extend(known.map(|(metric, value)| Sample::with(metric, &map.subject, [&name], value)));
    }
    Ok(())
}

fn slots(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    for row in rows {
        let name: String = row.try_get(0)?;
        let of = [
            (SLOT_ACTIVE, number(row, 1)?),
            (SLOT_RETAINED_BYTES, number(row, 2)?),
            (SLOT_LOST, number(row, 3)?),
        ];
        let known = of.into_iter().filter_map(|(metric, value)| Some((metric, value?)));
        out.extend(known.map(|(metric, value)| Sample::with(metric, &map.subject, [&name], value)));
    }
    Ok(())
}

/// Columns of a server's only row, each with the value of the metric's label.
fn columns(map: &ServerMap, rows: &[Row], of: &[Column], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    for row in rows {
        samples_of(&map.subject, row, 0, of, out)?;
    }
    Ok(())
}

fn samples_of(
    subject: &Subject,
    row: &Row,
    first: usize,
    columns: &[Column],
    out: &mut Vec<Sample>,
) -> Result<(), Unreadable> {
    for (at, (metric, label)) in columns.iter().enumerate() {
        let Some(value) = number(row, at + first)? else { continue };
        out.push(match label {
            Some(label) => Sample::with(metric, subject, [label], value),
            None => Sample::new(metric, subject, value),
        });
    }
    Ok(())
}

fn wal(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    let of = [
        (WAL_BYTES, None),
        (ARCHIVED_FILES, Some("archived")),
        (ARCHIVED_FILES, Some("failed")),
        (ARCHIVED_LAST, None),
        (ARCHIVE_FAILS, None),
    ];
    columns(map, rows, &of, out)
}

fn checkpoints(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    let of = [
        (CHECKPOINTS, Some("timed")),
        (CHECKPOINTS, Some("requested")),
        (CHECKPOINT_SECONDS, Some("write")),
        (CHECKPOINT_SECONDS, Some("sync")),
    ];
    columns(map, rows, &of, out)
}

fn subscriptions(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    for row in rows {
        let name: String = row.try_get(0)?;
        for (at, metric) in
            [SUBSCRIPTION_ACTIVE, SUBSCRIPTION_AGE, SUBSCRIPTION_ERRORS].into_iter().enumerate()
        {
            out.extend(number(row, at + 1)?.map(|value| Sample::with(metric, &map.subject, [&name], value)));
        }
    }
    Ok(())
}

fn sizes(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    for row in rows {
        if let (Some(subject), Some(size)) = (map.database(&row.try_get::<String>(0)?), number(row, 1)?) {
            out.push(Sample::new(DATABASE_SIZE, subject, size));
        }
    }
    Ok(())
}

fn passwords(map: &ServerMap, rows: &[Row], out: &mut Vec<Sample>) -> Result<(), Unreadable> {
    for row in rows {
        let (role, comment): (String, Option<String>) = row.read()?;
        let set = comment.and_then(|comment| password_set(&map.marker, &comment));
        if let (Some(subject), Some(set)) = (map.logins.get(&role), set) {
            out.push(Sample::with(PASSWORD_SET, subject, [&role], seconds(set)));
        }
    }
    Ok(())
}
