use super::*;
use martydb_pg::wire::Tls;

fn parts(tls: TlsMode) -> Parts {
    let endpoint =
        Endpoint { host: Host::Tcp("db".into()), port: 5433, tls: Tls { mode: tls, ..Tls::default() } };
    Parts::new(&endpoint, "us er", Some("p@:/%'\"\\é".into()), "d b")
}

#[test]
fn every_form_escapes_what_its_reader_would_misread() {
    let cases = [
        (Form::Uri, "postgresql://us%20er:p%40%3A%2F%25%27%22%5C%C3%A9@db:5433/d%20b"),
        (Form::Asyncpg, "postgresql+asyncpg://us%20er:p%40%3A%2F%25%27%22%5C%C3%A9@db:5433/?database=d%20b"),
        (Form::Psycopg, "postgresql+psycopg://us%20er:p%40%3A%2F%25%27%22%5C%C3%A9@db:5433/?dbname=d%20b"),
        (Form::Jdbc, "jdbc:postgresql://db:5433/d%20b?user=us%20er&password=p%40%3A%2F%25%27%22%5C%C3%A9"),
        (
            Form::Npgsql,
            "Host=\"db\";Port=5433;Database=\"d b\";Username=\"us er\";Password=\"p@:/%'\"\"\\é\";SSL Mode=Prefer",
        ),
        (Form::Pgpass, "db:5433:d b:us er:p@\\:/%'\"\\\\é"),
    ];
    for (form, expected) in cases {
        assert_eq!(parts(TlsMode::Prefer).render(form).unwrap(), expected, "{form:?}");
    }
    let env = parts(TlsMode::Require).render(Form::Env).unwrap();
    assert!(env.contains("PGPASSWORD='p@:/%'\\''\"\\é'"), "{env}");
    assert!(env.contains("PGSSLMODE='require'") && env.contains("sslmode=require"), "{env}");
}

#[test]
fn a_private_authority_is_configured_where_clients_support_it() {
    let tls = Tls { mode: TlsMode::VerifyFull, root_certificate: Some("/c a.crt".into()), ..Tls::default() };
    let endpoint = Endpoint { host: Host::Tcp("db".into()), port: 1, tls };
    let parts = Parts::new(&endpoint, "u", None, "d");
    for (form, expected) in [
        (Form::Uri, "postgresql://u@db:1/d?sslmode=verify-full&sslrootcert=%2Fc%20a.crt"),
        (Form::Jdbc, "jdbc:postgresql://db:1/d?user=u&sslmode=verify-full&sslrootcert=%2Fc%20a.crt"),
    ] {
        assert_eq!(parts.render(form).unwrap(), expected);
    }
    let refused = parts.render(Form::Asyncpg).unwrap_err();
    assert_eq!(refused.message, "the format asyncpg cannot express sslrootcert=/c a.crt");
    assert!(refused.hints[0].contains("connect_args"), "{refused:?}");
    assert!(
        parts.render(Form::Npgsql).unwrap().ends_with("SSL Mode=VerifyFull;Root Certificate=\"/c a.crt\"")
    );
}

#[test]
fn a_channel_binding_is_named_to_the_clients_that_have_it() {
    let parts = |host: Host, binding| {
        let endpoint = Endpoint { host, port: 1, tls: Tls { binding, ..Tls::default() } };
        Parts::new(&endpoint, "u", None, "d")
    };
    let tcp = || Host::Tcp("db".into());
    let required = parts(tcp(), BindingMode::Require);
    assert_eq!(required.render(Form::Uri).unwrap(), "postgresql://u@db:1/d?channel_binding=require");
    assert!(required.render(Form::Env).unwrap().contains("PGCHANNELBINDING='require'"));
    assert!(required.render(Form::Npgsql).unwrap().contains("Channel Binding=Require"));
    assert!(required.render(Form::Asyncpg).is_err(), "a requirement is not dropped");
    let disabled = parts(tcp(), BindingMode::Disable);
    assert_eq!(disabled.render(Form::Uri).unwrap(), "postgresql://u@db:1/d?channel_binding=disable");
    assert_eq!(disabled.render(Form::Asyncpg).unwrap(), "postgresql+asyncpg://u@db:1/d");
    let socket = |binding| parts(Host::Socket("/run/x".into()), binding).render(Form::Uri).unwrap();
    assert!(socket(BindingMode::Require).ends_with("&channel_binding=require"));
    assert!(!socket(BindingMode::Disable).contains("channel_binding"));
}

#[test]
fn a_socket_becomes_a_parameter() {
    let endpoint = Endpoint { host: Host::Socket("/run/x".into()), port: 5433, tls: Tls::default() };
    let text = Parts::new(&endpoint, "postgres", None, "postgres").render(Form::Uri).unwrap();
    assert_eq!(text, "postgresql://postgres@/postgres?host=%2Frun%2Fx&port=5433");
}

#[test]
fn several_hosts_and_parameters_stand_in_every_form() {
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let url = AppUrl {
        hosts: vec![("a".into(), 5432), ("::1".into(), 6432)],
        database: None,
        parameters: vec![named("sslmode", "require"), named("target_session_attrs", "prefer-standby")],
    };
    let parts = Parts::through(&url, "u", Some("p".into()), "d");
    for (form, expected) in [
        (
            Form::Uri,
            "postgresql://u:p@a:5432,[::1]:6432/d?sslmode=require&target_session_attrs=prefer-standby",
        ),
        (
            Form::Psycopg,
            "postgresql+psycopg://u:p@/d?host=a,%3A%3A1&port=5432,6432&sslmode=require&target_session_attrs=prefer-standby",
        ),
        (
            Form::Asyncpg,
            "postgresql+asyncpg://u:p@/d?host=a,%3A%3A1&port=5432,6432&ssl=require&target_session_attrs=prefer-standby",
        ),
        (
            Form::Jdbc,
            "jdbc:postgresql://a:5432,[::1]:6432/d?user=u&password=p&sslmode=require&targetServerType=preferSecondary",
        ),
        (
            Form::Npgsql,
            "Host=\"a:5432,[::1]:6432\";Database=\"d\";Username=\"u\";Password=\"p\";SSL Mode=Require;Target Session Attributes=\"prefer-standby\"",
        ),
        (
            Form::Env,
            "PGHOST='a,::1'\nPGPORT='5432,6432'\nPGDATABASE='d'\nPGUSER='u'\nPGPASSWORD='p'\nPGSSLMODE='require'\n\
             PGTARGETSESSIONATTRS='prefer-standby'\nDATABASE_URL='postgresql://u:p@a:5432,[::1]:6432/d?sslmode=require&target_session_attrs=prefer-standby'",
        ),
        (Form::Pgpass, "a:5432:d:u:p\n\\:\\:1:6432:d:u:p"),
    ] {
        assert_eq!(parts.render(form).unwrap(), expected, "{form:?}");
    }
}

#[test]
fn a_form_says_what_it_cannot_express() {
    let url = AppUrl {
        hosts: vec![("a".into(), 1)],
        database: Some("other".into()),
        parameters: vec![("sslsni".into(), "0".into())],
    };
    let parts = Parts::through(&url, "u", None, "d");
    assert_eq!(parts.render(Form::Uri).unwrap(), "postgresql://u@a:1/other?sslsni=0");
    for form in [Form::Asyncpg, Form::Jdbc, Form::Npgsql] {
        let error = parts.render(form).unwrap_err();
        assert!(error.message.contains("cannot express sslsni=0"), "{error:?}");
    }
}
