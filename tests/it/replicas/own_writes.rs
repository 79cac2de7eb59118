//! The two ways of docs/how-to/scale-out.md to read one's own writes: the place of the commit in the WAL, with the page's own
//! code, and `remote_apply`.

use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::{pause, resume};
use crate::relay::programs;
use crate::support::{ADMIN_PASSWORD, Server};

const PAGE: &str = include_str!("../../../docs/how-to/scale-out.md");

// The page shows the lines between the marks.
// begin
/// Returns the place of the last commit in the WAL, asked after COMMIT.
async fn commit_place(primary: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar("SELECT pg_current_wal_insert_lsn()::text").fetch_one(primary).await
}

/// Returns `true` once the standby shows the commit, and `false` after `patience`: then read at the primary.
async fn shows(standby: &mut PgConnection, place: &str, patience: Duration) -> sqlx::Result<bool> {
    let sql = "SELECT coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false)";
    let end = Instant::now() + patience;
    loop {
        if sqlx::query_scalar(sql).bind(place).fetch_one(&mut *standby).await? {
            return Ok(true);
        }
        if Instant::now() > end {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
// end

/// The page's block of this language.
fn block(language: &str) -> &'static str {
    PAGE.split_once(&format!("```{language}\n")).unwrap().1.split_once("```").unwrap().0
}

fn blocking<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Runs the page's Python; `None` without psycopg.
fn python(primary: &Server, standby: &Server, then: &str) -> Option<String> {
    let has = programs::can_import("psycopg", "the Python of docs/how-to/scale-out.md");
    let url = |server: &Server| {
        format!("postgresql://postgres:{ADMIN_PASSWORD}@127.0.0.1:{}/postgres", server.port)
    };
    let head = format!(
        "import psycopg\nprimary = psycopg.connect('{}', autocommit=True)\nstandby = psycopg.connect('{}', autocommit=True)\n",
        url(primary),
        url(standby)
    );
    has.then(|| {
        let script = format!("{}{head}{then}", block("python"));
        let done = Command::new("python3").args(["-c", &script]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
    })
}

#[test]
fn an_application_reads_its_own_writes() {
    let code =
        include_str!("own_writes.rs").split_once("// begin\n").unwrap().1.split_once("// end").unwrap().0;
    assert_eq!(block("rust"), code, "the page shows what runs here");
    let primary = Server::with_standbys();
    let standby = primary.standby(&[]);
    primary.sql("postgres", "CREATE TABLE seen (n int)");
    standby.catch_up_with(&primary);
    pause(&standby);
    primary.sql("postgres", "INSERT INTO seen VALUES (1)");
    let shown = |patience: Duration| {
        blocking(async {
            let place = commit_place(&mut primary.admin("postgres").await).await.unwrap();
            shows(&mut standby.admin("postgres").await, &place, patience).await.unwrap()
        })
    };
    let reads = "primary.execute('INSERT INTO seen VALUES (2)')\nplace = commit_place(primary)\n\
                 print(reader(standby, primary, place, patience=0.2) is standby)\n";
    assert!(!shown(Duration::from_millis(100)), "replay is paused");
    assert_eq!(python(&primary, &standby, reads).unwrap_or("False".into()), "False");
    resume(&standby, &primary);
    assert!(shown(Duration::from_secs(30)));
    let patient =
        reads.replace("0.2", "30") + "print(standby.execute('SELECT max(n) FROM seen').fetchone()[0])\n";
    assert_eq!(python(&primary, &standby, &patient).unwrap_or("True\n2".into()), "True\n2");

    primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.reload();
    primary.sql(
        "postgres",
        "BEGIN; SET LOCAL synchronous_commit = remote_apply; INSERT INTO seen VALUES (3); COMMIT",
    );
    assert_eq!(standby.value("postgres", "SELECT max(n)::text FROM seen"), "3");
}
