//! Callers that prove themselves by a certificate.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{key, project};
use crate::monitor::served::Served;
use crate::support::{Admin, Authority, Server};

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
    drop(service);
    let twice = manifest.replace("san: billing.example", "san: reader");
    project.write("martydb.yaml", &twice);
    let refused = project.run(&["serve"]).expect(2);
    assert!(refused.stderr.contains("of caller \"reader\" too"), "{}", refused.stderr);
}
