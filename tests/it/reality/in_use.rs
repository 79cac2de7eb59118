//! A database in use is taken over: its clients are never refused, never deadlocked, and never wait for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Executor, PgConnection};

use crate::support::{Admin, Project, Server, as_both_admins, until};

const OLD: &str = "of the old application";

/// Tables that refer to each other, with what runs as its owner: views, one on another, a definer function, a trigger.
const BEFORE: &str = "
    SET ROLE busy;
    CREATE TABLE a (id serial PRIMARY KEY, n int NOT NULL DEFAULT 0);
    CREATE TABLE b (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int NOT NULL REFERENCES a ON DELETE CASCADE);
    CREATE TABLE c (id serial PRIMARY KEY, b bigint REFERENCES b ON DELETE CASCADE);
    CREATE TABLE d (at timestamptz NOT NULL DEFAULT now(), n int) PARTITION BY RANGE (at);
    CREATE TABLE d_all PARTITION OF d DEFAULT;
    CREATE SEQUENCE free;
    CREATE VIEW y AS SELECT n FROM a;
    CREATE VIEW z AS SELECT count(*) AS n FROM y;
    ALTER VIEW z RENAME TO above_y;
    CREATE FUNCTION inner_sum() RETURNS bigint LANGUAGE sql AS 'SELECT sum(n) FROM public.a';
    REVOKE EXECUTE ON FUNCTION inner_sum() FROM PUBLIC;
    CREATE FUNCTION total() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT public.inner_sum()';
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      AS 'BEGIN INSERT INTO public.d (n) VALUES (NEW.n); RETURN NEW; END';
    CREATE TRIGGER noted AFTER UPDATE ON a FOR EACH ROW EXECUTE FUNCTION noted();
    INSERT INTO a (n) SELECT g FROM generate_series(1, 20) g;
    INSERT INTO b (a) SELECT id FROM a;";

/// Statements of an application, in an order that could deadlock.
const ROUNDS: &[&str] = &[
    "SELECT count(*) FROM above_y",
    "BEGIN; UPDATE a SET n = n + 1 WHERE id = 1 + floor(random() * 20)::int; INSERT INTO b (a) VALUES (1); COMMIT",
    "BEGIN; INSERT INTO c (b) VALUES (1); SELECT nextval('free'); SELECT count(*) FROM a; COMMIT",
    "SELECT total()",
    "BEGIN; SELECT count(*) FROM d; INSERT INTO a (n) VALUES (0); COMMIT",
    "SELECT * FROM a JOIN b ON b.a = a.id ORDER BY b.id DESC LIMIT 5",
];

/// Statements of a person who has access by PUBLIC and by a group.
const REPORTS: &[&str] = &["SELECT count(*) FROM a", "SELECT * FROM b ORDER BY id DESC LIMIT 3"];

const CLIENTS: usize = 50;
const PEOPLE: usize = 4;

async fn connect(server: &Server, role: &str) -> PgConnection {
    server.connect(role, OLD, "iu_a").await
}

/// Works until stopped; every third client, and every person, logs in again each time.
async fn client(server: Arc<Server>, number: usize, stop: Arc<AtomicBool>, rounds: Arc<AtomicUsize>) {
    let (role, work) = if number < CLIENTS { ("busy", ROUNDS) } else { ("iu_bi", REPORTS) };
    let mut connection = connect(&server, role).await;
    for at in number.. {
        if stop.load(Relaxed) {
            return;
        }
        if number.is_multiple_of(3) || number >= CLIENTS {
            connection = connect(&server, role).await;
        }
        let sql = work[at % work.len()];
        if let Err(error) = connection.execute(sqlx::raw_sql(sql)).await {
            panic!("client {number}: {sql}: {error}");
        }
        rounds.fetch_add(1, Relaxed);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// A report of twelve seconds on one table.
async fn report(server: Arc<Server>) {
    let mut connection = connect(&server, "busy").await;
    let sql = "BEGIN; SELECT count(*) FROM b; SELECT pg_sleep(12); COMMIT";
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
}

fn prepared(admin: Admin) -> (Arc<Server>, Project) {
    let server = Server::start_with(&["log_lock_waits=on"]);
    server.add_limited_admin();
    let project = Project::new_as(&server, admin, "iu");
    let access = "access:\n  iu_reports: { group: true, members: [iu_bi], read: [iu_a], reason: reports }\n";
    project.write("martydb.yaml", &(project.read("martydb.yaml") + access));
    let roles = format!(
        "CREATE ROLE busy LOGIN PASSWORD '{OLD}'; CREATE ROLE iu_bi LOGIN PASSWORD '{OLD}'; CREATE ROLE iu_reports ROLE iu_bi"
    );
    server.sql("postgres", &roles);
    if server.major() >= 16 {
        // A limited admin needs this grant, and would request it.
        server.sql("postgres", "GRANT busy TO adm WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
    }
    server.sql("postgres", "CREATE DATABASE iu_a OWNER busy");
    let open = if server.major() < 15 { "" } else { "ALTER SCHEMA public OWNER TO busy;" };
    server.sql("iu_a", &format!("{open}{BEFORE} GRANT SELECT ON a, b TO iu_reports"));
    (Arc::new(server), project)
}

as_both_admins!(fifty_clients_do_not_notice, |admin| {
    let (server, project) = prepared(admin);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..CLIENTS + PEOPLE)
        .map(|number| runtime.spawn(client(server.clone(), number, stop.clone(), rounds.clone())))
        .collect();
    let report = runtime.spawn(report(server.clone()));
    let reading =
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'busy' AND query LIKE '%pg_sleep(12)%'";
    until("all are at work", || rounds.load(Relaxed) >= 500 && server.value("postgres", reading) != "0");
    let mark = server.log().len();
    let before = rounds.load(Relaxed);
    let done = project.run(&["apply", "-s", "iu_a", "-y"]).expect(0);
    assert!(rounds.load(Relaxed) > before + 500, "the clients went on working");
    stop.store(true, Relaxed);
    runtime.block_on(async {
        report.await.unwrap();
        for client in clients {
            client.await.unwrap();
        }
    });
    assert!(done.stderr.contains("waiting for table public.b, in use by pid "), "{}", done.stderr);
    let log = server.log_since(mark);
    assert!(!log.contains("deadlock detected"), "{log}");
    // It is logged where a lock was waited for longer than a second.
    let waits: Vec<&str> = log
        .lines()
        .filter(|line| {
            ["busy@", "iu_bi@"].iter().any(|who| line.contains(who)) && line.contains("still waiting")
        })
        .collect();
    assert!(waits.is_empty(), "{waits:#?}");
    project.run(&["plan", "-s", "iu_a", "--check"]).expect(0);
    let lent = "SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.relnamespace = 'public'::regnamespace AND a.grantor::regrole::text = 'busy'";
    assert_eq!(server.value("iu_a", lent), "0");
    assert_eq!(server.sql_as("busy", OLD, "iu_a", "SELECT total() IS NOT NULL").unwrap(), [["t"]]);
    // The declared group reads all of it from now on, and what comes.
    assert_eq!(server.sql_as("iu_bi", OLD, "iu_a", "SELECT count(*) > 0 FROM c").unwrap(), [["t"]]);
});

#[test]
fn the_owner_keeps_privileges_granted_by_an_interrupted_run() {
    let (server, project) = prepared(Admin::Super);
    project.run(&["apply", "-s", "iu_b", "-y"]).expect(0);
    server.sql("postgres", "CREATE ROLE iu_a_owner NOLOGIN");
    server.sql("iu_a", "GRANT ALL ON a, b, c, d, d_all, y, above_y TO iu_a_owner WITH GRANT OPTION");
    project.run(&["apply", "-s", "iu_a", "-y"]).expect(0);
    project.run(&["plan", "-s", "iu_a", "--check"]).expect(0);
    let lacking = "SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p', 'v') AND NOT has_table_privilege('iu_a_owner', c.oid, 'SELECT, INSERT, TRUNCATE')";
    assert_eq!(server.value("iu_a", lacking), "0");
}
