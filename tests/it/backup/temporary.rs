//! Remains of a temporary table, and an existing one.

use super::Kept;
use crate::support::{Admin, as_both_admins, until};

as_both_admins!(a_temporary_table_does_not_stop_a_backup, |admin| {
    let kept = Kept::start(admin, "bkm");
    if !kept.can_dump() {
        return;
    }
    let service = kept.service();
    kept.as_app("CREATE TEMP TABLE passing (i int, t text)").unwrap();
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pg\\_temp\\_%'";
    assert_ne!(kept.server.value(&service, left), "0");
    let gone = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'";
    until("the temporary table is gone", || kept.server.value(&service, gone) == "0");
    kept.project.run(&["backup", "verify", &kept.backup()]).expect(0);
    assert_eq!(kept.restore(&kept.backup()).json()["database"], service);

    // One that its session still has, with all that may belong to it: the restore ends the session.
    let app = format!("{service}_app");
    let password = kept.project.password(&app);
    std::thread::scope(|scope| {
        let statements = format!("BEGIN; {MADE}; COMMIT; SELECT pg_sleep(60)");
        let (server, app, service) = (&kept.server, &app, &service);
        scope.spawn(move || server.sql_as(app, &password, service, &statements));
        let there = "SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relname = 'here'";
        until("the temporary table is there", || server.value(service, there) == "1");
        let id = kept.backup();
        kept.project.run(&["backup", "verify", &id]).expect(0);
        assert_eq!(kept.restore(&id).json()["database"], *service);
    });
});

const MADE: &str = "CREATE TEMP TABLE here (i serial PRIMARY KEY, t text CHECK (t <> '')); COMMENT ON TABLE here IS 'passing'; COMMENT ON COLUMN here.t IS 'passing';
     CREATE TYPE pg_temp.mood AS ENUM ('good'); CREATE DOMAIN pg_temp.small AS int CHECK (VALUE < 9); CREATE TYPE pg_temp.two AS (a int);
     CREATE FUNCTION pg_temp.one() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE STATISTICS pg_temp.related ON i, t FROM here";
