//! One hostile service through every command that can change an owner.

use super::support::{Weak, admit, foreign, spring, traps};
use crate::support::{Admin, Project, Server, as_both_admins};

const KEEPER: &str = "SELECT rolcanlogin::text || rolsuper || rolcreaterole || rolcreatedb || rolreplication || rolbypassrls || (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid OR m.roleid = r.oid AND m.member <> (SELECT oid FROM pg_roles WHERE rolname = 'adm')) FROM pg_roles r WHERE rolname = 'orp_orphans'";

fn setup(server: &Server, admin: Admin) {
    foreign(server, admin);
    for (role, schema) in [("orp_a_owner", "shared"), ("orp_b_owner", "second")] {
        admit(server, admin, role);
        server.sql("bobs", &format!("SET ROLE {role}; {}", traps(schema)));
    }
    server.sql("bobs", "SET ROLE orp_a_owner; CREATE EXTENSION hstore SCHEMA shared");
    server.sql("bobs", "SET ROLE orp_a_owner; ALTER EXTENSION hstore ADD TABLE shared.trap");
    server.sql("bobs", "SET ROLE orp_a_owner; ALTER EXTENSION hstore ADD FUNCTION shared.trojan()");
    server.sql("postgres", "CREATE DATABASE orp_a_archive OWNER orp_a_owner");
    if admin == Admin::Super {
        // A limited admin cannot give this to another role: it must hold privileges that only a superuser granted.
        server.sql("bobs", "CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO orp_a_owner; SET ROLE orp_a_owner; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR orp_a_owner SERVER far; CREATE PUBLICATION pub FOR TABLE shared.log");
    }
    // An unmanaged role's own database, with a table of that role in an extension.
    server.sql("postgres", "CREATE DATABASE den OWNER bob");
    server.sql("den", &format!("SET ROLE bob; {}", traps("s")));
    server.sql("den", "SET ROLE bob; CREATE EXTENSION hstore SCHEMA s");
    server.sql("den", "SET ROLE bob; ALTER EXTENSION hstore ADD TABLE s.trap; ALTER EXTENSION hstore ADD FUNCTION s.trojan()");
    // A database to adopt: its old owner's objects lie in the schema that the service declares.
    server.sql("postgres", "CREATE ROLE legacy");
    server.sql("postgres", &format!("CREATE DATABASE orp_c OWNER {}", admin.role()));
    server.sql("orp_c", &format!("SET ROLE {}; GRANT CREATE ON DATABASE orp_c TO legacy", admin.role()));
    server.sql("orp_c", &format!("SET ROLE legacy; {}", traps("c")));
    if admin == Admin::Limited && server.major() >= 16 {
        server.sql("postgres", "GRANT legacy TO adm WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
    }
}

as_both_admins!(no_command_gives_a_services_object_to_a_superuser, |admin| {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, admin, "orp");
    project.run(&["apply", "--all", "-y"]).expect(0);
    setup(&server, admin);
    let mut weak = Weak::default();
    weak.check(&server, "the start");

    let text = project.read("martydb.yaml");
    project.write("orp_c/migrations/.keep", "");
    project.write("martydb.yaml", &(text.clone() + "  orp_c: { schemas: [c] }\n"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    weak.check(&server, "adopting");
    let owner = "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'c.trap'::regclass";
    assert_eq!(server.value("orp_c", owner), "orp_c_owner");

    let _any_code = project.run(&["verify-isolation", "--probes", "none", "--fix", "-y"]);
    weak.check(&server, "verify-isolation --fix");
    spring(&server, "den", "s");

    project.run(&["drop", "--service", "orp_a", "--confirm", "orp_a"]).expect(0);
    weak.check(&server, "drop");
    spring(&server, "bobs", "shared");
    let owner = |relation: &str| {
        server.value(
            "bobs",
            &format!("SELECT relowner::regrole::text FROM pg_class WHERE oid = '{relation}'::regclass"),
        )
    };
    assert_eq!(owner("shared.trap"), "orp_orphans");
    assert_eq!(server.value("postgres", KEEPER), "falsefalsefalsefalsefalsefalse0");

    project.write("martydb.yaml", &text.replace("  orp_b:\n", ""));
    project.run(&["apply", "--all", "--prune", "-y", "--new-database"]).expect(0);
    weak.check(&server, "apply --prune");
    spring(&server, "bobs", "second");
    assert_eq!(owner("second.trap"), "orp_orphans");
    let gone = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'orp\\_b%'";
    assert_eq!(server.value("postgres", gone), "0");
    assert_eq!(server.value("postgres", KEEPER), "falsefalsefalsefalsefalsefalse0");
});
