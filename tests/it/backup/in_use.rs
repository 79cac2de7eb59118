//! Backups of a database that others use.

use super::Kept;
use crate::support::until;

/// No snapshot covers the positions of sequences.
#[test]
fn a_sequence_that_advances_during_a_backup_is_not_a_difference() {
    let kept = Kept::start(crate::support::Admin::Limited, "bkq");
    if !kept.can_dump() {
        return;
    }
    let (service, app) = (kept.service(), format!("{}_app", kept.service()));
    let made = format!(
        "CREATE SEQUENCE ticks; CREATE SEQUENCE down INCREMENT -3; CREATE SEQUENCE round MAXVALUE 7 CYCLE;
         GRANT USAGE ON SEQUENCE ticks, down, round TO {app}"
    );
    kept.server.sql(&service, &format!("SET ROLE {service}_owner; {made}"));
    let password = kept.project.password(&app);
    std::thread::scope(|scope| {
        let (server, app, service) = (&kept.server, &app, &service);
        let used = "DO $$ BEGIN LOOP PERFORM nextval('ticks'), nextval('down'), nextval('round'), pg_sleep(0.001); END LOOP; END $$";
        let writer = scope.spawn(move || server.sql_as(app, &password, service, used));
        until("the sequences advance", || server.value(service, "SELECT is_called FROM ticks") == "t");
        let id = kept.backup();
        kept.project.run(&["backup", "verify", &id]).expect(0);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DO %nextval%' AND pid <> pg_backend_pid()";
        server.sql("postgres", end);
        writer.join().unwrap().unwrap_err();
        assert_eq!(kept.restore(&id).json()["database"], *service);
    });
}
