//! SECURITY DEFINER functions of superusers that read passwords, in databases of no service.

use super::support::Pair;

/// A pooler's own login is meant to have them; what every role may call, any login of its database may.
#[test]
fn a_lookup_of_passwords_that_every_role_may_call_is_critical() {
    let pair = Pair::new();
    for sql in [
        "CREATE DATABASE lobby",
        "CREATE ROLE pooler LOGIN CONNECTION LIMIT 3",
        "REVOKE ALL ON DATABASE lobby FROM PUBLIC; GRANT CONNECT ON DATABASE lobby TO pooler",
    ] {
        pair.server.sql("postgres", sql);
    }
    let source = "BEGIN SELECT usename, passwd FROM pg_shadow WHERE usename = login INTO name, verifier; END";
    let lookup = format!(
        "CREATE SCHEMA lookup; GRANT USAGE ON SCHEMA lookup TO PUBLIC; CREATE FUNCTION lookup.get_auth(login text, OUT name text, OUT verifier text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS '{source}'"
    );
    pair.server.sql("lobby", &lookup);
    let expected = "critical | definer-function | - | PUBLIC | lobby | function lookup.get_auth(text)";
    let found = Pair::grave(&pair.verify(&[], 4));
    assert!(found.iter().any(|line| line.starts_with(expected)), "{found:#?}");
    let close = "REVOKE ALL ON FUNCTION lookup.get_auth FROM PUBLIC; GRANT EXECUTE ON FUNCTION lookup.get_auth TO pooler";
    pair.server.sql("lobby", close);
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
}
