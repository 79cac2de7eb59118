//! Runs of `pg_dump` on a service's database, for its schema or its rows as SQL.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use super::archive::NO_RECORDS;
use super::client::{self, number, version};
use crate::MigrationTarget;
use martydb_embedded::program_folders;
use martydb_model::error::{Error, Result};
use martydb_model::{CACHE_TRIGGER, SERVE_SCHEMA};

/// A `pg_dump` that can dump a server.
#[derive(Debug, Clone)]
pub struct DumpProgram {
    pub path: PathBuf,
    /// Version as the program prints it: `15.20 (Debian 15.20-0+deb12u1)`.
    pub version: String,
}

/// Finds a `pg_dump` that is not older than the server; an older one would refuse.
///
/// # Errors
/// [`Kind::Operation`](martydb_model::error::Kind::Operation) if there is none, listing those that are too old.
#[martydb_pg::boxed]
pub async fn find(major: u32) -> Result<DumpProgram> {
    let mut passed = vec![];
    let mut seen = std::collections::BTreeSet::new();
    for path in program_folders().into_iter().map(|folder| folder.join("pg_dump")) {
        if !path.is_file() || !seen.insert(path.clone()) {
            continue;
        }
        match version(&path, "pg_dump").await {
            Some(version) if number(&version).is_some_and(|found| found >= major) => {
                return Ok(DumpProgram { path, version });
            }
            Some(version) => passed.push(format!("{} has version {version}", path.display())),
            None => passed.push(format!("{} cannot be run", path.display())),
        }
    }
    Err(Error::operation(format!("there is no pg_dump for a server of version {major}")).causes(passed).hint(
        format!("install PostgreSQL's client programs of version {major} or newer, or put them on PATH"),
    ))
}

/// Contents of a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpExtent {
    Schema,
    /// Schema and rows, each row as a statement, without large objects.
    WithRows,
}

/// Objects excluded from a dump.
#[derive(Debug, Clone, Copy)]
pub struct DumpWithout<'a> {
    /// Schema and name of each relation.
    pub relations: &'a [(String, String)],
    pub schemas: &'a [String],
}

/// Dumps a service's database.
///
/// # Errors
/// If the program fails, with its error output.
pub async fn dump(
    program: &DumpProgram,
    target: &MigrationTarget,
    extent: DumpExtent,
    without: DumpWithout<'_>,
) -> Result<String> {
    let command = command(program, target, extent, without)?;
    let printed = client::run(command, &program.path, Stdio::null(), Stdio::piped()).await?;
    let printed = String::from_utf8(printed).map_err(|_| {
        Error::operation(format!("{} failed", program.path.display())).cause("its output is not UTF-8")
    })?;
    Ok(without_counters(printed))
}

/// Leaves out the data service's own triggers: `apply` makes them, and their functions are in no dump. Each statement is a line.
fn without_counters(printed: String) -> String {
    let function = format!(" EXECUTE FUNCTION {SERVE_SCHEMA}.");
    let created = format!("CREATE TRIGGER {CACHE_TRIGGER} ");
    if !printed.contains(&created) {
        return printed;
    }
    let is_counter = |line: &&str| line.starts_with(&created) && line.contains(&function);
    // The state of each is in a statement of its own: `ALTER TABLE … ENABLE ALWAYS TRIGGER …`, or one that switched it off.
    let tables: Vec<&str> = printed
        .lines()
        .filter(is_counter)
        .filter_map(|line| Some(line.split_once(" ON ")?.1.rsplit_once(" FOR EACH STATEMENT")?.0))
        .collect();
    let ends = ["ENABLE ALWAYS", "ENABLE REPLICA", "DISABLE"]
        .map(|word| format!(" {word} TRIGGER {CACHE_TRIGGER};"));
    let is_state = |line: &str| {
        let rest = line.strip_prefix("ALTER TABLE ");
        let table = rest.and_then(|rest| ends.iter().find_map(|end| rest.strip_suffix(end.as_str())));
        table.is_some_and(|table| tables.contains(&table))
    };
    let is_own = |line: &str| is_counter(&line) || is_state(line);
    printed.split_inclusive('\n').filter(|line| !is_own(line.trim_end())).collect()
}

fn command(
    program: &DumpProgram,
    target: &MigrationTarget,
    extent: DumpExtent,
    without: DumpWithout<'_>,
) -> Result<Command> {
    let mut command = client::logging_in(&program.path, &program.version, target)?;
    let extent: &[&str] = match extent {
        DumpExtent::Schema => &["--schema-only"],
        DumpExtent::WithRows => &["--inserts", "--no-blobs"],
    };
    command
        .args(extent)
        .args(["--no-owner", "--no-privileges", "--no-subscriptions", "--no-password", NO_RECORDS])
        .args(["--encoding=UTF8", "--exclude-schema=martydb"])
        .arg(format!("--role={}", target.owner))
        .args(
            without
                .relations
                .iter()
                .map(|(schema, name)| format!("--exclude-table={}.{}", pattern(schema), pattern(name))),
        )
        .args(without.schemas.iter().map(|schema| format!("--exclude-schema={}", pattern(schema))));
    Ok(command)
}

/// Quotes a name for pg_dump's patterns, so `*`, `?` and `|` have no special meaning.
fn pattern(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_services_triggers_are_left_out() {
        let own = "CREATE TRIGGER martydb_cache AFTER INSERT ON public.a FOR EACH STATEMENT EXECUTE FUNCTION martydb_serve.count_1();\n\
                   ALTER TABLE public.a ENABLE ALWAYS TRIGGER martydb_cache;\n";
        let others = "CREATE TABLE public.a (i int);\nCREATE TRIGGER martydb_cache AFTER INSERT ON public.b FOR EACH ROW EXECUTE FUNCTION public.f();\n";
        assert_eq!(without_counters(format!("{others}{own}")), others);
    }

    #[test]
    fn patterns_are_quoted() {
        assert_eq!(pattern("a\"b*"), "\"a\"\"b*\"");
    }
}
