//! Transactions that were prepared and wait for their owner to commit them.

use super::support::Pair;

#[test]
fn a_prepared_role_change_that_a_login_may_commit_is_a_finding() {
    let pair = Pair::with(&["max_prepared_transactions=5"], "");
    let prepare = |what: &str, role: &str, name: &str| {
        let sql = format!("BEGIN; {what}; SET LOCAL ROLE {role}; PREPARE TRANSACTION '{name}'");
        pair.server.sql("red_db", &sql);
    };
    prepare("INSERT INTO public.item (name) VALUES ('x')", "red_app", "work");
    prepare("GRANT pg_read_server_files TO red_owner", "postgres", "own");
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    prepare("GRANT pg_write_server_files TO red_migrator", "red_migrator", "change");
    let result = pair.verify(&[], 4);
    let expected = "high | prepared-transaction | red | red_migrator | red_db | prepared transaction change";
    assert_eq!(Pair::grave(&result), [expected]);
    let evidence = result["findings"][0]["evidence"].as_str().unwrap();
    assert!(
        evidence.ends_with("; it writes to pg_auth_members, and red_migrator may commit that"),
        "{evidence}"
    );
    pair.server.sql("red_db", "ROLLBACK PREPARED 'change'");
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
}

/// A GRANT on a function gives its lock back before the end of the transaction.
#[test]
fn a_prepared_grant_of_a_superuser_that_a_login_may_commit_is_a_finding() {
    let pair = Pair::with(&["max_prepared_transactions=5"], "");
    pair.server.sql(
        "red_db",
        "CREATE SCHEMA ops; CREATE FUNCTION ops.run(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE q; END'; REVOKE ALL ON FUNCTION ops.run FROM PUBLIC",
    );
    let found = |severity: &str, what: &str| {
        pair.server
            .sql("red_db", &format!("BEGIN; {what}; SET LOCAL ROLE red_app; PREPARE TRANSACTION 'gift'"));
        let result = pair.verify(&[], 4);
        let line =
            format!("{severity} | prepared-transaction | red | red_app | red_db | prepared transaction gift");
        assert_eq!(Pair::grave(&result), [line], "{what}");
        pair.server.sql("red_db", "ROLLBACK PREPARED 'gift'");
        result["findings"][0]["evidence"].as_str().unwrap().to_owned()
    };
    let evidence =
        found("high", "INSERT INTO item (name) VALUES ('x'); GRANT EXECUTE ON FUNCTION ops.run TO red_app");
    assert!(evidence.contains("it changes function ops.run(text) of postgres"), "{evidence}");
    found("high", "GRANT CONNECT ON DATABASE blue_db TO red_app");
    found("high", "GRANT USAGE ON SCHEMA ops TO red_app");
    let evidence =
        found("medium", "CREATE FUNCTION ops.more() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'");
    assert!(evidence.contains("it works on no table"), "{evidence}");
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
}
