//! Tables of the source that belong to roles of their own, and an admin that is not a superuser.

use super::across::to_and_fro;
use super::{LEGACY, SETTINGS, Split};
use crate::support::{Admin, Server};

/// Everything of the shared database belongs to a role that may not even log in.
const OF_TEAM: &str = "
CREATE ROLE team;
DO $$ DECLARE one regclass; BEGIN
    FOR one IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO team', one);
    END LOOP;
END $$;
ALTER FUNCTION note_order OWNER TO team;
GRANT INSERT ON order_log TO team;
";

const MEMBER: &str = "GRANT team TO adm WITH ADMIN OPTION; GRANT CREATE ON DATABASE legacy TO adm;";

/// Two servers whose limited admin may replicate, or not.
fn limited(attribute: &str) -> (Server, Server) {
    let started = || {
        let server = Server::start_with(SETTINGS);
        server.add_limited_admin();
        server.sql("postgres", &format!("ALTER ROLE adm {attribute}"));
        server
    };
    (started(), started())
}

#[test]
fn a_limited_admin_can_follow_and_switch() {
    let (source, target) = limited("REPLICATION");
    to_and_fro(&Split::between(source, target, Admin::Limited, &format!("{OF_TEAM}{MEMBER}")));
}

#[test]
fn a_limited_admin_needs_admin_on_the_owners_from_16_on() {
    let Some(new) = crate::split::across::programs("18.") else {
        eprintln!("SKIPPED: no server 18 on this machine");
        return;
    };
    let started = || {
        let server = Server::start_from_with(&new, SETTINGS);
        server.add_limited_admin();
        server.sql("postgres", "ALTER ROLE adm REPLICATION");
        server
    };
    let split = Split::between(
        started(),
        started(),
        Admin::Limited,
        &format!("{OF_TEAM}{}", MEMBER.replace(" WITH ADMIN OPTION", "")),
    );
    let refused = split.split(&["copy", "--online"]).expect(1).stderr;
    assert!(refused.contains("GRANT team TO adm WITH ADMIN OPTION"), "{refused}");
    split.source.sql("postgres", "GRANT team TO adm WITH ADMIN OPTION");
    to_and_fro(&split);
}

#[test]
fn a_rollback_restores_tables_of_an_ordinary_role() {
    let (source, target) = (Server::start_with(SETTINGS), Server::start_with(SETTINGS));
    to_and_fro(&Split::between(source, target, Admin::Super, OF_TEAM));
}

#[test]
fn an_admin_that_may_not_replicate_splits_offline() {
    let (source, target) = limited("NOREPLICATION");
    let split = Split::between(source, target, Admin::Limited, &format!("{OF_TEAM}{MEMBER}"));
    let refused = split.split(&["copy", "--online"]).expect(1).stderr;
    assert!(refused.contains("adm may not replicate"), "{refused}");
    split.split(&["copy"]).expect(0);
    split.split(&["cutover", "--service", "orders"]).expect(0);
    split.assert_equal();
    split.split(&["rollback", "--service", "orders"]).expect(0);
    assert_eq!(split.at_source("INSERT INTO orders (user_id, n) VALUES (4711, 9004)").unwrap_err(), "23503");
    split.at_source("INSERT INTO orders (user_id, n) VALUES (1, 9005)").unwrap();
    let unproven = "SELECT count(*) FROM pg_constraint WHERE NOT convalidated";
    assert_eq!(split.source.value(LEGACY, unproven), "0");
    split.split(&["copy"]).expect(0);
    for service in ["orders", "users"] {
        split.split(&["cutover", "--service", service]).expect(0);
    }
    split.assert_equal();
    // Without a superuser PUBLIC keeps CONNECT on the maintenance databases: no service's data is within reach by that.
    split.close_public();
    let done = split.split(&["finish", "--confirm", LEGACY]).expect(0).stdout;
    assert!(done.contains("Removed 7 tables") && done.contains("BREACH"), "{done}");
    assert!(!done.contains("The services' logins reach it"), "they do not exist at its server: {done}");
    for (server, database) in [(&split.source, LEGACY), (&split.target, "orders"), (&split.target, "users")] {
        assert!(split.leftovers(server, database).is_empty(), "{database}");
    }
}

#[test]
fn missing_privileges_of_the_admin_are_named_before_any_change() {
    let (source, target) = limited("REPLICATION");
    let forced = "ALTER TABLE order_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; ALTER TABLE users OWNER TO postgres;";
    let split = Split::between(source, target, Admin::Limited, &format!("{OF_TEAM}{forced}"));
    let lacking = [
        "adm may not create a schema there",
        "belong to team, but adm is not a member of it",
        "public.users belongs to postgres, a superuser, but adm is not a superuser",
        "forced row security hides rows of public.order_log from adm",
    ];
    let before = split.source.catalog(LEGACY);
    for arguments in [&["copy", "--online"][..], &["copy"]] {
        let refused = split.split(arguments).expect(1).stderr;
        for said in lacking.iter().chain(&[
            "GRANT team TO adm",
            "GRANT CREATE ON DATABASE legacy TO adm",
            "ALTER ROLE adm BYPASSRLS",
        ]) {
            assert!(refused.contains(said), "{said}\n{refused}");
        }
    }
    let needs = split.project.json(&["split", "plan"], 0)["needs"].to_string();
    for said in lacking {
        assert!(needs.contains(said), "{said}\n{needs}");
    }
    let shown = split.split(&["plan"]).expect(0).stdout;
    assert!(shown.contains("missing for the copy: adm may not create a schema there"), "{shown}");
    assert!(before.differences(&split.source.catalog(LEGACY)).is_empty());
    // Each cure as it was printed.
    split.source.sql(LEGACY, "GRANT team TO adm WITH ADMIN OPTION; GRANT CREATE ON DATABASE legacy TO adm; ALTER TABLE users OWNER TO team; ALTER ROLE adm BYPASSRLS");
    split.split(&["copy"]).expect(0);
    split.split(&["verify"]).expect(0);
}
