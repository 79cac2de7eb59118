//! The HTTP listener: whatever a client sends, nothing that is guarded is shown without a password.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use martydb_http::{Bound, HttpListener, Routes};

use super::engine::{Target, fuzz};

/// `user:password`, as the header has it.
const KNOWN: &str = "dXNlcjpwYXNzd29yZA==";

const GUARDED: &str = "only for users";

const TOKENS: &[&str] = &[
    "GET ",
    "HEAD ",
    "POST ",
    "OPTIONS * ",
    "CONNECT ",
    "/metrics",
    "/live",
    "/",
    "//",
    "/../",
    "%2e%2e/",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    " HTTP/2.0\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "Host: localhost\r\n",
    "Host: evil.example\r\n",
    "Host: \r\n",
    "Authorization: Basic ",
    "authorization: basic ",
    "Authorization: Bearer x\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Transfer-Encoding: chunked\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "Connection: close\r\n",
    "Connection: upgrade\r\nUpgrade: h2c\r\n",
    "Expect: 100-continue\r\n",
    "\r\n",
    "\n",
    "\r",
    ":",
    " ",
    "\t",
    "\0",
    "é",
    "dXNlcjp4\r\n",
    "==",
];

static PORT: LazyLock<u16> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap().keep();
    let users = folder.join("users");
    std::fs::write(&users, "user:password\n").unwrap();
    std::fs::set_permissions(&users, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (sender, port) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async move {
            let address = "127.0.0.1:0".parse().unwrap();
            let listener = HttpListener {
                address,
                flag: "--listen",
                certificate: None,
                key: None,
                client_authority: None,
                users: Some(users),
            };
            let probes = Router::new().route("/live", get(async || "alive"));
            let guarded = Router::new().route("/metrics", get(async || GUARDED));
            let bound = Bound::new(&listener, Routes { probes, open: Router::new(), guarded }).unwrap();
            let greeting = bound.greeting("");
            sender.send(greeting.rsplit(':').next().unwrap().parse().unwrap()).unwrap();
            bound.serve().await.unwrap();
        });
    });
    port.recv().unwrap()
});

/// Ends most connections at once, whatever the input has left open.
const LAST: &[u8] = b"\r\n\r\nGET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A server that waits for the rest of a body has said nothing wrong.
const PATIENCE: Duration = Duration::from_millis(100);

fn run(bytes: &[u8]) -> Vec<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", *PORT)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = vec![];
    // It may hang up before everything is sent.
    drop(stream.write_all(&[bytes, LAST].concat()));
    drop(stream.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let with_password = bytes.windows(KNOWN.len()).any(|part| part == KNOWN.as_bytes());
    assert!(with_password || !answer.contains(GUARDED), "{answer}");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1."), "{answer}");
    answer.lines().filter(|line| !line.starts_with("date:")).map(str::to_owned).collect()
}

#[test]
fn requests_never_open_guarded_paths() {
    let request = |text: &str| format!("{text} HTTP/1.1\r\nHost: localhost\r\n");
    let seeds = vec![
        format!("{}Authorization: Basic {KNOWN}\r\n\r\n", request("GET /metrics")),
        format!("{}Authorization: Basic dXNlcjp4\r\n\r\n", request("GET /metrics")),
        format!("{}\r\n{}Connection: close\r\n\r\n", request("GET /live"), request("HEAD /metrics")),
        format!("{}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", request("POST /live")),
    ];
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(String::into_bytes).collect();
    let shown = run(&seeds[0]);
    assert!(shown.iter().any(|line| line.starts_with(GUARDED)), "{shown:?}");
    fuzz(&Target { name: "http", seeds, tokens: TOKENS, run });
}
