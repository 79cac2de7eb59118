//! Settings of the whole server in comparison with what initdb gives: a setting that opens something is reported with its default, and
//! what a package or an operator writes without opening anything is not.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::support::Pair;
use crate::support::until;

/// Value of a setting that opens something, and the value of initdb.
const OPEN: &[(&str, &str, &str)] = &[
    ("lo_compat_privileges", "on", "off"),
    ("scram_iterations", "1000", "4096"),
    ("db_user_namespace", "on", "off"),
    ("backslash_quote", "on", "safe_encoding"),
    ("superuser_reserved_connections", "0", "3"),
    ("search_path", "public, pg_catalog", "\"$user\", public"),
    ("dynamic_library_path", "'/srv/lib:$libdir'", "$libdir"),
    ("extension_control_path", "'/srv/ext:$system'", "$system"),
    ("shared_preload_libraries", "pg_stat_statements, '/srv/lib/x'", "nothing"),
    ("session_preload_libraries", "'/srv/lib/x'", "nothing"),
    ("archive_library", "'/srv/lib/x'", "nothing"),
    ("jit_provider", "'/srv/lib/x'", "llvmjit"),
    ("ssl_min_protocol_version", "'TLSv1.1'", "TLSv1.2"),
    ("ssl_ciphers", "'ALL'", "HIGH:MEDIUM:+3DES:!aNULL"),
];

fn is_known(pair: &Pair, name: &str) -> bool {
    pair.server.value("postgres", &format!("SELECT count(*) FROM pg_settings WHERE name = '{name}'")) == "1"
}

#[test]
fn a_weakened_setting_is_named_with_its_default() {
    let pair = Pair::new();
    // Not loaded: what a restart brings counts.
    pair.server.sql("postgres", "ALTER SYSTEM SET ssl = on");
    let major = pair.server.major();
    let known: Vec<_> = OPEN.iter().filter(|(name, ..)| is_known(&pair, name)).collect();
    assert!(known.len() > 9, "{known:?}");
    for (name, value, _) in &known {
        pair.server.sql("postgres", &format!("ALTER SYSTEM SET {name} = {value}"));
    }
    let result = pair.verify(&["--only", "server-setting"], 4);
    let all = result["findings"].as_array().unwrap();
    assert_eq!(all.len(), known.len(), "{:#?}", Pair::found(&result));
    for (name, _, was) in &known {
        let found = all.iter().find(|one| one["object"] == format!("setting {name}")).expect(name);
        let evidence = found["evidence"].as_str().unwrap();
        assert_eq!(found["severity"], "medium", "{evidence}");
        assert!(evidence.ends_with(&format!("; initdb of PostgreSQL {major} gives {was}")), "{evidence}");
        pair.server.sql("postgres", &format!("ALTER SYSTEM RESET {name}"));
    }
    assert_eq!(Pair::found(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn settings_of_packages_and_operators_are_not_findings() {
    let pair = Pair::new();
    for (name, value) in [
        ("listen_addresses", "'*'"),
        ("unix_socket_directories", "'/var/run/postgresql'"),
        ("unix_socket_permissions", "'0770'"),
        ("external_pid_file", "'/var/run/postgresql/15-main.pid'"),
        ("cluster_name", "'15/main'"),
        ("ssl", "on"),
        ("ssl_cert_file", "'/etc/ssl/certs/ssl-cert-snakeoil.pem'"),
        ("ssl_ciphers", "'HIGH:!aNULL:!MD5'"),
        ("ssl_min_protocol_version", "'TLSv1.3'"),
        ("logging_collector", "on"),
        ("log_directory", "'/var/log/postgresql'"),
        ("log_destination", "csvlog"),
        ("log_line_prefix", "'%m [%p] %q%u@%d '"),
        ("log_timezone", "'Etc/UTC'"),
        ("max_connections", "200"),
        ("superuser_reserved_connections", "5"),
        ("shared_buffers", "'256MB'"),
        ("dynamic_shared_memory_type", "posix"),
        ("shared_preload_libraries", "pg_stat_statements, '$libdir/auto_explain'"),
        ("archive_command", "'test ! -f /srv/wal/%f && cp %p /srv/wal/%f'"),
        ("search_path", "public"),
        ("password_encryption", "'scram-sha-256'"),
        ("scram_iterations", "10000"),
        // No line of pg_hba.conf asks for Kerberos.
        ("krb_caseins_users", "on"),
    ] {
        if is_known(&pair, name) {
            pair.server.sql("postgres", &format!("ALTER SYSTEM SET {name} = {value}"));
        }
    }
    assert_eq!(Pair::found(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn a_setting_removed_from_its_file_ends_with_a_reload() {
    let pair = Pair::with(&["lo_compat_privileges=on"], "");
    let file = pair.server.data().join("postgresql.conf");
    let text = std::fs::read_to_string(&file).unwrap();
    let left: Vec<&str> = text.lines().filter(|line| !line.starts_with("lo_compat_privileges")).collect();
    assert!(left.len() < text.lines().count());
    std::fs::write(&file, left.join("\n") + "\n").unwrap();
    let result = pair.verify(&[], 4);
    assert_eq!(
        result["findings"][0]["fix"],
        "SELECT pg_catalog.pg_reload_conf();\n\
         -- no file sets lo_compat_privileges: if it stays, remove it from the server's command line"
    );
    pair.server.reload();
    until("it is off", || pair.server.value("postgres", "SHOW lo_compat_privileges") == "off");
    pair.verify(&[], 0);
}

#[test]
fn a_world_writable_configuration_file_is_named() {
    let pair = Pair::new();
    let folder = tempfile::tempdir().unwrap();
    let (extra, later) = (folder.path().join("extra.conf"), folder.path().join("later"));
    let set_mode = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    std::fs::write(&extra, "").unwrap();
    std::fs::create_dir(&later).unwrap();
    for (path, mode) in [(folder.path(), 0o755), (&extra, 0o644), (&later, 0o755)] {
        set_mode(path, mode);
    }
    let file = pair.server.data().join("postgresql.conf");
    let text = std::fs::read_to_string(&file).unwrap();
    let include =
        format!("include '{}'\ninclude_if_exists = '{}/none.conf'", extra.display(), later.display());
    std::fs::write(&file, format!("{text}\n{include}\n")).unwrap();
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    for (path, mode, named) in [(&extra, 0o666, &extra), (&later, 0o1777, &later.join("none.conf"))] {
        set_mode(path, mode);
        let result = pair.verify(&[], 4);
        let expected = format!("high | server-setting | - | PUBLIC | - | file {}", named.display());
        assert_eq!(Pair::grave(&result), [expected]);
        let fix =
            format!("-- for the host's administrator: on the server's host: chmod o-w '{}'", path.display());
        assert_eq!(result["findings"][0]["fix"], fix);
        set_mode(path, mode & 0o755);
    }
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
}

/// Values that change how text is read or printed, or what a statement means.
const ODD: &[&str] = &[
    "standard_conforming_strings=off",
    "quote_all_identifiers=on",
    "bytea_output=escape",
    "datestyle=SQL",
    "intervalstyle=sql_standard",
    "timezone=America/St_Johns",
    "extra_float_digits=-15",
    "xmlbinary=hex",
    "xmloption=document",
    "array_nulls=off",
    "row_security=off",
    "default_transaction_isolation=serializable",
    "client_min_messages=debug1",
    "jit_above_cost=0",
];

#[test]
fn odd_settings_of_the_server_the_admin_and_the_databases_change_no_result() {
    let found = |pair: &Pair| {
        pair.server.sql("red_db", "GRANT TRUNCATE ON item TO red_app");
        Pair::grave(&pair.verify(&["--probes", "full"], 4))
    };
    let usual = found(&Pair::new());
    let odd = Pair::with(ODD, "");
    for (name, value) in ODD.iter().map(|setting| setting.split_once('=').unwrap()) {
        for place in ["ROLE postgres", "DATABASE red_db", "DATABASE postgres"] {
            odd.server.sql("postgres", &format!("ALTER {place} SET {name} = '{value}'"));
        }
    }
    assert_eq!(found(&odd), usual);
}
