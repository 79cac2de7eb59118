//! A monitor that serves, and a client that scrapes it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::{Project, until};

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A `martydb monitor`, `relay` or `serve` that listens; it is stopped when this is dropped.
pub(crate) struct Served {
    child: Child,
    pub address: String,
    said: Arc<Mutex<String>>,
    /// Ends with the command's standard error.
    reader: JoinHandle<()>,
}

/// An answer over HTTP.
pub(crate) struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Series by name and labels as written.
pub(crate) type Series = BTreeMap<String, f64>;

impl Served {
    /// Starts one on a free port.
    pub(crate) fn start(project: &Project, arguments: &[&str]) -> Served {
        let mut all = vec!["monitor", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        Served::run(project.command(&all))
    }

    /// Starts a command that listens on a free port.
    pub(crate) fn run(mut command: Command) -> Served {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let address = loop {
            let line = lines.next().map(Result::unwrap);
            let line = line.unwrap_or_else(|| panic!("it ended: {}", said.lock().unwrap()));
            said.lock().unwrap().push_str(&format!("{line}\n"));
            if let Some((_, address)) = line.split_once("://") {
                break address.trim_end_matches("/metrics").to_owned();
            }
        };
        let log = said.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                log.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Served { child, address, said, reader }
    }

    /// Returns its output on standard error.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// A connection over TLS to a listener with this certificate for `localhost`.
    pub(crate) fn tls(&self, certificate: &CertificateDer<'static>) -> impl Read + Write + use<> {
        self.tls_as(certificate, None)
    }

    /// The same as a client with a certificate and its key.
    pub(crate) fn tls_as(
        &self,
        certificate: &CertificateDer<'static>,
        client: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    ) -> impl Read + Write + use<> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            Some((certificate, key)) => config.with_client_auth_cert(vec![certificate], key).unwrap(),
            None => config.with_no_client_auth(),
        };
        let session =
            rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        rustls::StreamOwned::new(session, TcpStream::connect(&self.address).unwrap())
    }

    pub(crate) fn get(&self, path: &str, headers: &str) -> Response {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        ask(stream, &self.address, path, headers)
    }

    /// The series of one scrape, each once.
    pub(crate) fn scrape(&self) -> Series {
        let answer = self.get("/metrics", "Accept: application/openmetrics-text\r\n");
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.ends_with("# EOF\n"), "{}", answer.body);
        series(&answer.body)
    }

    /// Scrapes until it holds, and says how long that took.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Series) -> bool) -> Duration {
        let (begun, last) = (Instant::now(), RefCell::default());
        let shown = fmt::from_fn(|out| {
            let series: std::cell::Ref<Series> = last.borrow();
            let lines = series.iter().map(|(name, value)| format!("{name} {value}\n"));
            write!(out, "{what}:\n{}\n{}", lines.collect::<String>(), self.said())
        });
        until(shown, || {
            last.replace(self.scrape());
            holds(&last.borrow())
        });
        begun.elapsed()
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal that does not end it.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end, and returns the exit code with its output on standard error.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.last_output())
    }

    /// Sends a signal, and returns the exit code and how long the end took.
    pub(crate) fn end(mut self, signal: Signal) -> (Option<i32>, Duration, String) {
        let begun = Instant::now();
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let code = self.child.wait().unwrap().code();
        let took = begun.elapsed();
        (code, took, self.last_output())
    }

    /// Returns all of its output on standard error, whose last line may come after its end.
    fn last_output(&self) -> String {
        until("standard error was read", || self.reader.is_finished());
        self.said()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// One request over an open stream.
pub(crate) fn ask(mut stream: impl Read + Write, host: &str, path: &str, headers: &str) -> Response {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    Response { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// Returns the exposed series; a duplicate fails.
pub(crate) fn series(text: &str) -> Series {
    let mut all = Series::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        for label in ["project=\"", "service=\"", "server=\"", "database=\""] {
            assert!(name.contains(label), "without {label}: {line}");
        }
        let before = all.insert(name.to_owned(), value.parse().unwrap());
        assert!(before.is_none(), "twice: {line}");
    }
    all
}

/// The value of the one series of this metric that has all of these labels.
pub(crate) fn value(series: &Series, metric: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let has = |name: &str| labels.iter().all(|(label, value)| name.contains(&format!("{label}=\"{value}\"")));
    let mut found = series.iter().filter(|(name, _)| name.starts_with(&format!("{metric}{{")) && has(name));
    let one = found.next().map(|(_, value)| *value);
    assert!(found.next().is_none(), "{metric} {labels:?} is not one series");
    one
}
