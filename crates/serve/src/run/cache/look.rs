//! The look for a kept answer, and the keeping of one. The order decides: first the state of the tables, then the look for writers, and
//! only then the rows. A writer that the look does not see has either committed, so that the rows show it, or counts after the state was
//! read, so that the next check sees it.

use std::time::{Duration, Instant};

use martydb_model::sql::Statement;
use sha2::{Digest, Sha256};

use super::check::{versions, writers};
use super::{CacheKey, CachedResult};
use crate::answer::StatementResult;
use crate::catalog::{CachedTable, ServedCatalog};
use crate::compile::CompiledStatement;
use crate::request::BodyForm;
use crate::run::TransactionSettings;
use crate::run::service::ServedService;
use crate::session::{DatabaseResult, LoginSession};

/// Words that stand for the time of the statement in a date or a time
/// (<https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-SPECIAL-VALUES>).
const TIME_WORDS: [&str; 4] = ["now", "today", "tomorrow", "yesterday"];

/// All that an answer depends on, beside its tables.
pub(crate) struct CacheSubject<'a> {
    pub login: &'a str,
    pub settings: &'a TransactionSettings,
    pub form: BodyForm,
    pub(crate) compiled: &'a CompiledStatement,
}

/// A read whose answer may be kept.
pub(crate) struct CacheRequest {
    key: CacheKey,
    tables: Vec<CachedTable>,
    time: Duration,
}

/// Permission to keep the answer that is read next.
pub(crate) struct CacheTicket {
    key: CacheKey,
    versions: String,
    begun: Instant,
    end: Instant,
}

/// End of a look.
pub(crate) enum CacheLookup {
    Hit(StatementResult),
    Miss(Option<CacheTicket>),
}

impl CacheRequest {
    /// Returns the request of a read from these tables; `None` if its answer depends on anything else.
    pub(crate) fn new(
        catalog: &ServedCatalog,
        tables: Option<Vec<&CachedTable>>,
        subject: &CacheSubject<'_>,
    ) -> Option<CacheRequest> {
        use BodyForm::{Csv, Nothing, Rows, Single};
        let tables: Vec<CachedTable> = tables?.into_iter().cloned().collect();
        let time = tables.iter().map(|table| table.time).min()?;
        let is_plain = matches!(subject.form, Rows { .. } | Single { .. } | Csv | Nothing);
        let tells_time = |value: &String| {
            let value = value.to_ascii_lowercase();
            TIME_WORDS.iter().any(|word| value.contains(word))
        };
        if !is_plain || subject.compiled.runs_code || subject.compiled.values.iter().any(tells_time) {
            return None;
        }
        Some(CacheRequest { key: key(catalog, subject), tables, time })
    }
}

/// Returns the key: version of the catalogs, login, time zone and claims, form, statement and values, each with its length.
fn key(catalog: &ServedCatalog, subject: &CacheSubject<'_>) -> CacheKey {
    let mut digest = Sha256::new();
    let mut add = |part: &str| {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    };
    let form = format!("{:?}", subject.form);
    [catalog.version.as_str(), subject.login, &form].into_iter().for_each(&mut add);
    for setting in subject.settings.texts() {
        add(if setting.is_some() { "set" } else { "" });
        add(setting.unwrap_or_default());
    }
    add(subject.compiled.statement.exact());
    subject.compiled.values.iter().for_each(|value| add(value));
    digest.finalize().into()
}

impl ServedService {
    /// Returns the kept answer of a read, if there is one that is that of the tables now. The session is in no transaction: one that
    /// began before the look could have an older snapshot.
    pub(crate) async fn look_up(
        &self,
        session: &mut LoginSession,
        request: Option<&CacheRequest>,
    ) -> DatabaseResult<CacheLookup> {
        let Some(request) = request else { return Ok(CacheLookup::Miss(None)) };
        let begun = Instant::now();
        let found = query_text(session, versions(&request.tables)).await?;
        // The values are numbers and settings: one with `null` in its text keeps no answer, and does nothing else.
        let found = found.filter(|found| !found.contains("null"));
        let kept =
            found.as_ref().and_then(|found| self.cache.get(&request.key, found, session.opened()?, begun));
        if let Some(result) = kept {
            return Ok(CacheLookup::Hit(StatementResult { kept: true, ..result }));
        }
        self.cache.missed();
        let Some(versions) = found else { return Ok(CacheLookup::Miss(None)) };
        let is_written =
            query_text(session, writers(&request.tables)).await?.is_none_or(|found| found != "false");
        let end = begun + request.time;
        let ticket = CacheTicket { key: request.key, versions, begun, end };
        Ok(CacheLookup::Miss((!is_written).then_some(ticket)))
    }

    /// Keeps an answer that was read after its ticket was given. One with a status or headers of the service's code is not kept.
    pub(crate) fn keep(&self, ticket: CacheTicket, result: StatementResult) {
        let CacheTicket { key, versions, begun, end } = ticket;
        if result.status.is_none() && result.headers.is_empty() {
            self.cache.put(key, CachedResult { result, versions, begun, end, recency: 0 });
        }
    }
}

/// Returns the text that a statement of the check answers; `None` if the server refuses it: before `apply` has made what it reads.
async fn query_text(session: &mut LoginSession, statement: Statement) -> DatabaseResult<Option<String>> {
    match session.query(&CompiledStatement::new(statement, vec![])).await {
        Ok(rows) => Ok(rows.first().and_then(|row| row.try_get::<_, Option<String>>(0).ok().flatten())),
        Err(error) if error.sqlstate().is_some_and(|state| !state.starts_with("57")) => {
            tracing::debug!("no answer is kept: {}", error.answer(true, false).code);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
