//! Functions that run with more privileges than those of their caller, each with one that gives its caller nothing.

use serde_json::json;

use crate::audit::testing::{NOTHING, Server, assert_finds, assert_grave, healthy, row};
use martydb_catalog::CatalogObject;

const SHELL: &str = "public.shell(text)";
const SAFE: &str = "search_path=pg_catalog, pg_temp";

/// Adds a function of a superuser to the database of `red` that runs as its owner, and everybody may call.
fn definer(change: impl FnOnce(&mut CatalogObject)) -> Server {
    let server = healthy().object("red_db", "function", SHELL, |found| {
        (found.owner, found.definer) = ("postgres".into(), true);
        found.config = Some(vec![SAFE.into()]);
        change(found);
    });
    server.grant_inside("red_db", "EXECUTE", SHELL, "PUBLIC")
}

/// Adds the text of the function.
fn with_body(server: Server, shown: &str, language: &str, text: &str) -> Server {
    let body = json!({
        "run_by": format!("the function {shown}"), "function": shown, "language": language, "definer": true,
        "text": text, "path": "pg_catalog, pg_temp",
    });
    server.inside("red_db", |catalog| catalog.privileged.bodies.push(row(body)))
}

#[test]
fn a_function_that_runs_as_a_superuser_is_named_unless_it_only_computes() {
    let line = "critical | definer-function | red | PUBLIC | red_db | function public.shell(text)";
    assert_finds(&definer(|_| {}), line);
    assert_finds(&with_body(definer(|_| {}), SHELL, "plpgsql", "BEGIN EXECUTE $1; END"), line);
    assert_finds(&with_body(definer(|_| {}), SHELL, "sql", "SELECT pg_read_file($1)"), line);
    assert_grave([(
        with_body(definer(|_| {}), SHELL, "sql", "SELECT pg_size_pretty(pg_total_relation_size($1))"),
        &[],
    )]);
}

#[test]
fn a_function_that_only_adds_rows_is_quiet_unless_something_runs_on_them() {
    let notes_in = |schema: serde_json::Value, change: fn(&mut CatalogObject)| {
        let server = definer(|_| {}).object("red_db", "table", "ops.notes", |found| {
            (found.owner, found.expressions) = ("postgres".into(), Some(vec![]));
            change(found);
        });
        let server = server.inside("red_db", |catalog| catalog.privileged.schemas.push(row(schema)));
        with_body(server, SHELL, "sql", "INSERT INTO ops.notes VALUES ($1)")
    };
    let schema = |owner: &str, grantee: &str| {
        let create =
            json!({ "grantee": grantee, "grantor": owner, "privilege": "CREATE", "grantable": false });
        json!({ "name": "ops", "owner": owner, "acl": [create] })
    };
    let notes = |change| notes_in(json!({ "name": "ops", "owner": "postgres", "acl": null }), change);
    let line = "critical | definer-function | red | PUBLIC | red_db | function public.shell(text)";
    assert!(!notes(|_| {}).grave().contains(&line.to_owned()));
    assert_finds(&notes(|found| found.watched = true), line);
    assert_finds(&notes(|found| found.mixed = true), line);
    assert_finds(&notes(|found| found.expressions = None), line);
    // What others may put in its place would run as the superuser.
    assert_finds(&notes_in(schema("red_owner", "postgres"), |_| {}), line);
    assert_finds(&notes_in(schema("postgres", "red_owner"), |_| {}), line);
    for (expression, is_quiet) in [
        ("nextval('ops.notes_id_seq'::regclass)", true),
        ("(length(what) > 3)", true),
        ("now()", true),
        ("ops.run(what)", false),
        ("pg_read_file(what)", false),
        ("current_setting('a.b'::text)", false),
        ("(what OPERATOR(ops.###) 'x'::text)", false),
        ("'x'::ops.secret", false),
    ] {
        let server = notes(|_| {}).alter("red_db", "ops.notes", |found| {
            found.expressions = Some(vec![expression.into()]);
        });
        assert_eq!(!server.grave().contains(&line.to_owned()), is_quiet, "{expression}");
    }
    assert_finds(&notes(|found| found.owner = "red_owner".into()), line);
    let worker = "DECLARE q text; BEGIN FOR q IN SELECT what FROM ops.notes LOOP EXECUTE q; END LOOP; END";
    assert_finds(&with_body(notes(|_| {}), "ops.work()", "plpgsql", worker), line);
}

/// Adds a superuser's function with this text to a database of no service, which only the login `pooler` enters.
fn called_by_name(language: &str, text: &str, grantee: &str) -> Server {
    let body = json!({
        "run_by": "the function lookup.get_auth(text)", "function": "lookup.get_auth(text)", "language": language,
        "definer": true, "text": text, "path": "pg_catalog",
    });
    let server = healthy().unmanaged("pooler").database("lobby").grant("CONNECT", "lobby", "pooler");
    let server = server.object("lobby", "function", "lookup.get_auth(text)", |found| {
        found.definer = true;
        found.config = Some(vec!["search_path=pg_catalog".into()]);
    });
    let server = server.inside("lobby", |catalog| catalog.privileged.bodies.push(row(body)));
    server.grant_inside("lobby", "EXECUTE", "lookup.get_auth(text)", grantee)
}

const LOOKUP: &str =
    "BEGIN SELECT usename, passwd FROM pg_shadow WHERE usename = login INTO name, verifier; END";

#[test]
fn a_lookup_of_passwords_that_every_role_may_call_is_critical() {
    let line = "critical | definer-function | - | PUBLIC | lobby | function lookup.get_auth(text)";
    assert_finds(&called_by_name("plpgsql", LOOKUP, "PUBLIC"), line);
}

#[test]
fn functions_of_poolers_and_monitors_are_known_by_their_text() {
    let quiet = [
        ("plpgsql", LOOKUP),
        ("sql", "SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename=$1;"),
        (
            "plpgsql",
            "BEGIN SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END FROM pg_authid WHERE rolname = login AND NOT rolsuper AND rolcanlogin INTO name, verifier; RETURN; END",
        ),
        ("sql", "SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1"),
        (
            "plpgsql",
            "BEGIN RETURN QUERY SELECT usename::TEXT, passwd::TEXT FROM pg_catalog.pg_shadow WHERE usename = p_usename; END;",
        ),
        ("sql", "SELECT * FROM pg_catalog.pg_stat_activity;"),
        ("sql", "SELECT pg_wal_lsn_diff(sent_lsn, replay_lsn) FROM pg_stat_replication"),
    ];
    for (language, text) in quiet {
        assert_eq!(called_by_name(language, text, "pooler").grave(), NOTHING, "{text}");
    }
    for (owner, is_quiet) in [("postgres", true), ("pooler", false)] {
        let found = json!({ "name": "pg_stat_statements", "owner": owner, "trusted": true, "open": null });
        let server = called_by_name("sql", "SELECT * FROM views.pg_stat_statements", "pooler");
        let server = server.inside("lobby", |catalog| catalog.extensions.push(row(found)));
        assert_eq!(server.grave().is_empty(), is_quiet, "{owner}");
    }
    let line = "critical | definer-function | - | pooler | lobby | function lookup.get_auth(text)";
    let loud = [
        ("sql", "SELECT usename, passwd FROM pg_shadow"),
        ("sql", "SELECT count(*) FROM pg_authid WHERE rolpassword = $1"),
        ("sql", "SELECT usename, passwd FROM pg_shadow WHERE usename = usename"),
        ("sql", "SELECT usename, passwd FROM pg_shadow WHERE usename = $1 OR true"),
        ("sql", "SELECT usename, passwd FROM pg_shadow WHERE NOT usename = $1 AND usesuper"),
        ("sql", "SELECT usename, passwd FROM pg_shadow WHERE NOT (usename = $1)"),
        ("sql", "SELECT usename, passwd FROM pg_shadow WHERE usename <> $1"),
        ("sql", "SELECT usename, passwd FROM pg_shadow, pg_roles WHERE usename = rolcanlogin"),
        ("sql", "SELECT rolpassword FROM pg_stat_activity, pg_authid"),
        ("sql", "SELECT rolpassword FROM pg_stat_activity JOIN pg_authid ON true"),
        ("sql", "SELECT rolname FROM pg_authid WHERE rolname = $1 FOR UPDATE"),
        ("sql", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"),
        ("sql", "SELECT pg_stat_reset() FROM pg_stat_activity"),
        ("sql", "SELECT pg_read_file($1) FROM pg_stat_activity"),
        ("sql", "SELECT pg_stat_file($1) FROM pg_stat_activity"),
        ("sql", "UPDATE pg_authid SET rolsuper = true WHERE rolname = $1"),
        ("sql", "UPDATE pg_database SET datallowconn = false WHERE datname = $1"),
        ("plpgsql", "BEGIN EXECUTE format('GRANT red_owner TO %I', $1); END"),
        ("plpgsql", "BEGIN EXECUTE format('SELECT %s', login); END"),
        ("c", "SELECT * FROM pg_stat_activity"),
    ];
    for (language, text) in loud {
        assert_finds(&called_by_name(language, text, "pooler"), line);
    }
}

#[test]
fn a_view_of_catalogs_that_a_login_of_no_service_writes_is_critical() {
    let view = |relation: &str, privilege: &str| {
        let server = healthy().unmanaged("pooler").database("lobby").grant("CONNECT", "lobby", "pooler");
        let over = |base: &str| {
            let base = base.to_owned();
            |found: &mut CatalogObject| (found.owner, found.base) = ("postgres".into(), Some(base))
        };
        let server = server.object("lobby", "view", "public.inner", over(relation));
        let server = server.object("lobby", "view", "public.doors", over("public.inner"));
        server.grant_inside("lobby", privilege, "public.doors", "pooler")
    };
    let line = |severity| format!("{severity} | definer-view | - | pooler | lobby | view public.doors");
    assert_finds(&view("pg_catalog.pg_auth_members", "INSERT"), &line("critical"));
    assert_finds(&view("pg_catalog.pg_database", "UPDATE"), &line("critical"));
    assert_finds(&view("pg_catalog.pg_database", "SELECT"), &line("low"));
    let own = healthy().object("red_db", "view", "public.doors", |found| {
        (found.owner, found.base) = ("postgres".into(), Some("pg_catalog.pg_authid".into()));
    });
    let own = own.grant_inside("red_db", "UPDATE", "public.doors", "red_app");
    assert_finds(&own, "critical | definer-view | red | red_app | red_db | view public.doors");
    assert_finds(&view("public.jobs", "UPDATE"), &line("low"));
}

#[test]
fn a_function_in_a_language_without_limits_is_named() {
    let written = |language: &str, trusted: bool| {
        let server = healthy().object("red_db", "function", "public.rd(text)", |found| {
            (found.owner, found.language, found.trusted) =
                ("postgres".into(), Some(language.into()), Some(trusted));
        });
        server.grant_inside("red_db", "EXECUTE", "public.rd(text)", "red_app")
    };
    let line = "critical | untrusted-function | red | red_app | red_db | function public.rd(text)";
    assert_finds(&written("internal", false), line);
    assert_finds(&written("plperlu", false), line);
    let quiet = written("plpgsql", true).grave();
    assert!(quiet.iter().all(|line| !line.contains("untrusted-function")), "{quiet:#?}");
}

#[test]
fn a_function_whose_caller_puts_its_own_objects_before_those_that_it_means_is_named() {
    let of = |owner: &str, config: Option<&str>, atomic: bool| {
        let server = healthy().object("red_db", "function", "public.note()", |found| {
            (found.owner, found.definer, found.atomic) = (owner.into(), true, atomic);
            found.config = config.map(|path| vec![format!("search_path={path}")]);
        });
        server.grant_inside("red_db", "EXECUTE", "public.note()", "red_app")
    };
    let line = |severity| {
        format!("{severity} | definer-search-path | red | red_app | red_db | function public.note()")
    };
    assert_finds(&of("red_owner", None, false), &line("medium"));
    assert_finds(&of("red_owner", Some("public"), false), &line("medium"));
    assert_finds(&of("postgres", Some("pg_catalog, far"), false), &line("high"));
    assert_finds(&of("red_owner", Some("pg_catalog"), false), &line("low"));
    assert_finds(&of("red_owner", None, true), &line("low"));
    assert_eq!(of("red_owner", Some("pg_catalog, public, pg_temp"), false).found(), NOTHING);
}

#[test]
fn who_creates_in_a_schema_of_the_path_of_a_function_acts_as_its_owner() {
    let of = |owner: &str, path: &str, creator: &str, atomic: bool| {
        let server = healthy().unmanaged("pooler").grant("CONNECT", "red_db", "pooler");
        let server = server.object("red_db", "function", "ops.note()", |found| {
            (found.owner, found.definer, found.atomic) = (owner.into(), true, atomic);
            found.config = Some(vec![format!("search_path={path}")]);
        });
        let entry =
            json!({ "grantee": creator, "grantor": "postgres", "privilege": "CREATE", "grantable": false });
        let schema = json!({ "name": "ops", "owner": "postgres", "acl": [entry] });
        server.inside("red_db", |catalog| catalog.privileged.schemas.push(row(schema)))
    };
    let line = |severity, who| {
        format!("{severity} | definer-search-path | red | {who} | red_db | function ops.note()")
    };
    assert_finds(&of("postgres", "ops, pg_temp", "pooler", false), &line("critical", "pooler"));
    assert_finds(&of("postgres", "pg_catalog, ops, pg_temp", "red_app", false), &line("critical", "red_app"));
    assert_finds(&of("red_owner", "ops, pg_temp", "red_app", false), &line("high", "red_app"));
    let quiet =
        |server: Server| server.found().into_iter().filter(|one| one.contains("definer-search-path")).count();
    assert_eq!(quiet(of("red_owner", "ops, pg_temp", "red_migrator", false)), 0);
    assert_eq!(quiet(of("postgres", "pg_catalog, pg_temp", "pooler", false)), 0);
    assert_eq!(quiet(of("postgres", "ops, pg_temp", "pooler", true)), 0);
}

#[test]
fn a_function_that_gets_hidden_rows_belongs_to_a_superuser() {
    let of = |owner: &str| {
        healthy().object("red_db", "function", "public.trace(text)", |found| {
            (found.owner, found.leakproof) = (owner.into(), true);
        })
    };
    assert_finds(
        &of("red_owner"),
        "medium | leakproof-function | red | red_owner | red_db | function public.trace(text)",
    );
    let quiet = |server: Server| !server.found().iter().any(|line| line.contains("leakproof"));
    assert!(quiet(of("postgres")));
    let called = |text: &str| {
        let server = with_body(of("postgres"), "public.trace(text)", "plpgsql", text);
        server.grant_inside("red_db", "EXECUTE", "public.trace(text)", "PUBLIC")
    };
    assert!(quiet(called("BEGIN RETURN lower($1); END")));
    let raises = called("BEGIN RAISE NOTICE '%', $1; RETURN true; END");
    let line = |severity| {
        format!("{severity} | leakproof-function | red | PUBLIC | red_db | function public.trace(text)")
    };
    assert_finds(&raises, &line("low"));
    let hides = raises.object("red_db", "view", "public.own", |found| found.query = Some("SELECT 1".into()));
    assert_finds(&hides, &line("medium"));
}

#[test]
fn a_function_with_the_name_of_one_of_the_server_is_a_note() {
    let named =
        |shadows| healthy().object("red_db", "function", "public.now()", |found| found.shadows = shadows);
    assert_finds(&named(true), "low | shadowing-function | red | red_owner | red_db | function public.now()");
    assert_eq!(named(false).found(), NOTHING);
}

#[test]
fn a_trigger_function_of_a_superuser_is_quiet_unless_it_uses_the_row() {
    let written = |text: &str| {
        let server = healthy().object("red_db", "function", "ops.written()", |found| {
            (found.owner, found.definer, found.called) = ("postgres".into(), true, true);
            (found.returns, found.config) = (Some("trigger".into()), Some(vec![SAFE.into()]));
        });
        let server = server.object("red_db", "table", "ops.writes", |found| {
            (found.owner, found.expressions) = ("postgres".into(), Some(vec![]));
        });
        let schema = json!({ "name": "ops", "owner": "postgres", "acl": null });
        let server = server.inside("red_db", |catalog| catalog.privileged.schemas.push(row(schema)));
        with_body(server, "ops.written()", "plpgsql", text)
    };
    let definer = |server: Server| -> Vec<String> {
        server.grave().into_iter().filter(|line| line.contains("definer-function")).collect()
    };
    assert_eq!(definer(written("BEGIN INSERT INTO ops.writes VALUES (TG_OP); RETURN NULL; END")), NOTHING);
    for what in ["NEW.name", "to_jsonb(OLD)", "to_jsonb(\"new\")"] {
        let text = format!("BEGIN INSERT INTO ops.writes VALUES ({what}); RETURN NULL; END");
        let line = "medium | definer-function | red | red_app | red_db | function ops.written()";
        assert_eq!(definer(written(&text)), [line], "{what}");
    }
}

/// Who acts as it changes its functions, and those who call them, such as the service's owner, run what it wrote.
#[test]
fn a_function_of_a_role_without_power_is_a_note_until_a_login_can_become_it() {
    let server = healthy().role("keeper", |_| {}).object("red_db", "function", "archive.put()", |found| {
        (found.owner, found.definer) = ("keeper".into(), true);
        found.config = Some(vec!["search_path=archive".into()]);
    });
    let server = server.grant_inside("red_db", "EXECUTE", "archive.put()", "PUBLIC");
    let line =
        |severity| format!("{severity} | definer-function | red | PUBLIC | red_db | function archive.put()");
    assert_finds(&server.clone().unmanaged("clerk").member("clerk", "keeper"), &line("critical"));
    assert_finds(&server, &line("low"));
}

#[test]
fn a_language_is_judged_by_its_name_and_handler() {
    let language = |name: &str, handler: Option<&str>, trusted: bool| {
        let found = json!({ "name": name, "trusted": trusted, "handler": handler });
        healthy().inside("red_db", |catalog| catalog.languages.push(row(found)))
    };
    let line = |name| format!("critical | language-trusted | red | red_migrator | red_db | language {name}");
    assert_finds(&language("c", None, true), &line("c"));
    assert_finds(&language("pljs", Some("plpgsql_call_handler"), true), &line("pljs"));
    assert_eq!(language("plperl", Some("plperl_call_handler"), true).found(), NOTHING);
    assert_eq!(language("plperlu", Some("plperlu_call_handler"), false).found(), NOTHING);
}

#[test]
fn a_trigger_that_calls_the_code_of_another_role_is_named() {
    let event = |owner: &str, enabled: bool| {
        let found = json!({
            "name": "spy", "quoted": "spy", "event": "ddl_command_end", "enabled": enabled, "owner": "postgres",
            "function": "public.spy()", "function_owner": owner, "extension": null,
        });
        healthy().inside("red_db", |catalog| catalog.event_triggers.push(row(found)))
    };
    let trigger = |owner: &str, temporary: bool| {
        let found = json!({
            "name": "t", "quoted": "t", "table": "public.item", "table_owner": "red_owner", "function": "far.f()",
            "function_owner": owner, "temporary": temporary,
        });
        healthy().inside("red_db", |catalog| catalog.triggers.push(row(found)))
    };
    let line = "red | red_owner | red_db | event trigger spy";
    assert_grave([
        (event("red_owner", true), &[&format!("critical | event-trigger | {line}")]),
        (event("red_owner", false), &[&format!("medium | event-trigger | {line}")]),
        (event("postgres", true), &[]),
        (
            trigger("blue_owner", false),
            &["high | foreign-trigger | red | blue_owner | red_db | trigger t on public.item"],
        ),
        (
            trigger("red_owner", true),
            &["high | foreign-trigger | red | red_owner | red_db | trigger t on public.item"],
        ),
        (trigger("red_owner", false), &[]),
    ]);
}

#[test]
fn a_function_of_the_server_that_was_changed_to_run_as_its_owner_is_named() {
    let changed = |definer| {
        let shown = "pg_catalog.query_to_xml(text)";
        let server = healthy().object("red_db", "function", shown, |found| {
            (found.system, found.definer, found.owner) = (true, definer, "postgres".into());
            found.config = Some(vec![SAFE.into()]);
            found.acl = vec![crate::audit::testing::entry("EXECUTE", "PUBLIC", "postgres")];
        });
        server.found().into_iter().filter(|line| line.contains("definer-function")).collect::<Vec<_>>()
    };
    let line = "critical | definer-function | red | PUBLIC | red_db | function pg_catalog.query_to_xml(text)";
    assert_eq!(changed(true), [line]);
    assert_eq!(changed(false), NOTHING);
}
