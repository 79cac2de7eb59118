//! `sslmode`, against a server with a certificate of its own authority.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use martydb_pg::server::{Endpoint, Host, Login, Tls, TlsMode};
use martydb_pg::wire::{Address, Attempt, Credentials, LoginRequest, Outcome, Stage};
use secrecy::SecretString;

use super::support::{Server, provision};

const LINE: &str = "local all postgres trust\n";

fn openssl(folder: &Path, arguments: &str) {
    let out = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output();
    let out = out.expect("these tests make certificates with openssl");
    assert!(out.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&out.stderr));
}

/// An authority `NAME.crt`; the server's certificate is for `localhost` and nothing else.
fn authority(folder: &Path, name: &str) -> PathBuf {
    openssl(
        folder,
        &format!(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.crt \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign"
        ),
    );
    folder.join(format!("{name}.crt"))
}

async fn switch_on(server: &Server) -> PathBuf {
    let folder = server.folder();
    let root = authority(folder, "root");
    std::fs::write(folder.join("san"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(folder, "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
    openssl(
        folder,
        "x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -days 2 -extfile san \
         -out server.crt",
    );
    let data = std::fs::metadata(server.file("data")).unwrap();
    for file in ["server.key", "server.crt"] {
        let place = server.file("data").join(file);
        std::fs::copy(folder.join(file), &place).unwrap();
        std::fs::set_permissions(&place, PermissionsExt::from_mode(0o600)).unwrap();
        std::os::unix::fs::chown(&place, Some(data.uid()), Some(data.gid())).unwrap();
    }
    server.sql("postgres", "ALTER SYSTEM SET ssl = on").await;
    server.reload_hba(&format!("{LINE}host all all 127.0.0.1/32 scram-sha-256\n")).await;
    root
}

async fn attempt(server: &Server, host: &str, mode: TlsMode, root: Option<&Path>) -> Attempt {
    let tls = Tls { mode, root_certificate: root.map(Into::into), ..Tls::default() };
    let endpoint = Endpoint { host: Host::Tcp(host.into()), port: server.port(), tls };
    let login = Login::with_password("alpha_app", SecretString::from("pw of alpha_app"));
    let request = LoginRequest {
        database: "alpha_db",
        parameters: &[],
        queries: &[],
        timeout: Duration::from_secs(10),
    };
    let address = Address::resolve(&endpoint).await.unwrap();
    address.attempt(&mut Credentials::new(login), &request).await
}

/// Let in with or without TLS, refused, or stopped at a stage; and in how many connections.
fn short(attempt: &Attempt) -> (String, u32) {
    let outcome = match &attempt.outcome {
        Outcome::Accepted(session) => if session.tls { "tls" } else { "plain" }.into(),
        Outcome::Rejected(refused) => refused.sqlstate.clone(),
        Outcome::Failed(broken) if matches!(broken.stage, Stage::Tls | Stage::NoTls) => "no tls".into(),
        Outcome::Failed(broken) => broken.why.clone(),
    };
    (outcome, attempt.connections)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sslmode_behaves_as_in_libpq() {
    use TlsMode::*;
    let server = Server::start().await;
    provision(&server, "alpha", "").await;
    for (mode, expected) in [(Prefer, ("plain", 1)), (Allow, ("plain", 1)), (Require, ("no tls", 1))] {
        let (outcome, connections) = short(&attempt(&server, "127.0.0.1", mode, None).await);
        assert_eq!((outcome.as_str(), connections), expected, "without TLS: {mode:?}");
    }
    let root = switch_on(&server).await;
    let other = authority(server.folder(), "other");
    let both = "host all all 127.0.0.1/32 scram-sha-256";
    let secure = "hostssl all all 127.0.0.1/32 scram-sha-256";
    let plain = "hostnossl all all 127.0.0.1/32 scram-sha-256";
    let (root, other) = (Some(root.as_path()), Some(other.as_path()));
    let cases = [
        (both, "127.0.0.1", Disable, None, ("plain", 1)),
        (both, "127.0.0.1", Allow, None, ("plain", 1)),
        (both, "127.0.0.1", Prefer, None, ("tls", 1)),
        (both, "127.0.0.1", Require, None, ("tls", 1)),
        (both, "127.0.0.1", Require, other, ("no tls", 1)),
        (both, "127.0.0.1", VerifyCa, root, ("tls", 1)),
        (both, "127.0.0.1", VerifyCa, other, ("no tls", 1)),
        (both, "127.0.0.1", VerifyCa, None, ("no tls", 1)),
        (both, "127.0.0.1", VerifyFull, root, ("no tls", 1)),
        (both, "localhost", VerifyFull, root, ("tls", 1)),
        (secure, "127.0.0.1", Disable, None, ("28000", 1)),
        (secure, "127.0.0.1", Allow, None, ("tls", 2)),
        (secure, "127.0.0.1", Prefer, None, ("tls", 1)),
        (plain, "127.0.0.1", Prefer, None, ("plain", 2)),
        (plain, "127.0.0.1", Require, None, ("28000", 1)),
    ];
    let mut before = both;
    for (line, host, mode, root, expected) in cases {
        if line != before {
            server.reload_hba(&format!("{LINE}{line}\n")).await;
            before = line;
        }
        let (outcome, connections) = short(&attempt(&server, host, mode, root).await);
        assert_eq!((outcome.as_str(), connections), expected, "{line} {host} {mode:?} {root:?}");
    }
}
