//! Callers that prove themselves by a certificate.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{key, project};
use crate::monitor::served::Served;
use crate::support::{Admin, Authority, Project, Server};

#[test]
fn a_certificate_authenticates_the_caller_that_it_names() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "srx", "{}");
    let (own, other) = (Authority::new(&project, "own"), Authority::new(&project, "other"));
    own.sign_into(project.path(), "localhost", 2100);
    std::fs::set_permissions(project.path().join("server.key"), PermissionsExt::from_mode(0o600)).unwrap();
    let tls = "tls: { certificate: server.crt, key: server.key, client_ca: own.crt }";
    let manifest = project.read("martydb.yaml").replace("127.0.0.1:0", &format!("127.0.0.1:0\n  {tls}"));
    let manifest = manifest.replace("as: write }\n    other", "as: write, san: billing.example }\n    other");
    project.write("martydb.yaml", &manifest);
    let reader = key(&project, "reader");
    let service = Served::run(project.command(&["serve"]));
    let trusted = CertificateDer::from_pem_file(&own.file).unwrap();
    let status = |authority: Option<&Authority>, name: &str, method: &str, key: Option<&str>| {
        let client = authority.map(|authority| {
            let (certificate, key) = authority.sign(name, 2100);
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
            (certificate, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
        });
        let mut stream = service.tls_as(&trusted, client);
        let body = r#"{"name":"x"}"#;
        let key = key.map_or(String::new(), |key| format!("Authorization: Bearer {key}\r\n"));
        let request = format!(
            "{method} /srx_a/rest/customer HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{key}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut answer = String::new();
        let done = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
        done.ok()?;
        answer.split(' ').nth(1)?.parse::<u16>().ok()
    };
    for (authority, name, method, key, expected) in [
        (Some(&own), "reader", "GET", None, Some(200)),
        (Some(&own), "reader", "POST", None, Some(403)),
        (Some(&own), "billing.example", "POST", None, Some(201)),
        // The name of the caller itself is not its certificate's.
        (Some(&own), "writer", "POST", None, Some(401)),
        (Some(&own), "other", "GET", None, Some(403)),
        (Some(&own), "elsewhere.example", "GET", None, Some(401)),
        (Some(&own), "reader", "GET", Some("wrong"), Some(401)),
        (None, "", "GET", None, Some(401)),
        // A certificate of another authority gets no connection.
        (Some(&other), "reader", "GET", None, None),
        (Some(&other), "reader", "GET", Some(reader.as_str()), None),
        // It still serves.
        (None, "", "GET", Some(reader.as_str()), Some(200)),
    ] {
        assert_eq!(status(authority, name, method, key), expected, "{name} {method} {key:?}");
    }
    by_http2(&project, &service, &own, &reader);
    drop(service);
    let twice = manifest.replace("san: billing.example", "san: reader");
    project.write("martydb.yaml", &twice);
    let refused = project.run(&["serve"]).expect(2);
    assert!(refused.stderr.contains("of caller \"reader\" too"), "{}", refused.stderr);
}

/// The version of HTTP is what TLS agrees on, and requests are the same by each: those of people, of keys and of certificates.
fn by_http2(project: &Project, service: &Served, own: &Authority, reader: &str) {
    let known = Command::new("curl").arg("--version").output();
    if !known.is_ok_and(|known| String::from_utf8_lossy(&known.stdout).contains("HTTP2")) {
        eprintln!("SKIPPED in part: there is no curl with HTTP/2");
        return;
    }
    let (certificate, secret) = own.sign("billing.example", 2100);
    project.write("client.pem", &format!("{certificate}{secret}"));
    let curl = |arguments: &[&str], path: &str| {
        let (_, port) = service.address.rsplit_once(':').unwrap();
        let done = Command::new("curl")
            .args(["-sSg", "--max-time", "20", "--cacert", "own.crt", "--resolve"])
            .arg(format!("localhost:{port}:127.0.0.1"))
            .args(["-w", "\n%{http_version} %{http_code}"])
            .args(arguments)
            .arg(format!("https://localhost:{port}{path}"))
            .current_dir(project.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{path}: {said} {}", String::from_utf8_lossy(&done.stderr));
        said
    };
    let bearer = format!("Authorization: Bearer {reader}");
    let (key, json) = (["-H", bearer.as_str()], ["-H", "Content-Type: application/json", "-d"]);
    let typed = "/srx_a/rest/customer?select=name&name=in.(\"a>b\",\"{ü}\")&order=id";
    let made = curl(
        &[&["--cert", "client.pem"], &json[..], &["[{\"name\":\"a>b\"},{\"name\":\"{ü}\"}]"]].concat(),
        "/srx_a/rest/customer",
    );
    assert_eq!(made, "\n2 201");
    for (version, expected) in [("--http2", "2 200"), ("--http1.1", "1.1 200")] {
        let found = curl(&[&key[..], &[version]].concat(), typed);
        assert_eq!(found, format!("[{{\"name\":\"a>b\"}}, \n {{\"name\":\"{{ü}}\"}}]\n{expected}"));
    }
    assert!(curl(&["-I", "-H", &bearer], typed).ends_with("\n2 200"));
    let large = "x".repeat(900_000);
    project.write("large.json", &format!("{{\"name\":\"{large}\"}}"));
    assert!(
        curl(&[&["--cert", "client.pem"], &json[..], &["@large.json"]].concat(), "/srx_a/rest/customer")
            .contains("\n2 ")
    );
    assert!(curl(&[], "/srx_a/rest/customer").ends_with("\n2 401"));
    assert_eq!(curl(&[], "/live"), "ok\n\n2 200");
}
