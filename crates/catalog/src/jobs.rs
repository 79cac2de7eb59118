//! Jobs that an extension runs later, in any database of the server.

use serde::Deserialize;

use super::rows;
use martydb_model::error::Result;
use martydb_model::sqlstate;
use martydb_pg::server::Connection;

/// An extension with a table of jobs.
#[derive(Debug)]
pub struct Scheduler {
    pub extension: &'static str,
    /// Name in its documentation.
    pub name: &'static str,
    pub table: &'static str,
    /// Reads its enabled jobs.
    sql: &'static str,
}

const SCHEDULERS: &[Scheduler] = &[
    // https://github.com/citusdata/pg_cron
    Scheduler {
        extension: "pg_cron",
        name: "pg_cron",
        table: "cron.job",
        sql: include_str!("sql/jobs/pg_cron.sql"),
    },
    // https://www.pgadmin.org/docs/pgadmin4/latest/pgagent.html
    Scheduler {
        extension: "pgagent",
        name: "pgAgent",
        table: "pgagent.pga_jobstep",
        sql: include_str!("sql/jobs/pgagent.sql"),
    },
];

#[derive(Debug, Clone, Deserialize)]
pub struct Job {
    /// The job in words, such as "job 3 of pg_cron".
    pub display: String,
    /// Database in which it runs.
    pub database: String,
    /// Role as which it runs; `None` for that of the program which runs it, most often a superuser.
    pub role: Option<String>,
    /// Beginning of its command.
    pub command: String,
}

/// Reads the jobs of the schedulers that are installed in one database, and returns those whose jobs the admin may not read.
pub(crate) async fn read(
    connection: &mut Connection,
    is_installed: impl Fn(&Scheduler) -> bool,
) -> Result<(Vec<Job>, Vec<&'static Scheduler>)> {
    let (mut jobs, mut unread) = (vec![], vec![]);
    for scheduler in SCHEDULERS.iter().filter(|scheduler| is_installed(scheduler)) {
        match rows::document::<Vec<Job>>(connection, scheduler.sql).await {
            Err(error) if error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) => {
                unread.push(scheduler);
            }
            read => jobs.extend(read?),
        }
    }
    Ok((jobs, unread))
}
