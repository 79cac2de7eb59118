//! Sealed Secrets, opened as the controller opens them: the key with openssl, the value with the key.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::Value;

use super::custom::{objects, problems};
use crate::support::{ADMIN_PASSWORD, Done, Project, Server};

const AWKWARD: &str = "p@s:s/w%2Bo'r\"d\\ é$(x)${y}#&?=+";

const RENDER: [&str; 2] = ["render", "sealed-secrets"];

fn openssl(project: &Project, arguments: &[&str]) -> Done {
    let mut command = Command::new("openssl");
    command.args(arguments).current_dir(project.path()).stdin(Stdio::null());
    project.finish(command)
}

/// A controller's key with its certificate, in these files.
fn make_key(project: &Project, kind: &[&str]) {
    let request = [
        "req",
        "-x509",
        "-nodes",
        "-days",
        "30",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-subj",
        "/CN=controller",
    ];
    let _key = openssl(project, &[&request, kind].concat()).expect(0);
}

fn manifest(server: &Server) -> String {
    format!(
        "version: 1\nproject: sealed\ndeploy:\n  namespace: shop\n  sealed_secrets: {{ certificate: cert.pem }}\n\
         servers:\n  main: {{ url: 'postgresql://postgres@127.0.0.1:{}/postgres', password_env: OWN, deploy: {{ cidrs: [127.0.0.1/32] }} }}\n\
         services:\n  ss_a: {{ access: {{ ss_x: {{ login: true, read: [ss_a], reason: test }} }} }}\n",
        server.port
    )
}

fn with_admin(project: &Project, arguments: &[&str]) -> Done {
    let mut command = project.command(arguments);
    command.env("OWN", ADMIN_PASSWORD);
    project.finish(command)
}

/// <https://github.com/bitnami-labs/sealed-secrets/blob/main/docs/developer/crypto.md>; `None` is what the key does not open.
fn opened(project: &Project, scope: &str, sealed: &str) -> Option<String> {
    let bytes = STANDARD.decode(sealed).unwrap();
    let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    let (key, value) = bytes[2..].split_at(length);
    let label: String = scope.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut command = Command::new("openssl");
    command.args(["pkeyutl", "-decrypt", "-inkey", "key.pem", "-pkeyopt", "rsa_padding_mode:oaep"]);
    command.args(["-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", &format!("rsa_oaep_label:{label}")]);
    command.current_dir(project.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(key).unwrap();
    let output = child.wait_with_output().unwrap();
    if !output.status.success() {
        return None;
    }
    let session = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &output.stdout).unwrap());
    let mut value = value.to_vec();
    let plain =
        session.open_in_place(Nonce::assume_unique_for_key([0; 12]), Aad::empty(), &mut value).unwrap();
    Some(String::from_utf8(plain.to_vec()).unwrap())
}

fn secrets(project: &Project, text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let one = |object: Value| {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        assert_eq!(problems(&object), Some(vec![]), "{object:#}");
        assert_eq!(object["spec"]["template"]["metadata"], object["metadata"]);
        let sealed = object["spec"]["encryptedData"].as_object().unwrap();
        let open = |(key, value): (&String, &Value)| {
            let plain = opened(project, &format!("shop/{name}"), value.as_str().unwrap());
            (key.clone(), plain.expect("opens"))
        };
        let data = sealed.iter().map(open).collect();
        (name, data)
    };
    objects(text).into_iter().map(one).collect()
}

#[test]
fn the_controller_decrypts_the_sealed_secrets() {
    let server = Server::start();
    let project = Project::with_manifest(&manifest(&server));
    make_key(&project, &["-newkey", "rsa:4096"]);
    let long = "a password that no list has: 1";
    let stored = serde_json::json!({ "main": { "ss_a_app": AWKWARD, "ss_a_migrator": "m", "ss_a_ro": "r", "ss_x": long } });
    super::secrets::store(&project, &stored);
    with_admin(&project, &["apply", "--all", "-y"]).expect(0);

    let text = with_admin(&project, &RENDER).expect(0).stdout;
    for secret in [AWKWARD, long, ADMIN_PASSWORD] {
        assert!(!text.contains(secret) && !text.contains(&STANDARD.encode(secret)), "{text}");
    }
    let found = secrets(&project, &text);
    assert_eq!(found["main-admin"]["password"], ADMIN_PASSWORD);
    assert_eq!(found["main-admin"]["username"], "postgres");
    let export = [
        "secrets",
        "export",
        "--format",
        "kubernetes",
        "--values",
        "--out",
        "s.yaml",
        "--role",
        "app",
        "--role",
        "migrator",
        "--role",
        "readonly",
    ];
    project.run(&export).expect(0);
    let written = objects(&project.read("s.yaml"));
    assert_eq!((written.len(), found.len()), (4, 5));
    for exported in written {
        let name = exported["metadata"]["name"].as_str().unwrap();
        assert_eq!(serde_json::to_value(&found[name]).unwrap(), exported["stringData"], "{name}");
    }
    assert_eq!(super::secrets::who(&found["ss-a-app"]["DATABASE_URL"]), "ss_a_app in ss_a");

    // A seal is for one Secret of one namespace.
    let app = objects(&text).into_iter().find(|one| one["metadata"]["name"] == "ss-a-app").unwrap();
    let sealed = app["spec"]["encryptedData"]["PGPASSWORD"].as_str().unwrap();
    for scope in ["shop/ss-a-migrator", "other/ss-a-app", ""] {
        assert_eq!(opened(&project, scope, sealed), None, "{scope}");
    }
}

#[test]
fn sealing_is_deterministic_and_changes_with_the_secret() {
    let server = Server::start();
    let project = Project::with_manifest(&manifest(&server));
    make_key(&project, &["-newkey", "rsa:2048"]);
    project.run(&["secrets", "generate", "--all"]).expect(0);
    let text = with_admin(&project, &RENDER).expect(0).stdout;
    assert_eq!(with_admin(&project, &RENDER).expect(0).stdout, text);
    let check = ["render", "sealed-secrets", "--out", ".", "--check"];
    with_admin(&project, &check[..4]).expect(0);
    with_admin(&project, &check).expect(0);

    // One password: no text of the file tells which.
    with_admin(&project, &["apply", "--all", "-y"]).expect(0);
    with_admin(&project, &check).expect(0);
    with_admin(&project, &["rotate", "--service", "ss_a", "--role", "readonly"]).expect(0);
    with_admin(&project, &check).expect(3);
    let other = with_admin(&project, &RENDER).expect(0).stdout;
    let values = |text: &str| -> Vec<String> {
        let all = objects(text).into_iter().map(|one| one["spec"]["encryptedData"].clone());
        all.flat_map(|data| data.as_object().unwrap().values().map(ToString::to_string).collect::<Vec<_>>())
            .collect()
    };
    let (before, after) = (values(&text), values(&other));
    assert!(before.len() == after.len() && before.iter().all(|value| !after.contains(value)));

    // Another certificate.
    make_key(&project, &["-newkey", "rsa:2048"]);
    let renewed = values(&with_admin(&project, &RENDER).expect(0).stdout);
    assert!(renewed.iter().all(|value| !after.contains(value)));
    // The alternate of a pair, while it is in use.
    with_admin(&project, &["rotate", "--service", "ss_a", "--role", "app", "--overlap"]).expect(0);
    let found = secrets(&project, &with_admin(&project, &RENDER).expect(0).stdout);
    assert_eq!(found["ss-a-app"]["PGUSER"], "ss_a_app_b");
    assert_eq!(super::secrets::who(&found["ss-a-app"]["DATABASE_URL"]), "ss_a_app in ss_a");
}

#[test]
fn secrets_that_cannot_be_sealed_are_refused() {
    let server = Server::start();
    let text = manifest(&server);
    let project = Project::with_manifest(&text);
    let refused = |code: i32, expected: &str| {
        let done = with_admin(&project, &RENDER).expect(code);
        assert!(done.stderr.contains(expected) && done.stdout.is_empty(), "{expected}: {}", done.stderr);
    };
    refused(2, "cert.pem");
    project.write("cert.pem", "no certificate");
    refused(2, "is not a valid controller certificate");
    make_key(&project, &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    refused(2, "its key is not an RSA key");
    project.write("cert.pem", include_str!("expired.pem"));
    refused(2, "has expired");
    make_key(&project, &["-newkey", "rsa:2048"]);
    refused(1, "no password for");
    let short =
        serde_json::json!({ "main": { "ss_a_app": "a", "ss_a_migrator": "m", "ss_a_ro": "r", "ss_x": "x" } });
    super::secrets::store(&project, &short);
    let mut guessed = project.command(&RENDER);
    let guessed = project.finish({
        guessed.env("OWN", "short");
        guessed
    });
    assert!(guessed.expect(2).stderr.contains("can be guessed"));
    let mut unset = project.command(&RENDER);
    unset.env_remove("DB_PASSWORD").env_remove("PGPASSWORD");
    let unset = project.finish(unset).expect(2);
    assert!(unset.stderr.contains("set the variable OWN"), "{}", unset.stderr);
    project.write("martydb.yaml", &text.replace("  sealed_secrets: { certificate: cert.pem }\n", ""));
    refused(2, "kubeseal --fetch-cert");
}
