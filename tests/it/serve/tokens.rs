//! Callers that prove themselves by signed tokens, and callers with a login of `access`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Server};

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

#[test]
fn a_token_selects_only_declared_callers() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "srt", "{ claims: true }");
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let public = pair.public_key().as_ref().to_vec();
    let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": URL_SAFE_NO_PAD.encode(&public)}]});
    project.write("keys.json", &set.to_string());
    let manifest = project.read("martydb.yaml").replace(
        "  callers:\n",
        "  jwt: { jwks: keys.json, audience: martydb }\n  callers:\n    report: { service: srt_a, access: srt_report }\n    anonymous: { service: srt_a, as: read }\n",
    );
    let access = "access:\n  srt_report: { login: true, read: [srt_a], reason: monthly figures }\n";
    project.write("martydb.yaml", &format!("{manifest}{access}"));
    project.write(
        "srt_a/migrations/V2__claims.sql",
        "CREATE VIEW claimed AS SELECT session_user::text AS login, current_setting('request.jwt.claims')::json ->> 'caller' AS caller,\n\
         current_setting('request.jwt.claims')::json ->> 'team' AS team;\n",
    );
    project.write("srt_a/migrations/V2__claims.down.sql", "DROP VIEW claimed;\n");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let reader = key(&project, "reader");
    let service = DataService::start(&project);

    let later = i64::MAX / 2;
    let claims = |caller: &str| json!({"sub": caller, "aud": "martydb", "exp": later, "team": "blue", "caller": "forged"});
    let header = json!({"alg": "EdDSA", "kid": "one"});
    let signed = |claims: &Value| token(&header, claims, |message| pair.sign(message).as_ref().to_vec());
    let with = |name: &str, value: Value| {
        let mut claims = claims("writer");
        claims[name] = value;
        claims
    };
    let claimed = |key: &str| {
        let answer = service.ask("GET", "/srt_a/rest/claimed", Some(key), &[], "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()[0].clone()
    };
    let of = |login: &str, caller: &str, team: Value| json!({"login": login, "caller": caller, "team": team});
    assert_eq!(claimed(&signed(&claims("reader"))), of("srt_a_serve_ro", "reader", json!("blue")));
    assert_eq!(claimed(&reader), of("srt_a_serve_ro", "reader", Value::Null));
    assert_eq!(claimed(&signed(&claims("report"))), of("srt_report", "report", json!("blue")));
    let row = r#"{"name":"Ada"}"#;
    let by_public = |message: &[u8]| {
        ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public), message).as_ref().to_vec()
    };
    for (expected, method, key) in [
        (201, "POST", signed(&claims("writer"))),
        (403, "POST", signed(&claims("reader"))),
        (403, "POST", signed(&claims("report"))),
        (403, "GET", signed(&claims("other"))),
        (401, "GET", signed(&claims("srt_a_owner"))),
        (401, "GET", signed(&claims("postgres"))),
        (401, "GET", signed(&claims("anonymous"))),
        (401, "GET", signed(&with("exp", json!(1)))),
        (401, "GET", signed(&with("aud", json!("another service")))),
        (401, "GET", signed(&with("sub", Value::Null))),
        (401, "GET", token(&json!({"alg": "none"}), &claims("writer"), |_| vec![])),
        (401, "GET", token(&json!({"alg": "HS256"}), &claims("writer"), by_public)),
        (
            401,
            "GET",
            token(&json!({"alg": "EdDSA", "kid": "two"}), &claims("writer"), |message| {
                pair.sign(message).as_ref().to_vec()
            }),
        ),
    ] {
        let body = if method == "POST" { row } else { "" };
        let answer = service.ask(method, "/srt_a/rest/customer", Some(&key), &[], body);
        assert_eq!(answer.status, expected, "{method} {key}: {}", answer.body);
    }

    // The issuer's keys are read again: tokens of the former one are refused.
    project.write("keys.json", &set.to_string().replace("\"one\"", "\"next\""));
    service.reload();
    let former = signed(&claims("reader"));
    crate::support::until("the former key is refused", || {
        service.ask("GET", "/srt_a/rest/customer", Some(&former), &[], "").status == 401
    });
    let next = token(&json!({"alg": "EdDSA", "kid": "next"}), &claims("reader"), |message| {
        pair.sign(message).as_ref().to_vec()
    });
    assert_eq!(claimed(&next), of("srt_a_serve_ro", "reader", json!("blue")));
    assert!(!service.said().contains(&former), "{}", service.said());
}
