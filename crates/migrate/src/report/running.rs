//! State of a running migration as text: its progress and its blockers.

use std::fmt;
use std::time::Duration;

use martydb_model::units::bytes;

/// A session that holds a lock the migration waits for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blocker {
    /// Process ID; 0 for a prepared transaction.
    pub pid: i32,
    pub login: Option<String>,
    pub application: Option<String>,
    /// Start of its transaction, RFC 3339, UTC. The server shows it only to members of the login.
    pub since: Option<String>,
    /// Its current or last statement; the server shows it only to members of the login.
    pub statement: Option<String>,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("a prepared transaction");
        }
        let login = self.login.as_deref().unwrap_or("unknown");
        write!(f, "pid {}, login {login}", self.pid)?;
        if let Some(application) = self.application.as_deref().filter(|name| !name.is_empty()) {
            write!(f, ", application \"{application}\"")?;
        }
        if let Some(since) = &self.since {
            write!(f, ", in a transaction since {since}")?;
        }
        match &self.statement {
            Some(text) => write!(f, ", statement: {}", first_words(text)),
            None => f.write_str(", statement not visible to the migrator"),
        }
    }
}

/// Maximum number of characters of a statement that are shown.
const MAX_CHARACTERS: usize = 60;

/// Returns the first words of a statement, up to its first string literal, which may be a password.
fn first_words(text: &str) -> String {
    let open = text.find(['\'', '$']).unwrap_or(text.len());
    let words: Vec<&str> = text[..open].split_whitespace().collect();
    let words = words.join(" ");
    match words.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None if open < text.len() => format!("{words} …"),
        None => words,
    }
}

/// A row of one of the server's progress views.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerProgress {
    /// Name of the command in the view: `CREATE INDEX`, `COPY FROM` …
    pub command: String,
    pub relation: Option<String>,
    pub phase: Option<String>,
    pub done: i64,
    /// Total of the phase, in the same unit; 0 if unknown.
    pub total: i64,
    pub unit: ProgressUnit,
}

/// Unit of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProgressUnit {
    #[default]
    Rows,
    Bytes,
}

impl fmt::Display for ServerProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.command)?;
        self.relation.iter().try_for_each(|relation| write!(f, " on {relation}"))?;
        self.phase.iter().try_for_each(|phase| write!(f, ": {phase}"))?;
        let amount = |n: i64| match self.unit {
            ProgressUnit::Bytes => bytes(n),
            ProgressUnit::Rows => n.to_string(),
        };
        let rows = if self.unit == ProgressUnit::Rows { " rows" } else { "" };
        match (self.done, self.total) {
            (0, 0) => Ok(()),
            // The total is the server's estimate, and may be too small.
            (done, total) if done > total => write!(f, ", {}{rows}", amount(done)),
            (done, total) => write!(f, ", {} of {}{rows}", amount(done), amount(total)),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunningMigration {
    /// Time since the migration was first sent.
    pub elapsed: Duration,
    /// Number of the current statement, from 1, and number of statements in the file.
    pub statement: Option<(usize, usize)>,
    pub progress: Option<ServerProgress>,
    pub blockers: Vec<Blocker>,
}

impl RunningMigration {
    /// Describes the blockers; `None` if the migration does not wait for a lock.
    pub fn blocked(&self) -> Option<String> {
        let all: Vec<String> = self.blockers.iter().map(ToString::to_string).collect();
        (!all.is_empty()).then(|| format!("blocked by {}", all.join("; and by ")))
    }
}

/// Text without the elapsed time: `statement 2 of 5, CREATE INDEX on public.t: building index, 1.2 GB of 4.0 GB`.
impl fmt::Display for RunningMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statement = self.statement.map(|(at, all)| format!("statement {at} of {all}"));
        let parts = [statement, self.progress.as_ref().map(ToString::to_string), self.blocked()];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_migration_is_one_line() {
        let progress = ServerProgress {
            command: "CREATE INDEX".into(),
            relation: Some("public.big".into()),
            phase: Some("building index".into()),
            done: 45 << 20,
            total: 180 << 20,
            unit: ProgressUnit::Bytes,
        };
        let blocker = Blocker {
            pid: 7,
            login: Some("x_app".into()),
            application: Some("psql".into()),
            ..Blocker::default()
        };
        let running = RunningMigration {
            statement: Some((2, 5)),
            progress: Some(progress),
            blockers: vec![blocker, Blocker::default()],
            ..RunningMigration::default()
        };
        assert_eq!(
            running.to_string(),
            "statement 2 of 5, CREATE INDEX on public.big: building index, 45.0 MB of 180.0 MB, blocked by pid 7, login x_app, \
             application \"psql\", statement not visible to the migrator; and by a prepared transaction"
        );
        assert_eq!(RunningMigration::default().to_string(), "");
        let copy = ServerProgress { command: "COPY FROM".into(), done: 12, ..ServerProgress::default() };
        assert_eq!(copy.to_string(), "COPY FROM, 12 rows");
        assert_eq!(ServerProgress { total: 90, ..copy.clone() }.to_string(), "COPY FROM, 12 of 90 rows");
        assert_eq!(ServerProgress { total: 9, ..copy }.to_string(), "COPY FROM, 12 rows");
    }

    #[test]
    fn of_a_statement_no_string_is_shown() {
        for (text, shown) in [
            ("ALTER ROLE x\n PASSWORD 'secret'", "ALTER ROLE x PASSWORD …"),
            ("SELECT $$secret$$", "SELECT …"),
            ("LOCK TABLE t", "LOCK TABLE t"),
        ] {
            assert_eq!(first_words(text), shown);
        }
        assert_eq!(first_words(&"a ".repeat(100)).chars().count(), MAX_CHARACTERS + 1);
    }
}
