//! Ways of several steps to a superuser, to files, to secrets and to another service, each with one that leads nowhere.

use serde_json::{Value, json};

use crate::audit::testing::{NOTHING, Server, assert_finds, entry, healthy, row};
use martydb_catalog::{CatalogObject, DatabaseCatalog};

/// Two services, and the login `guest`, who may connect to the database `den` alone, where it may use the schema `adm` and create
/// in `mine`.
fn den() -> Server {
    let server = healthy().unmanaged("guest").database("den").grant("CONNECT", "den", "guest");
    server.inside("den", |catalog| {
        let mut adm = json!({ "name": "adm", "owner": "postgres", "acl": null });
        catalog.privileged.schemas.push(row(adm.clone()));
        catalog.privileged.schemas.last_mut().unwrap().acl.push(entry("USAGE", "guest", "postgres"));
        (adm["name"], adm["owner"]) = ("mine".into(), "guest".into());
        catalog.privileged.schemas.push(row(adm));
    })
}

/// A function as a row of the queries about reach; one of a superuser that executes its argument.
fn definer(shown: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut found = json!({
        "display": shown, "schema": shown.split('.').next(), "owner": "postgres", "grant_on": format!("FUNCTION {shown}"),
        "definer": true, "executes": true, "extension": null, "symbol": null, "trigger": false, "event": null,
        "run_by": null, "untrusted": false, "called": false, "acl": null,
    });
    change(&mut found);
    found
}

/// A relation as a row of the queries about reach; a table of a superuser.
fn table(shown: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut found = json!({
        "display": shown, "schema": shown.split('.').next(), "owner": "postgres", "grant_on": format!("TABLE {shown}"),
        "system": false, "run_by": null, "row_security": false, "stored": false, "materialized": false, "view": false,
        "filled": false, "invoker": false, "reads": null, "triggers": null, "children": null, "wrapper": null, "file": null,
        "database": null, "acl": null,
    });
    change(&mut found);
    found
}

fn acl(privilege: &str, grantee: &str) -> Value {
    let grantee = if grantee == "PUBLIC" { Value::Null } else { grantee.into() };
    json!([{ "grantee": grantee, "grantor": "postgres", "privilege": privilege, "grantable": false }])
}

fn routine(server: Server, found: Value) -> Server {
    server.inside("den", |catalog| catalog.privileged.routines.push(row(found)))
}

fn relation(server: Server, found: Value) -> Server {
    server.inside("den", |catalog| catalog.privileged.relations.push(row(found)))
}

#[test]
fn a_function_that_executes_its_argument_is_called_by_who_may_use_its_schema() {
    let run = |schema: &str, privilege: &str| {
        let found = definer(&format!("{schema}.run(text)"), |found| found["acl"] = acl(privilege, "guest"));
        routine(den(), found)
    };
    assert_finds(
        &run("adm", "EXECUTE"),
        "critical | definer-function | - | guest | den | function adm.run(text)",
    );
    assert_eq!(run("public", "EXECUTE").grave(), NOTHING);
    assert_eq!(run("adm", "OTHER").grave(), NOTHING);
    let fixed = definer("adm.run(text)", |found| {
        (found["executes"], found["acl"]) = (false.into(), acl("EXECUTE", "guest"));
    });
    assert_eq!(routine(den(), fixed).grave(), NOTHING);
    let reviewed = definer("adm.run(text)", |found| {
        (found["extension"], found["acl"]) = ("pgjwt".into(), acl("EXECUTE", "guest"));
    });
    assert_eq!(routine(den(), reviewed).grave(), NOTHING);
}

#[test]
fn a_function_of_the_server_or_in_an_unconfined_language_opens_files() {
    let power = |change: fn(&mut Value)| {
        routine(
            den(),
            definer("adm.rd(text)", |found| {
                (found["definer"], found["acl"]) = (false.into(), acl("EXECUTE", "guest"));
                change(found);
            }),
        )
    };
    let line = |kind| format!("critical | {kind} | - | guest | den | function adm.rd(text)");
    assert_finds(&power(|found| found["symbol"] = "pg_read_file_all".into()), &line("untrusted-function"));
    assert_finds(&power(|found| found["untrusted"] = true.into()), &line("untrusted-function"));
    let member = power(|found| {
        (found["symbol"], found["extension"]) = ("be_lo_export".into(), "lo".into());
    });
    assert_finds(&member, &line("extension-privilege"));
    assert_eq!(power(|found| found["symbol"] = "textcat".into()).grave(), NOTHING);
}

#[test]
fn a_trigger_runs_for_who_writes_to_its_table() {
    let fire = || definer("adm.fire()", |found| found["trigger"] = true.into());
    let inbox = |privilege: &str| {
        table("adm.inbox", |found| {
            (found["triggers"], found["acl"]) = (json!(["adm.fire()"]), acl(privilege, "guest"));
        })
    };
    let line = "critical | definer-function | - | guest | den | function adm.fire()";
    assert_finds(&relation(routine(den(), fire()), inbox("INSERT")), line);
    assert_eq!(relation(routine(den(), fire()), inbox("SELECT")).grave(), NOTHING);
    let partition = table("adm.part", |found| found["triggers"] = json!(["adm.fire()"]));
    let whole = table("adm.inbox", |found| {
        (found["children"], found["acl"]) = (json!(["adm.part"]), acl("INSERT", "guest"));
    });
    assert_finds(&relation(relation(routine(den(), fire()), partition), whole), line);
}

#[test]
fn a_view_reads_as_its_owner() {
    let secret = |change: fn(&mut Value)| {
        let shadow = table("pg_catalog.pg_authid", |found| found["system"] = true.into());
        let view = table("adm.logins", |found| {
            (found["view"], found["reads"], found["acl"]) =
                (true.into(), json!(["pg_catalog.pg_authid"]), acl("SELECT", "guest"));
            change(found);
        });
        relation(relation(den(), shadow), view)
    };
    let line = "high | definer-view | - | guest | den | view adm.logins";
    assert_finds(&secret(|_| {}), line);
    assert_finds(
        &secret(|found| (found["materialized"], found["filled"]) = (true.into(), true.into())),
        line,
    );
    for quiet in [
        secret(|found| found["invoker"] = true.into()),
        secret(|found| found["materialized"] = true.into()),
        secret(|found| found["owner"] = "guest".into()),
    ] {
        assert_eq!(quiet.grave(), NOTHING);
    }
}

#[test]
fn a_foreign_table_leads_to_files_or_to_another_service() {
    let away = |wrapper: &str, file: Option<&str>, database: Option<&str>| {
        relation(
            den(),
            table("adm.far", |found| {
                (found["wrapper"], found["file"]) = (wrapper.into(), file.into());
                (found["database"], found["acl"]) = (database.into(), acl("SELECT", "guest"));
            }),
        )
    };
    let line = "critical | foreign-table | - | guest | den | foreign table adm.far";
    assert_finds(&away("file_fdw", Some("/etc/passwd"), None), line);
    assert_finds(&away("postgres_fdw", None, Some("blue_db")), line);
    assert_eq!(away("file_fdw", Some("/proc/meminfo"), None).grave(), NOTHING);
    assert_eq!(away("postgres_fdw", None, Some("reports")).grave(), NOTHING);
}

#[test]
fn rows_that_an_extension_acts_on_are_a_way() {
    let job = |privilege: &str, row_security: bool| {
        let server = den().inside("den", |catalog| catalog.privileged.schemas[2].name = "cron".into());
        relation(
            server,
            table("cron.job", |found| {
                (found["acl"], found["row_security"]) = (acl(privilege, "guest"), row_security.into());
            }),
        )
    };
    assert_finds(&job("UPDATE", false), "critical | extension-privilege | - | guest | den | table cron.job");
    assert_eq!(job("SELECT", false).grave(), NOTHING);
    assert_eq!(job("UPDATE", true).grave(), NOTHING);
}

#[test]
fn code_that_a_superuser_meets_is_the_superusers() {
    let visited = |owner: &str, run_by: Option<&str>| {
        routine(
            den(),
            definer("mine.norm(text)", |found| {
                (found["definer"], found["owner"], found["run_by"]) =
                    (false.into(), owner.into(), run_by.into());
            }),
        )
    };
    let line = "high | superuser-object | - | guest | den | function mine.norm(text)";
    assert_finds(&visited("guest", Some("index public.heard_norm")), line);
    assert_eq!(visited("guest", None).grave(), NOTHING);
    assert_eq!(visited("postgres", Some("index public.heard_norm")).grave(), NOTHING);
    let hook = definer("mine.spy()", |found| {
        (found["definer"], found["owner"], found["event"]) = (false.into(), "guest".into(), "spy".into());
    });
    assert_finds(&routine(den(), hook), "high | event-trigger | - | guest | den | function mine.spy()");
    let heard =
        |privilege| relation(den(), table("adm.heard", |found| found["acl"] = acl(privilege, "guest")));
    assert_finds(&heard("TRIGGER"), "high | superuser-object | - | guest | den | table adm.heard");
    assert_finds(&heard("REFERENCES"), "critical | superuser-object | - | guest | den | table adm.heard");
    assert_eq!(heard("DELETE").grave(), NOTHING);
}

#[test]
fn a_domain_of_another_role_in_a_superusers_table_is_a_way() {
    let domain = |run_by: Option<&str>| {
        let found = json!({
            "display": "mine.mail", "name": "mail", "schema": "mine", "owner": "guest", "run_by": run_by,
        });
        den().inside("den", |catalog| catalog.privileged.domains.push(row(found)))
    };
    assert_finds(
        &domain(Some("table public.heard")),
        "high | superuser-object | - | guest | den | domain mine.mail",
    );
    assert_eq!(domain(None).grave(), NOTHING);
}

/// A function of a superuser that no role calls.
fn worker(text: &str) -> impl FnOnce(&mut DatabaseCatalog) {
    let body = json!({
        "run_by": "the function ops.work()", "function": "ops.work()", "language": "plpgsql", "definer": false,
        "text": text, "path": null,
    });
    move |catalog| catalog.privileged.bodies.push(row(body))
}

fn of_guest(found: &mut CatalogObject) {
    found.owner = "guest".into();
}

#[test]
fn objects_that_a_superusers_function_uses_belong_to_a_superuser() {
    let news = |text: &str| {
        let server = den()
            .object("den", "table", "mine.news", of_guest)
            .object("den", "function", "mine.hook()", of_guest);
        server.inside("den", worker(text))
    };
    let line = |object| format!("high | superuser-object | - | guest | den | {object}");
    assert_finds(&news("BEGIN INSERT INTO mine.news VALUES (1); END"), &line("table mine.news"));
    assert_finds(&news("BEGIN EXECUTE 'UPDATE ONLY mine.news SET t = 1'; END"), &line("table mine.news"));
    assert_finds(&news("BEGIN PERFORM mine.hook(); END"), &line("function mine.hook()"));
    assert_eq!(news("BEGIN PERFORM count(*) FROM mine.news; END").grave(), NOTHING);
    assert_eq!(news("BEGIN RAISE NOTICE 'mine.hook()'; END").grave(), NOTHING);
}

#[test]
fn rows_that_a_superusers_function_executes_are_a_way_for_who_writes_them() {
    let jobs = |text: &str| {
        let server = den().object("den", "table", "adm.jobs", |found| {
            found.acl = vec![entry("INSERT", "guest", "postgres")]
        });
        server.inside("den", worker(text)).grave()
    };
    let loud = "DECLARE j record; BEGIN FOR j IN DELETE FROM adm.jobs RETURNING cmd LOOP EXECUTE j.cmd; END LOOP; END";
    assert_eq!(jobs(loud), ["high | superuser-object | - | guest | den | table adm.jobs"]);
    let quoted = "DECLARE j record; BEGIN FOR j IN SELECT cmd FROM adm.jobs LOOP EXECUTE format('ANALYZE %I', j.cmd); END LOOP; END";
    assert_eq!(jobs(quoted), NOTHING);
}

#[test]
fn a_superusers_job_that_uses_what_a_service_owns_is_named() {
    let job = |role: Option<&str>, database: &str, command: &str| {
        let found =
            json!({ "display": "job 8 of pg_cron", "database": database, "role": role, "command": command });
        let server = healthy().object("red_db", "function", "public.item_job()", |_| {});
        let server = server.object("red_db", "view", "public.item_names", |_| {});
        server.inside("postgres", |catalog| catalog.jobs.push(row(found))).grave()
    };
    let line = |role, object| format!("high | superuser-object | red | {role} | red_db | {object}");
    let table = [line("red_migrator", "table public.item")];
    assert_eq!(job(Some("postgres"), "red_db", "INSERT INTO item (name) VALUES (now())"), table);
    assert_eq!(job(None, "red_db", "DELETE FROM item"), table);
    assert_eq!(
        job(Some("postgres"), "red_db", "VACUUM item; SELECT item_job()"),
        [line("red_migrator", "function public.item_job()")]
    );
    assert_eq!(
        job(Some("postgres"), "red_db", "DO $$ BEGIN PERFORM name FROM item_names; END $$"),
        [line("red_migrator", "view public.item_names")]
    );
    let executes =
        "DO $$ DECLARE q text; BEGIN FOR q IN SELECT name FROM item LOOP EXECUTE q; END LOOP; END $$";
    assert_eq!(
        job(Some("postgres"), "red_db", executes),
        ["red_app", "red_migrator"].map(|role| line(role, "table public.item"))
    );
    for (role, database, quiet) in [
        (Some("postgres"), "red_db", "VACUUM item"),
        (Some("postgres"), "red_db", "SELECT pg_catalog.now(), 'item_job()'"),
        (Some("postgres"), "red_db", "SELECT pg_catalog.count(*) FROM item"),
        (Some("red_app"), "red_db", "DELETE FROM item"),
        (Some("postgres"), "postgres", "DELETE FROM item"),
    ] {
        assert_eq!(job(role, database, quiet), NOTHING, "{quiet}");
    }
}

#[test]
fn a_schema_on_the_path_of_superusers_is_theirs() {
    let path = |setting: &str| {
        let setting = ("search_path".to_owned(), setting.to_owned());
        den().alter_database("den", |found| found.settings.push(setting))
    };
    assert_finds(&path("mine, pg_catalog"), "high | superuser-search-path | - | guest | den | schema mine");
    let quiet = path("adm, pg_catalog").found();
    assert!(quiet.iter().all(|line| !line.contains("superuser-search-path")), "{quiet:#?}");
    let named = den().inside("den", |catalog| catalog.privileged.schemas[3].name = "postgres".into());
    assert_finds(&named, "high | superuser-search-path | - | guest | den | schema postgres");
}

#[test]
fn a_member_of_the_databases_owner_is_named() {
    let dba = |server: Server| {
        let server = server.role("dba", |_| {}).alter_database("red_db", |found| found.owner = "dba".into());
        let server = server.alter_database("blue_db", |found| found.owner = "dba".into());
        server.manifest(|desired| desired.database_owner = Some(crate::audit::testing::role("dba"))).grave()
    };
    assert_eq!(dba(healthy().unmanaged("intern")), NOTHING);
    let member = dba(healthy().unmanaged("intern").member("intern", "dba"));
    assert_eq!(member, ["medium | unmanaged-role-power | - | intern | - | role dba"]);
}

#[test]
fn the_graph_has_the_steps_of_a_way_and_none_of_what_leads_nowhere() {
    let kinds = |privilege: &str| {
        let run = definer("adm.run(text)", |found| found["acl"] = acl(privilege, "guest"));
        let server = routine(den(), run);
        let graph = crate::audit::access_graph(&server.desired, &server.snapshot);
        graph.edges.iter().map(|edge| edge.kind).collect::<Vec<_>>()
    };
    let open = kinds("EXECUTE");
    assert!(["CanExecute", "RunsAs", "LeadsTo"].iter().all(|kind| open.contains(kind)), "{open:?}");
    assert!(!kinds("OTHER").contains(&"CanExecute"));
}
