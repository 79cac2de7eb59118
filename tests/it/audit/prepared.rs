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
