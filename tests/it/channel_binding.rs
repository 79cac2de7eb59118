//! Channel binding of SCRAM: a program between client and server that passes the proof of the password on gets no session.

use std::sync::Arc;

use rcgen::{CertificateParams, Issuer, KeyPair, PKCS_ED25519};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::support::{Authority, Project, Server};

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// AuthenticationSASL: <https://www.postgresql.org/docs/current/protocol-message-formats.html>.
const SASL: u32 = 10;

/// Program with a certificate of its own, which opens a TLS connection to the server for each of the client's.
struct Middle {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
    server: u16,
    /// Removes SCRAM-SHA-256-PLUS from what the server offers.
    strips: bool,
}

impl Middle {
    fn start(server: &Server, own: (String, String), trusted: &Authority, strips: bool) -> u16 {
        let certificate = CertificateDer::from_pem_slice(own.0.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(own.1.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let accept =
            ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let accept = accept.unwrap().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&trusted.file).unwrap()).unwrap();
        let connect = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let connect = connect.unwrap().with_root_certificates(roots).with_no_client_auth();
        let middle = Arc::new(Middle {
            acceptor: TlsAcceptor::from(Arc::new(accept)),
            connector: TlsConnector::from(Arc::new(connect)),
            server: server.port,
            strips,
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    let middle = middle.clone();
                    tokio::spawn(async move {
                        let _ended = middle.relay(client).await;
                    });
                }
            });
        });
        port
    }

    async fn relay(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut request = [0; 8];
        client.read_exact(&mut request).await?;
        client.write_all(b"S").await?;
        let mut client = self.acceptor.accept(client).await?;
        let mut server = TcpStream::connect(("127.0.0.1", self.server)).await?;
        server.write_all(&SSL_REQUEST).await?;
        assert_eq!(server.read_u8().await?, b'S');
        let name = ServerName::try_from("localhost").unwrap();
        let mut server = self.connector.connect(name, server).await?;
        // StartupMessage.
        let length = client.read_u32().await?;
        let mut startup = vec![0; length as usize - 4];
        client.read_exact(&mut startup).await?;
        server.write_u32(length).await?;
        server.write_all(&startup).await?;
        server.flush().await?;
        // AuthenticationSASL.
        let (tag, length) = (server.read_u8().await?, server.read_u32().await?);
        let mut body = vec![0; length as usize - 4];
        server.read_exact(&mut body).await?;
        if self.strips && body[..4] == SASL.to_be_bytes() {
            body.truncate(4);
            body.extend(b"SCRAM-SHA-256\0\0");
        }
        client.write_u8(tag).await?;
        client.write_u32(u32::try_from(body.len()).unwrap() + 4).await?;
        client.write_all(&body).await?;
        client.flush().await?;
        copy_bidirectional(&mut client, &mut server).await.map(drop)
    }
}

/// Certificate and key as PEM, signed by an Ed25519 key: channel binding defines no digest for that. The key itself is
/// another, because OpenSSL cannot read an Ed25519 key as it is written here.
fn without_digest() -> (String, String) {
    let issuer = Issuer::new(CertificateParams::default(), KeyPair::generate_for(&PKCS_ED25519).unwrap());
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &issuer);
    (certificate.unwrap().pem(), key.serialize_pem())
}

fn at(project: &Project, port: u16, parameters: &str) {
    project.write(
        "martydb.yaml",
        &format!(
            "version: 1\nproject: bnd\nservers:\n  main:\n    url: postgresql://postgres@localhost:{port}/postgres?{parameters}\nservices:\n  bnd_a:\n"
        ),
    );
}

#[test]
fn a_relayed_scram_proof_gets_no_session() {
    let server = Server::start();
    let project = Project::with_manifest("");
    let own = Authority::new(&project, "own");
    server.serve_tls(&own.sign("localhost", 2100));
    at(&project, server.port, "sslmode=require&channel_binding=require");
    project.run(&["apply", "--all", "-y"]).expect(0);

    let between = |strips| Middle::start(&server, own.sign("localhost", 2100), &own, strips);
    let (passing, stripping) = (between(false), between(true));
    // A program in the middle chooses its certificate, also one that cannot be bound to.
    let unbound = |strips| Middle::start(&server, without_digest(), &own, strips);
    let (passing_unbound, stripping_unbound) = (unbound(false), unbound(true));
    for (port, parameters, expected) in [
        (server.port, "sslmode=require", 0),
        (server.port, "sslmode=require&channel_binding=disable", 0),
        (server.port, "sslmode=disable", 0),
        (server.port, "sslmode=disable&channel_binding=require", 5),
        (server.port, "channel_binding=sometimes", 2),
        // The programs between do work: without channel binding they get the session.
        (passing, "sslmode=require&channel_binding=disable", 0),
        (stripping, "sslmode=require&channel_binding=disable", 0),
        (passing, "sslmode=require", 5),
        (passing, "sslmode=require&channel_binding=require", 5),
        (stripping, "sslmode=require", 5),
        (passing_unbound, "sslmode=require&channel_binding=disable", 0),
        (passing_unbound, "sslmode=require", 5),
        (stripping_unbound, "sslmode=require", 5),
        (passing_unbound, "sslmode=require&channel_binding=require", 5),
        (stripping, "sslmode=require&channel_binding=require", 5),
    ] {
        at(&project, port, parameters);
        // The admin's session, and the logins of the services.
        for command in ["plan", "test-connections"] {
            let done = project.run(&[command]);
            assert_eq!(
                done.code,
                Some(expected),
                "{command} {port} {parameters}: {}{}",
                done.stdout,
                done.stderr
            );
        }
    }
}

/// Of libpq's programs, those of PostgreSQL 15 refuse an Ed25519 certificate, too: "could not find digest for NID UNDEF".
#[test]
fn a_certificate_without_a_digest_is_refused_with_a_hint() {
    let server = Server::start();
    let project = Project::with_manifest("");
    server.serve_tls(&without_digest());
    for (parameters, expected) in [
        ("sslmode=require", 5),
        ("sslmode=require&channel_binding=require", 5),
        ("sslmode=require&channel_binding=disable", 0),
    ] {
        at(&project, server.port, parameters);
        let done = project.run(&["plan"]).expect(expected);
        assert_eq!(done.stderr.contains("channel_binding=disable"), expected == 5, "{}", done.stderr);
    }
}

#[test]
fn a_required_binding_refuses_other_methods() {
    let server = Server::start();
    let project = Project::with_manifest("");
    server.serve_tls(&Authority::new(&project, "own").sign("localhost", 2100));
    for method in ["trust", "password"] {
        std::fs::write(
            server.data().join("pg_hba.conf"),
            format!("local all all trust\nhost all all all {method}\n"),
        )
        .unwrap();
        server.reload();
        for parameters in ["sslmode=require&channel_binding=require", "channel_binding=require"] {
            at(&project, server.port, parameters);
            let done = project.run(&["plan"]).expect(5);
            assert!(done.stderr.contains("does not ask for SCRAM-SHA-256"), "{method}: {}", done.stderr);
            assert!(done.stderr.contains("scram-sha-256 on hostssl lines"), "{method}: {}", done.stderr);
        }
    }
}

#[test]
fn probes_without_tls_do_not_require_channel_binding() {
    let server = Server::start();
    let project = Project::with_manifest("");
    server.serve_tls(&Authority::new(&project, "own").sign("localhost", 2100));
    // Lines for one transport make verify-isolation try the other.
    let lines = "local all all scram-sha-256\nhostssl all all all scram-sha-256\nhostnossl all all all scram-sha-256\n";
    std::fs::write(server.data().join("pg_hba.conf"), lines).unwrap();
    server.reload();
    let inconclusive = |parameters: &str| {
        at(&project, server.port, parameters);
        let _ = project.run(&["apply", "--all", "-y"]).expect(0);
        let done = project.run(&["verify-isolation", "-o", "json"]);
        assert!(done.stdout.contains("without TLS"), "{}", done.said());
        assert!(!done.said().contains("channel binding is required"), "{}", done.said());
        (done.code, done.stdout.matches("\"inconclusive\"").count())
    };
    let (preferred, required) =
        (inconclusive("sslmode=require"), inconclusive("sslmode=require&channel_binding=require"));
    assert_eq!(preferred, required);
}
