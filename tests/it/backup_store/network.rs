//! A server that speaks S3, and a network that is as bad as a test wants it.

use crate::support::until;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub(crate) struct ObjectServer {
    process: Child,
    pub port: u16,
}

impl ObjectServer {
    /// Starts moto, which `scripts/object-store` installs, with a bucket `backups`.
    pub(crate) fn start() -> ObjectServer {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        static INSTALLED: OnceLock<bool> = OnceLock::new();
        let install = || Command::new(root.join("scripts/object-store")).status().unwrap().success();
        assert!(
            INSTALLED.get_or_init(install),
            "moto from PyPI; without it: cargo test -- --skip object_store"
        );
        // Free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(root.join("target/object-store/bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = ObjectServer { process, port };
        until("moto listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        assert!(server.request("PUT", "/backups").starts_with("HTTP/1.1 200"));
        server
    }

    fn request(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.port
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The keys of all objects, and how many uploads are open.
    pub(crate) fn content(&self) -> (Vec<String>, usize) {
        let of = |text: &str| -> Vec<String> {
            text.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_owned()).collect()
        };
        (of(&self.request("GET", "/backups?list-type=2")), of(&self.request("GET", "/backups?uploads")).len())
    }
}

impl Drop for ObjectServer {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Treatment of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Of every twenty, one does not arrive, and the answer to another is lost.
    Fails,
    /// None is ever answered.
    Hangs,
    /// All are refused.
    Forbids,
}

pub(crate) struct Network {
    pub port: u16,
    pub requests: Arc<AtomicUsize>,
}

impl Network {
    pub(crate) fn before(server: u16, trouble: Trouble) -> Network {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, requests) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counted = requests.clone();
        // Both end with the process of the tests.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counted = counted.clone();
                std::thread::spawn(move || pass(client, server, trouble, &counted));
            }
        });
        Network { port, requests }
    }
}

/// Passes bytes to and fro. One request follows another on a connection, so the client's first bytes after an answer are
/// a new one.
fn pass(mut client: TcpStream, server: u16, trouble: Trouble, requests: &AtomicUsize) {
    let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
    for stream in [&client, &server] {
        stream.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
    }
    let (mut answered, mut lose_answer) = (true, false);
    loop {
        match piece(&mut client) {
            Piece::End => break,
            Piece::Nothing => {}
            Piece::Bytes(bytes) => {
                if std::mem::take(&mut answered) {
                    let number = requests.fetch_add(1, Ordering::SeqCst) + 1;
                    if trouble == Trouble::Fails && number % 20 == 10 {
                        break;
                    }
                    lose_answer = trouble == Trouble::Fails && number.is_multiple_of(20);
                    if trouble == Trouble::Forbids {
                        let no = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                        client.write_all(no.as_bytes()).unwrap();
                        break;
                    }
                }
                if trouble != Trouble::Hangs && server.write_all(&bytes).is_err() {
                    break;
                }
            }
        }
        match piece(&mut server) {
            Piece::End => break,
            Piece::Nothing => {}
            Piece::Bytes(_) if lose_answer => break,
            Piece::Bytes(bytes) => {
                answered = true;
                if client.write_all(&bytes).is_err() {
                    break;
                }
            }
        }
    }
    for stream in [client, server] {
        let _gone = stream.shutdown(Shutdown::Both);
    }
}

enum Piece {
    Bytes(Vec<u8>),
    Nothing,
    End,
}

fn piece(stream: &mut TcpStream) -> Piece {
    let mut bytes = vec![0; 256 * 1024];
    match stream.read(&mut bytes) {
        Ok(0) => Piece::End,
        Ok(count) => {
            bytes.truncate(count);
            Piece::Bytes(bytes)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Piece::Nothing,
        Err(_) => Piece::End,
    }
}
