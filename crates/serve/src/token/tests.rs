use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::json;

use super::*;

const SECRET: &str = "a shared secret of 32 bytes or so";
const NOW: f64 = 1_000_000.0;

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn signed(header: &Value, claims: &Value, sign: &dyn Fn(&[u8]) -> Vec<u8>) -> String {
    let message =
        format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
    let signature = encoded(&sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn by_secret(secret: &'static str) -> impl Fn(&[u8]) -> Vec<u8> {
    move |message| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message).as_ref().to_vec()
    }
}

fn rules(keys: Vec<TokenKey>) -> TokenRules {
    TokenRules { keys, audience: "martydb".into(), caller_claim: "sub".into(), lenient: false }
}

fn good() -> Value {
    json!({"sub": "billing", "aud": "martydb", "exp": NOW + 60.0})
}

#[test]
fn claims_are_checked_and_none_is_left_out() {
    let rules = rules(vec![TokenKey::of_secret(SECRET).unwrap()]);
    let header = json!({"alg": "HS256"});
    let with = |name: &str, value: Value| {
        let mut claims = good();
        claims[name] = value;
        claims
    };
    for (claims, expected) in [
        (good(), Ok(())),
        (with("aud", json!(["other", "martydb"])), Ok(())),
        (with("nbf", json!(NOW + 10.0)), Ok(())),
        (with("exp", json!(NOW - 60.0)), Err("JWT expired")),
        (with("exp", json!("later")), Err("The JWT 'exp' claim must be a number")),
        (with("exp", Value::Null), Err("The JWT has no 'exp' claim")),
        (with("nbf", json!(NOW + 60.0)), Err("JWT not yet valid")),
        (with("nbf", json!("x")), Err("The JWT 'nbf' claim must be a number")),
        (with("iat", json!(NOW + 60.0)), Err("JWT issued at future")),
        (with("aud", json!("other")), Err("JWT not in audience")),
        (with("aud", json!([])), Err("JWT not in audience")),
        (
            with("aud", json!([1, "martydb"])),
            Err("The JWT 'aud' claim must be a string or an array of strings"),
        ),
        (with("aud", Value::Null), Err("JWT not in audience")),
        (json!(["no object"]), Err("Parsing claims failed")),
    ] {
        let token = signed(&header, &claims, &by_secret(SECRET));
        let found = rules.verify(&token, NOW).map(|_| ()).map_err(|error| error.message);
        assert_eq!(found, expected.map_err(str::to_owned), "{claims}");
    }
}

#[test]
fn the_key_and_not_the_token_chooses_the_algorithm() {
    let pair =
        Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref())
            .unwrap();
    let public = pair.public_key().as_ref().to_vec();
    let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": encoded(&public)}, {"kty": "oct", "k": "AAAA"}]});
    let rules = rules(parse_keys(&set.to_string()).unwrap());
    let by_pair = |message: &[u8]| pair.sign(message).as_ref().to_vec();
    let by_public =
        |message: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), message).as_ref().to_vec();
    let nothing = |_: &[u8]| vec![];
    type Signs<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let rows: [(Value, Signs<'_>, Result<(), &str>); 8] = [
        (json!({"alg": "EdDSA", "kid": "one"}), &by_pair, Ok(())),
        (json!({"alg": "EdDSA"}), &by_pair, Ok(())),
        (json!({"alg": "EdDSA", "kid": "two"}), &by_pair, Err("No suitable key or wrong key type")),
        (json!({"alg": "EdDSA", "crit": ["exp"]}), &by_pair, Err("Wrong or unsupported encoding algorithm")),
        (json!({"alg": "EdDSA"}), &by_public, Err("JWT cryptographic operation failed")),
        (json!({"alg": "HS256"}), &by_public, Err("Wrong or unsupported encoding algorithm")),
        (json!({"alg": "none"}), &nothing, Err("Wrong or unsupported encoding algorithm")),
        (json!({"alg": "EdDSA"}), &nothing, Err("JWT cryptographic operation failed")),
    ];
    for (header, sign, expected) in rows {
        let found = rules.verify(&signed(&header, &good(), sign), NOW);
        let found = found.map(|_| ()).map_err(|error| error.message);
        assert_eq!(found, expected.map_err(str::to_owned), "{header}");
    }
    let token = signed(&json!({"alg": "EdDSA"}), &good(), &by_pair);
    let other = encoded(json!({"sub": "owner", "aud": "martydb", "exp": NOW + 60.0}).to_string().as_bytes());
    let parts: Vec<&str> = token.split('.').collect();
    let changed = format!("{}.{other}.{}", parts[0], parts[2]);
    for wrong in ["", "a.b", "a.b.c.d", "...", "e30.e30.", &changed, &format!("{token}="), &"x".repeat(9000)]
    {
        assert_eq!(rules.verify(wrong, NOW).unwrap_err().status, 401, "{wrong}");
    }
}

#[test]
fn keys_of_elliptic_curves_are_read_and_useless_sets_are_refused() {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let key = json!({"kty": "EC", "crv": "P-256", "use": "sig", "x": encoded(&point[1..33]), "y": encoded(&point[33..])});
    let rules = rules(parse_keys(&json!({"keys": [key]}).to_string()).unwrap());
    let sign = |message: &[u8]| pair.sign(&random, message).unwrap().as_ref().to_vec();
    assert!(rules.verify(&signed(&json!({"alg": "ES256"}), &good(), &sign), NOW).is_ok());
    for useless in [
        "",
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}",
    ] {
        assert!(parse_keys(useless).is_err(), "{useless}");
    }
    assert!(TokenKey::of_secret("short").is_none());
    assert_eq!(format!("{:?}", TokenKey::of_secret(SECRET).unwrap()).find("shared secret"), None);
}

#[test]
fn the_example_of_rfc_7515_a_2_is_accepted_and_a_changed_one_is_not() {
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let set = json!({"keys": [{"kty": "RSA", "n": n, "e": "AQAB"}]});
    let accepted = TokenRules { lenient: true, ..rules(parse_keys(&set.to_string()).unwrap()) };
    assert_eq!(accepted.verify(token, 1_300_819_000.0).unwrap()["iss"], "joe");
    let changed = token.replace("OiJqb2Ui", "OiJqb2Yi");
    let refused = accepted.verify(&changed, 1_300_819_000.0).unwrap_err();
    assert_eq!(refused.message, "JWT cryptographic operation failed");
}
