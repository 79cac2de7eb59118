//! Progress of `pg_dump` and `pg_restore`, in bytes: each table counts for the size that it has before the run. The programs tell
//! which tables they have begun and finished, and the server, from 14 on, how many rows of a running one are done.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::chosen_tables::{RecordedTable, recorded_tables};
use crate::record::BackupRecord;
use martydb_migrate::{MigrationTarget, ServerProgress, watched};
use martydb_model::error::Result;
use martydb_model::sql::Statement;
use martydb_pg::server::{Connection, query_as};
use martydb_pg_dump::archive::{Archive, ArchiveEntry, ArchiveStep, LARGE_OBJECTS, ROWS};
use martydb_ui::report::{BYTES, OBJECTS, Progress, ProgressPiece, progress};

/// Size of a table.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowSize {
    bytes: u64,
    rows: Option<u64>,
}

/// Sizes by schema and name, not quoted, and the tables of an archive's entries.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowSizes {
    tables: BTreeMap<String, RowSize>,
    numbers: BTreeMap<u64, String>,
    objects: usize,
}

impl RowSizes {
    /// Reads the sizes in a database.
    ///
    /// # Errors
    /// If the server does not answer.
    pub(crate) async fn read(session: &mut Connection) -> Result<RowSizes> {
        let query = Statement::from_program(include_str!("sql/row_sizes.sql"));
        let found: Vec<(String, Option<i64>, Option<i64>)> = query_as(session, &query).await?;
        let size = |bytes: Option<i64>, rows: Option<i64>| RowSize {
            bytes: bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or(0),
            // Without statistics it is -1, and 0 before 14.
            rows: rows.and_then(|rows| rows.try_into().ok()).filter(|rows| *rows > 0),
        };
        let tables = found.into_iter().map(|(name, bytes, rows)| (name, size(bytes, rows)));
        Ok(RowSizes { tables: tables.collect(), ..RowSizes::default() })
    }

    /// Returns the tables of a backup with their rows; the archive has the bytes.
    pub(crate) fn recorded(record: &BackupRecord) -> RowSizes {
        let size = |table: RecordedTable| {
            let counted = record.contents.get(&format!("table {}", table.name))?;
            Some((plain(&table), RowSize { bytes: 0, rows: counted.split(' ').next()?.parse().ok() }))
        };
        let tables = recorded_tables(record).into_iter().filter_map(size).collect();
        RowSizes { tables, ..RowSizes::default() }
    }

    /// Returns those of these entries: the bytes of their files, or, of an archive in one file, the sizes here.
    pub(crate) fn of_entries(&self, archive: &Archive, entries: &[ArchiveEntry]) -> RowSizes {
        let mut all = RowSizes::default();
        for entry in entries {
            let Some(name) = data_name(&entry.what) else {
                all.objects += 1;
                continue;
            };
            let known = self.tables.get(&name).copied().unwrap_or_default();
            let bytes = archive.row_bytes(entry).unwrap_or(known.bytes);
            all.tables.insert(name.clone(), RowSize { bytes, ..known });
            all.numbers.insert(entry.number, name);
        }
        all
    }

    fn bytes(&self) -> u64 {
        self.tables.values().map(|size| size.bytes).sum()
    }
}

/// Returns schema and name, not quoted.
fn plain(RecordedTable { parts: (schema, name), .. }: &RecordedTable) -> String {
    format!("{schema}.{name}")
}

/// Returns schema and name of an entry with rows; nothing for large objects.
fn data_name(what: &str) -> Option<String> {
    if what.starts_with(LARGE_OBJECTS) {
        return Some(String::new());
    }
    let (name, _owner) = what.strip_prefix(ROWS)?.trim_start().rsplit_once(' ')?;
    Some(name.replacen(' ', ".", 1))
}

/// An entry that a program works on.
struct RunningEntry {
    piece: ProgressPiece,
    /// Table, and its size; `None` for another object.
    rows: Option<(String, RowSize)>,
}

/// Progress of one archive.
pub(crate) struct ArchiveProgress {
    service: String,
    sizes: RowSizes,
    /// `true` if several sessions of a program work.
    several: bool,
    rows: Progress,
    objects: Option<Progress>,
    /// By number in the archive, or by kind and name.
    running: Mutex<BTreeMap<String, RunningEntry>>,
}

impl ArchiveProgress {
    /// Begins the progress of a dump.
    pub(crate) fn of_dump(service: &str, sizes: RowSizes, jobs: usize) -> ArchiveProgress {
        ArchiveProgress::new(service, sizes, jobs, progress("dumping rows", BYTES), None)
    }

    /// Begins the progress of a restore.
    pub(crate) fn of_restore(service: &str, sizes: RowSizes, jobs: usize) -> ArchiveProgress {
        let objects = progress("creating", OBJECTS);
        objects.expect(sizes.objects);
        ArchiveProgress::new(service, sizes, jobs, progress("restoring rows", BYTES), Some(objects))
    }

    fn new(
        service: &str,
        sizes: RowSizes,
        jobs: usize,
        rows: Progress,
        objects: Option<Progress>,
    ) -> ArchiveProgress {
        rows.expect_bytes(sizes.bytes());
        let (service, running) = (service.to_owned(), Mutex::default());
        ArchiveProgress { service, sizes, several: jobs > 1, rows, objects, running }
    }

    /// Counts a step of a program.
    pub(crate) fn hear(&self, step: ArchiveStep<'_>) {
        let mut running = self.running.lock();
        match step {
            ArchiveStep::Launched { number, kind, name } => {
                let name = self.sizes.numbers.get(&number).map_or(name, String::as_str);
                self.begin(&mut running, format!("#{number}"), kind, name);
            }
            ArchiveStep::Finished { number, name } => {
                let ended =
                    |key: &&String| **key == format!("#{number}") || key.ends_with(&format!(".{name}"));
                let found =
                    running.keys().find(ended).or_else(|| running.keys().find(|key| key.ends_with(' ')));
                if let Some(entry) = found.cloned().and_then(|key| running.remove(&key)) {
                    self.end(entry);
                }
            }
            // One of the sessions says so of what is launched already.
            ArchiveStep::Begins { .. } if running.keys().any(|key| key.starts_with('#')) => {}
            ArchiveStep::Begins { kind, name } => {
                if !(self.several && is_data(kind)) {
                    std::mem::take(&mut *running).into_values().for_each(|entry| self.end(entry));
                }
                self.begin(&mut running, format!("{kind} {name}"), kind, name);
            }
        }
    }

    /// Counts all that a program has begun: it has ended.
    pub(crate) fn settle(&self) {
        let running = std::mem::take(&mut *self.running.lock());
        running.into_values().for_each(|entry| self.end(entry));
    }

    fn begin(&self, running: &mut BTreeMap<String, RunningEntry>, key: String, kind: &str, name: &str) {
        let size = self.sizes.tables.get(name).copied().unwrap_or_default();
        let entry = match &self.objects {
            _ if is_data(kind) => {
                let label = if name.is_empty() { "large objects" } else { name };
                let piece = self.rows.piece(&format!("{} {label}", self.service), size.bytes);
                RunningEntry { piece, rows: Some((name.to_owned(), size)) }
            }
            Some(objects) => {
                let piece = objects.piece(&format!("{} {kind} {name}", self.service), 0);
                RunningEntry { piece, rows: None }
            }
            None => return,
        };
        running.insert(key, entry);
    }

    fn end(&self, RunningEntry { piece, rows }: RunningEntry) {
        match (rows, &self.objects) {
            (None, Some(objects)) => objects.advance(),
            _ => piece.complete(),
        }
    }

    /// Adds what the server says about running statements.
    fn sample(&self, statements: &[ServerProgress]) {
        let mut running = self.running.lock();
        let mut objects: Vec<&RunningEntry> = vec![];
        for entry in running.values_mut() {
            let Some((table, size)) = &entry.rows else {
                objects.push(entry);
                continue;
            };
            let copies = |one: &&ServerProgress| one.command.starts_with("COPY") && is_of(one, table);
            if let Some(copied) = statements.iter().find(copies) {
                entry.piece.detail(&copied.to_string());
                entry.piece.reach(size.reached(copied.done));
            }
        }
        // An index has no name for others before it is there.
        let mut building = statements.iter().filter(|one| !one.command.starts_with("COPY"));
        if let ([entry], Some(index), None) = (&objects[..], building.next(), building.next()) {
            entry.piece.detail(&index.to_string());
        }
    }

    /// Runs the work of a program, and asks the server meanwhile, if the login may open another session beside the
    /// program's: `free` is the number of those that it may open beside the workers.
    ///
    /// # Errors
    /// Those of the work.
    pub(crate) async fn during<T>(
        &self,
        target: &MigrationTarget,
        free: Option<usize>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let work = self.rows.span(&self.service, work);
        let end = match free {
            // The program's own leading session is one of them.
            Some(0 | 1) => work.await,
            _ => watched(target, |statements| self.sample(statements), work).await,
        };
        self.settle();
        end
    }
}

fn is_data(kind: &str) -> bool {
    [ROWS, LARGE_OBJECTS].contains(&kind)
}

fn is_of(one: &ServerProgress, table: &str) -> bool {
    one.relation.as_deref().and_then(RecordedTable::new).is_some_and(|relation| plain(&relation) == table)
}

impl RowSize {
    /// Returns the bytes for a number of rows.
    fn reached(&self, rows: i64) -> u64 {
        let (Some(all), Ok(rows)) = (self.rows, u64::try_from(rows)) else { return 0 };
        u64::try_from(u128::from(self.bytes) * u128::from(rows) / u128::from(all.max(1))).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_migrate::ProgressUnit;
    use martydb_pg_dump::archive::parse_step;

    fn progress_of(several: usize) -> ArchiveProgress {
        let size = |bytes, rows| RowSize { bytes, rows };
        let tables =
            [("public.big", size(900, Some(90))), ("public.small", size(100, None)), ("", size(50, None))];
        let mut sizes = RowSizes { objects: 2, ..RowSizes::default() };
        sizes.tables.extend(tables.map(|(name, size)| (name.to_owned(), size)));
        sizes.numbers.extend([(7, "public.big".to_owned()), (8, "public.small".to_owned())]);
        ArchiveProgress::new("shop", sizes, several, progress("testing rows", BYTES), None)
    }

    /// Bytes done after each line.
    fn done_after(progress: &ArchiveProgress, line: &str) -> usize {
        progress.hear(parse_step(line).unwrap());
        progress.rows.done()
    }

    #[test]
    fn a_table_counts_for_its_size_when_it_is_done() {
        // One after another: the board is the process's.
        let one = progress_of(1);
        for (line, done) in [
            ("pg_dump: dumping contents of table \"public.big\"", 0),
            ("pg_dump: dumping contents of table \"public.small\"", 900),
            ("pg_dump: saving large objects", 1000),
        ] {
            assert_eq!(done_after(&one, line), done, "{line}");
        }
        one.settle();
        assert_eq!(one.rows.done(), 1050);
        drop(one);
        let several = progress_of(2);
        for (line, done) in [
            ("pg_dump: dumping contents of table \"public.big\"", 0),
            ("pg_dump: dumping contents of table \"public.small\"", 0),
            ("pg_dump: finished item 12 TABLE DATA small", 100),
        ] {
            assert_eq!(done_after(&several, line), done, "{line}");
        }
        let copied = |done| ServerProgress {
            command: "COPY TO".into(),
            relation: Some("public.big".into()),
            done,
            unit: ProgressUnit::Rows,
            ..ServerProgress::default()
        };
        // The estimate of its rows was too small: it counts for no more than its size.
        for (rows, done) in [(45, 550), (200, 1000)] {
            several.sample(&[copied(rows)]);
            assert_eq!(several.rows.done(), done);
        }
        drop(several);
        let restored = progress_of(2);
        for (line, done) in [
            ("pg_restore: launching item 7 TABLE DATA big", 0),
            ("pg_restore: processing data for table \"public.big\"", 0),
            ("pg_restore: finished item 7 TABLE DATA big", 900),
        ] {
            assert_eq!(done_after(&restored, line), done, "{line}");
        }
    }

    #[test]
    fn the_name_of_rows_is_read_from_their_entry() {
        for (what, name) in [
            ("TABLE DATA public item shop_owner", Some("public.item")),
            ("TABLE DATA public my item shop_owner", Some("public.my item")),
            ("BLOBS - BLOBS ", Some("")),
            ("TABLE public item shop_owner", None),
            ("INDEX public item_i shop_owner", None),
        ] {
            assert_eq!(data_name(what).as_deref(), name, "{what}");
        }
    }
}
