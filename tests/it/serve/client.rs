//! A `martydb serve` that runs, and a client that asks it.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;

use crate::monitor::served::{PATIENCE, Served};
use crate::support::Project;

/// A process that serves; it is stopped when this is dropped.
pub(crate) struct DataService(Served);

/// An answer over HTTP.
pub(crate) struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    fn parse(text: &str) -> Option<Answer> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }

    /// Returns a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl DataService {
    pub(crate) fn start(project: &Project) -> DataService {
        DataService(Served::run(project.command(&["serve"])))
    }

    /// Starts one for one of the services.
    pub(crate) fn start_part(project: &Project, service: &str) -> DataService {
        DataService(Served::run(project.command(&["serve", "-s", service])))
    }

    /// Returns its memory in kB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }

    /// Returns the time of a processor that it has used.
    pub(crate) fn processor_time(&self) -> std::time::Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.pid())).unwrap_or_default();
        // Fields 14 and 15, in hundredths of a second, counted behind the name in parentheses (proc(5)).
        let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
        std::time::Duration::from_millis(
            10 * fields.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>(),
        )
    }

    /// Returns its address.
    pub(crate) fn address(&self) -> &str {
        &self.0.address
    }

    /// Sends a request, and returns the connection on which the answer will arrive.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> TcpStream {
        send_to(&self.0.address, method, path, key, headers, body)
    }

    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        ask_at(&self.0.address, method, path, key, headers, body)
    }

    /// Returns its output on standard error.
    pub(crate) fn said(&self) -> String {
        self.0.said()
    }

    pub(crate) fn reload(&self) {
        self.0.signal(Signal::HUP);
    }

    /// Kills it.
    pub(crate) fn kill(&self) {
        self.0.signal(Signal::KILL);
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        self.0.signal(Signal::TERM);
    }

    /// Waits for its end, and returns its exit code with its output on standard error.
    pub(crate) fn ended(self) -> (Option<i32>, String) {
        self.0.ended()
    }

    /// Asks it to stop, and returns its exit code.
    pub(crate) fn stop(self) -> Option<i32> {
        self.0.end(Signal::TERM).0
    }
}

fn send_to(
    address: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    headers: &[(&str, &str)],
    body: &str,
) -> TcpStream {
    try_send_to(address, method, path, key, headers, body).unwrap()
}

fn try_send_to(
    address: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    if let Some(key) = key {
        head.push_str(&format!("Authorization: Bearer {key}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(head.as_bytes())?;
    Ok(stream)
}

/// Asks a process, or a balancer before some, by its address.
pub(crate) fn ask_at(
    address: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut stream = send_to(address, method, path, key, headers, body);
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    Answer::parse(&text).unwrap_or_else(|| panic!("no answer: {text}"))
}

/// The same of a process that may end meanwhile: then there is no answer.
pub(crate) fn try_ask_at(
    address: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let mut stream = try_send_to(address, method, path, key, headers, body).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Answer::parse(&text)
}
