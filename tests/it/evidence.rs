//! `verify-isolation --evidence` and `evidence verify`: a statement whose changes are noticed.

use serde_json::Value;

use crate::audit::support::Pair;
use crate::support::{ADMIN_PASSWORD, Done, new_ssh_key};

const WHO: &str = "ci@example.com";

/// A pair with a key, and a signed statement of its proof.
fn signed(code: i32, open: &str) -> Pair {
    let pair = Pair::new();
    pair.server.sql("postgres", open);
    new_ssh_key(&pair.project.path().join("key"));
    let public = pair.project.read("key.pub");
    pair.project.write("signers", &format!("{WHO} {public}"));
    let write = ["--probes", "full", "--evidence", "proof.json", "--sign-key", "key"];
    pair.project.run(&[&["verify-isolation"], &write[..]].concat()).expect(code);
    pair
}

fn check(pair: &Pair, identity: &str, code: i32) -> Done {
    let verify = ["evidence", "verify", "proof.json", "--allowed-signers", "signers", "--identity", identity];
    pair.project.run(&verify).expect(code)
}

#[test]
fn a_statement_says_what_was_proven_and_is_checked_without_a_server() {
    let pair = signed(
        4,
        "GRANT CONNECT ON DATABASE blue_db TO red_app; CREATE ROLE cdc LOGIN REPLICATION CONNECTION LIMIT 1",
    );
    let text = pair.project.read("proof.json");
    let made: Value = serde_json::from_str(&text).unwrap();
    let predicate = &made["predicate"];
    assert_eq!(
        (made["_type"].as_str(), predicate["exit_code"].as_i64()),
        (Some("https://in-toto.io/Statement/v1"), Some(4))
    );
    let found = predicate["findings"].as_array().unwrap();
    assert!(
        found.iter().any(|one| one["id"] == "foreign-database-connect" && one["role"] == "red_app"),
        "{text}"
    );
    let identifier = pair.server.value("postgres", "SELECT system_identifier::text FROM pg_control_system()");
    assert_eq!(predicate["servers"][0]["system_identifier"], identifier.as_str());
    assert_eq!(made["subject"][0]["name"], "martydb.yaml");
    let passwords = ["red_app", "blue_migrator"].map(|role| pair.project.password(role));
    for secret in passwords.iter().map(String::as_str).chain([ADMIN_PASSWORD, "127.0.0.1"]) {
        assert!(!text.contains(secret), "{secret}");
    }
    pair.server.stop();
    let said = check(&pair, WHO, 0).said();
    assert!(said.contains("valid: signed by ci@example.com") && said.contains("exit code 4"), "{said}");
}

#[test]
fn whatever_is_not_the_signed_statement_of_this_manifest_is_refused_with_the_reason() {
    let pair = signed(0, "SELECT 1");
    let (proof, manifest, signers) =
        (pair.project.read("proof.json"), pair.project.read("martydb.yaml"), pair.project.read("signers"));
    let reason = |identity: &str, expected: &str| {
        let said = check(&pair, identity, 3).said();
        assert!(said.contains("not valid: ") && said.contains(expected), "{expected}\n{said}");
    };
    reason("eve@example.com", "the signature of eve@example.com does not hold");
    new_ssh_key(&pair.project.path().join("other"));
    pair.project.write("signers", &format!("{WHO} {}", pair.project.read("other.pub")));
    reason(WHO, "does not hold");
    pair.project.write("signers", &signers);
    pair.project.write("proof.json", &proof.replacen("\"exit_code\": 0", "\"exit_code\": 1", 1));
    reason(WHO, "does not hold");
    pair.project.write("proof.json", &proof);
    pair.project.write("martydb.yaml", &format!("{manifest}# changed\n"));
    reason(WHO, "martydb.yaml is not the proven one");
    pair.project.write("martydb.yaml", &manifest);
    check(&pair, WHO, 0);
    // A statement that is written again without a key has no signature.
    pair.project.run(&["verify-isolation", "--probes", "none", "--evidence", "proof.json"]).expect(0);
    reason(WHO, "it is not signed");
    let refused = pair
        .project
        .run(&["verify-isolation", "--probes", "none", "--evidence", "proof.json", "--sign-key", "absent"]);
    assert!(refused.expect(1).said().contains("cannot sign"));
    reason(WHO, "it is not signed");
}
