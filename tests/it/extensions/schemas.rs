//! `extensions: [{ name, schema }]`: a schema of the admin's, which the service may use and not fill.

use super::service;
use crate::support::{Admin, Project, Server, as_both_admins};

as_both_admins!(an_extension_has_a_schema_of_its_own, own_schema);

fn own_schema(admin: Admin) {
    let server = Server::for_admin(admin);
    // Only a superuser installs earthdistance, which is not trusted.
    let (first, kind, schemas) = match admin {
        Admin::Super => ("earthdistance, ", "earth", "extensions,extensions,public"),
        Admin::Limited => ("", "cube", "extensions,extensions"),
    };
    let list =
        format!("[{first}{{ name: cube, schema: extensions }}, {{ name: citext, schema: extensions }}]");
    let url = server.url_of(admin);
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: exs\nservers:\n  main:\n    url: {url}\nservices:\n  exs:\n    schemas: [public, extensions]\n    extensions: {list}\n"
    ));
    // As Prisma and Supabase write it; a dump comments on what it creates.
    let up = format!(
        "CREATE SCHEMA IF NOT EXISTS \"extensions\";\nCREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA extensions;\n\
        COMMENT ON EXTENSION citext IS 'x';\nCREATE TABLE item (name extensions.citext, other citext, at {kind});\n"
    );
    project.write("exs/migrations/V1__start.sql", &up);
    project.write("exs/migrations/V1__start.down.sql", "DROP TABLE item;\n");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    let done = project.run(&["upgrade", "--all"]).expect(0);
    assert!(done.said().contains("is left out"), "{done:?}");
    let ask = |sql: &str| server.value("exs", sql);
    assert_eq!(
        ask(
            "SELECT string_agg(n.nspname, ',' ORDER BY extname) FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname <> 'plpgsql'"
        ),
        schemas
    );
    assert_eq!(
        ask("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'extensions'"),
        admin.role()
    );
    let held = "SELECT string_agg(concat_ws(' ', has_schema_privilege(r, 'extensions', 'USAGE'), has_schema_privilege(r, 'extensions', 'CREATE')), ',')
        FROM unnest(ARRAY['exs_owner', 'exs_migrator', 'exs_app', 'exs_ro']) r";
    assert_eq!(ask(held), "t f,t f,t f,t f");
    let verified = project.run(&["verify-isolation", "--all"]);
    assert!(!verified.said().contains("schema extensions"), "{verified:?}");
    project.run(&["test-db", "--service", "exs"]).expect(0);
    project.run(&["status", "--check", "--drift"]).expect(0);
}

#[test]
fn plan_refuses_an_extension_without_its_requirements() {
    let server = Server::start();
    for (list, said) in [
        ("[no_such_thing_here]", "extension \"no_such_thing_here\" is not available on the server"),
        ("[hstor]", "did you mean \"hstore\"?"),
        ("[earthdistance]", "write `extensions: [earthdistance, cube]`"),
        ("[{ name: adminpack, schema: extra }]", "its control file fixes the schema pg_catalog"),
        ("[citext, { name: citext, schema: extra }]", "is declared twice"),
        ("[{ name: citext, schema: martydb }]", "which is reserved"),
    ] {
        let refused = service(&server, "exp", list).run(&["plan"]).expect(2);
        assert!(refused.said().contains(said), "{list}: {refused:?}");
    }
    let name = "exm";
    let project = service(&server, name, "[hstore]");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let manifest = project.read("martydb.yaml").replace("[hstore]", "[{ name: hstore, schema: extensions }]");
    project.write("martydb.yaml", &manifest);
    let plan = project.run(&["plan"]).expect(0);
    assert!(plan.said().contains("it is in schema public"), "{plan:?}");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
}
