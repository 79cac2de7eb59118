//! Brokers by TLS with an authority of one's own: whom the relay believes, and what it says where it does not.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum_server::tls_rustls::RustlsConfig;
use base64::Engine;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use super::{emit, pending, project};
use crate::support::{Admin, Authority, Done, Nats, Project, Rabbit, Server};

const PASSWORD: &str = "right-hunter2";

/// The target at a host, with a file of authorities.
type Target = Box<dyn Fn(&str, &str) -> String>;

/// A project whose first service's events go to a broker that an authority vouches for, and a second authority.
struct Reached {
    server: Server,
    project: Project,
    service: String,
    to: Target,
    /// Present text of the target.
    now: String,
}

impl Reached {
    fn new(prefix: &str, to: impl Fn(&str, &str) -> String + 'static) -> Reached {
        let server = Server::start();
        let now = to("localhost", "root_certificate: own.crt, ");
        let project = project(&server, Admin::Super, prefix, &now);
        let service = format!("{prefix}_a");
        emit(&server, &service, 12, 3);
        Reached { server, project, service, to: Box::new(to), now }
    }

    fn go(&mut self, host: &str, trusted: &str) {
        let next = (self.to)(host, trusted);
        let manifest = self.project.read("martydb.yaml");
        assert!(manifest.contains(&self.now));
        self.project.write("martydb.yaml", &manifest.replace(&self.now, &next));
        self.now = next;
    }

    fn once(&self, password: Option<&str>, code: i32) -> Done {
        let mut command = self.project.command(&["relay", "--once"]);
        if let Some(password) = password {
            command.env("BROKER_PASSWORD", password);
        }
        let done = self.project.finish(command).expect(code);
        assert!(!done.said().contains("hunter2"), "{done:?}");
        done
    }

    /// It is not reached, in these words; nothing is lost, and no attempt counts.
    fn refused(&mut self, (host, trusted): (&str, &str), password: Option<&str>, code: i32, words: &[&str]) {
        self.go(host, trusted);
        let done = self.once(password, code);
        for word in words {
            assert!(done.stderr.contains(word), "{host} {trusted}: {word}: {}", done.stderr);
        }
        let tried = format!("SELECT max(attempts)::text FROM {}_outbox", self.service);
        assert_eq!(
            (pending(&self.server, &self.service), self.server.value(&self.service, &tried)),
            (12, "0".into())
        );
    }

    /// Logins with a wrong authority, host name or password fail; the right one delivers all events.
    fn expect(&mut self, refusal: &str) {
        let right = Some(PASSWORD);
        let untrusted = "signed by an authority that is not trusted";
        let other = "root_certificate: other.crt, ";
        let own = "root_certificate: own.crt, ";
        self.refused(("localhost", other), right, 5, &[untrusted]);
        self.refused(("localhost", ""), right, 5, &[untrusted]);
        self.refused(("127.0.0.1", own), right, 5, &["certificate not valid for name \"127.0.0.1\""]);
        self.refused(("localhost", "root_certificate: none.crt, "), right, 2, &["cannot use", "none.crt"]);
        self.refused(
            ("localhost", "root_certificate: martydb.yaml, "),
            right,
            2,
            &["contains no certificate"],
        );
        self.refused(("localhost", own), Some("wrong-hunter2"), 5, &[refusal]);
        self.refused(("localhost", own), None, 2, &["the variable BROKER_PASSWORD is not set"]);
        let mut command = self.project.command(&["relay", "--once"]);
        self.project.write("password", &format!("{PASSWORD}\n"));
        command.env("BROKER_PASSWORD_FILE", self.project.path().join("password"));
        self.project.finish(command).expect(0);
        assert_eq!(pending(&self.server, &self.service), 0);
    }
}

/// The authority that the manifest names, and one that it should not.
fn authorities(project: &Project) -> Authority {
    Authority::new(project, "other");
    Authority::new(project, "own")
}

/// The files of authorities go where the manifest is.
fn give(from: &Project, to: &Project) {
    for name in ["own.crt", "other.crt"] {
        to.write(name, &from.read(name));
    }
}

fn nats(authority: &Authority, certified: &Project, last_year: i32) -> Option<Nats> {
    authority.sign_into(certified.path(), "localhost", last_year);
    let file = |name: &str| certified.path().join(name).display().to_string();
    // The test's own requests go without TLS.
    let nats = Nats::start(&format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\", timeout: 30 }}\nallow_non_tls: true\n\
         authorization {{ timeout: 30, users: [{{ user: relay, password: \"{PASSWORD}\" }}, {{ user: test, password: test }}] }}\n",
        file("server.crt"),
        file("server.key"),
    ))?;
    nats.stream("EV", &["ev.>"], &json!({}));
    Some(nats)
}

#[test]
fn nats_gets_events_only_with_a_trusted_certificate() {
    let certified = Project::with_manifest("");
    let own = authorities(&certified);
    let Some(reached) = nats(&own, &certified, 2100) else { return };
    let port = reached.port;
    let target = move |host: &str, trusted: &str, port: u16| {
        format!(
            "{{ nats: \"tls://relay@{host}:{port}\", {trusted}password_env: BROKER_PASSWORD, subject: \"ev.{{service}}\" }}"
        )
    };
    let mut all = Reached::new("rtn", move |host, trusted| target(host, trusted, port));
    give(&certified, &all.project);
    // One whose certificate ran out.
    let folder = Project::with_manifest("");
    let Some(expired) = nats(&own, &folder, 2002) else { return };
    let live = std::mem::replace(&mut all.to, {
        let port = expired.port;
        Box::new(move |host, trusted| target(host, trusted, port))
    });
    let place = ("localhost", "root_certificate: own.crt, ");
    all.refused(place, Some(PASSWORD), 5, &["certificate expired", "needs a new certificate"]);
    all.to = live;
    all.expect("authorization violation");
    assert_eq!(reached.last("EV"), 12);
}

#[test]
fn rabbitmq_gets_events_only_with_a_trusted_certificate() {
    let certified = Project::with_manifest("");
    let own = authorities(&certified);
    let Some(rabbit) = Rabbit::with_tls(&own, "relay", PASSWORD, 2100) else { return };
    rabbit.bind("marty", "things", "rtr_a.#");
    let Some(expired) = Rabbit::with_tls(&own, "relay", PASSWORD, 2002) else { return };
    let (port, expired_port) = (rabbit.tls_port, expired.tls_port);
    let target = move |host: &str, trusted: &str, port: u16| {
        format!(
            "{{ amqp: \"amqps://relay@{host}:{port}\", {trusted}exchange: marty, password_env: BROKER_PASSWORD }}"
        )
    };
    let mut all = Reached::new("rtr", move |host, trusted| target(host, trusted, port));
    give(&certified, &all.project);
    let live =
        std::mem::replace(&mut all.to, Box::new(move |host, trusted| target(host, trusted, expired_port)));
    let place = ("localhost", "root_certificate: own.crt, ");
    all.refused(place, Some(PASSWORD), 5, &["certificate expired"]);
    all.to = live;
    all.expect("ACCESS_REFUSED");
    assert_eq!(rabbit.take("things").len(), 12);
}

/// A web hook by TLS that lets one user in; the port that it listens at.
fn hook(authority: &Authority, last_year: i32) -> u16 {
    let (certificate, key) = authority.sign("localhost", last_year);
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("relay:{PASSWORD}"));
    let handler = move |headers: HeaderMap| async move {
        let known = headers.get("authorization").is_some_and(|one| *one == format!("Basic {expected}"));
        if known { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let config = RustlsConfig::from_config(Arc::new(config));
            let app = Router::new().route("/in", post(handler));
            let served = axum_server::from_tcp_rustls(listener, config).unwrap();
            served.serve(app.into_make_service()).await.unwrap();
        });
    });
    port
}

#[test]
fn a_web_hook_gets_events_only_with_a_trusted_certificate() {
    let certified = Project::with_manifest("");
    let own = authorities(&certified);
    let (port, expired) = (hook(&own, 2100), hook(&own, 2002));
    let target = move |host: &str, trusted: &str, port: u16| {
        format!(
            "{{ http: \"https://relay@{host}:{port}/in?key=hunter2\", {trusted}password_env: BROKER_PASSWORD }}"
        )
    };
    let mut all = Reached::new("rth", move |host, trusted| target(host, trusted, port));
    give(&certified, &all.project);
    let live = std::mem::replace(&mut all.to, Box::new(move |host, trusted| target(host, trusted, expired)));
    let place = ("localhost", "root_certificate: own.crt, ");
    all.refused(place, Some(PASSWORD), 5, &["certificate expired"]);
    all.to = live;
    all.expect("the web hook answered 401");
}
