//! A NATS server with JetStream, and a client that shares no code with the product.
//!
//! The protocol: <https://docs.nats.io/reference/reference-protocols/nats-protocol>

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};

use super::server::free_port;
use super::until::{until, until_some};

/// A server of a test.
pub(crate) struct Nats {
    /// Port on loopback.
    pub port: u16,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

/// Contents of a stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamMessage {
    pub subject: String,
    pub headers: BTreeMap<String, String>,
    pub data: String,
}

/// Returns `true` if the machine has the program; a test without its program prints that, and ends.
pub(crate) fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = found.is_ok();
    if !there {
        eprintln!("{program} is not installed: this is NOT tested");
    }
    there
}

impl Nats {
    /// Starts one with an empty store; `None` without its program.
    pub(crate) fn start(configuration: &str) -> Option<Nats> {
        has("nats-server").then(|| {
            let port = free_port();
            let folder = tempfile::Builder::new().prefix("martydb-it-nats-").tempdir().unwrap();
            std::fs::write(folder.path().join("nats.conf"), configuration).unwrap();
            let mut nats = Nats { port, folder, child: None };
            nats.launch();
            nats
        })
    }

    /// Starts it again with what it kept.
    pub(crate) fn launch(&mut self) {
        let mut command = Command::new("nats-server");
        command.args([
            "-a",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
            "-js",
            "-c",
            "nats.conf",
            "-sd",
            "store",
        ]);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        until("nats-server listens", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }

    /// Stops it where it stands, or lets it go on.
    pub(crate) fn freeze(&self, frozen: bool) {
        let pid = rustix::process::Pid::from_child(self.child.as_ref().unwrap());
        let signal = if frozen { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Makes a stream; retried, because JetStream is ready a moment after the port is.
    pub(crate) fn stream(&self, name: &str, subjects: &[&str], more: &Value) {
        let mut config = json!({"name": name, "subjects": subjects, "storage": "file", "retention": "limits",
            "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "num_replicas": 1, "discard": "old"});
        for (key, value) in more.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        until(format!("the stream {name} is made"), || {
            let answers = self.requests(&[(format!("$JS.API.STREAM.CREATE.{name}"), config.to_string())]);
            let answer: Value = serde_json::from_slice(&answers[0]).unwrap_or_default();
            answer["config"]["name"] == name
        });
    }

    /// Returns the number of messages that a stream has received.
    pub(crate) fn last(&self, name: &str) -> u64 {
        until_some(format!("there is a stream {name}"), || {
            let answers = self.requests(&[(format!("$JS.API.STREAM.INFO.{name}"), String::new())]);
            let answer: Value = serde_json::from_slice(&answers[0]).unwrap_or_default();
            answer["state"]["last_seq"].as_u64()
        })
    }

    /// Everything that a stream holds, in order.
    pub(crate) fn messages(&self, name: &str) -> Vec<StreamMessage> {
        let ask = |number| (format!("$JS.API.STREAM.MSG.GET.{name}"), json!({"seq": number}).to_string());
        let all: Vec<_> = (1..=self.last(name)).map(ask).collect();
        let answers = all.chunks(500).flat_map(|chunk| self.requests(chunk));
        let decode = |text: &Value| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_str().unwrap_or_default());
            String::from_utf8(bytes.unwrap()).unwrap()
        };
        let read = |answer: Vec<u8>| {
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            let message = &answer["message"];
            let headers = decode(&message["hdrs"]);
            let headers = headers.lines().filter_map(|line| line.split_once(':'));
            StreamMessage {
                subject: message["subject"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned(),
                headers: headers.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect(),
                data: decode(&message["data"]),
            }
        };
        answers.map(read).collect()
    }

    /// Sends requests together and returns the answers in the order of the requests.
    pub(crate) fn requests(&self, all: &[(String, String)]) -> Vec<Vec<u8>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let mut text = "CONNECT {\"verbose\":false,\"headers\":true,\"user\":\"test\",\"pass\":\"test\"}\r\nSUB inbox.* 1\r\n".to_owned();
        for (number, (subject, body)) in all.iter().enumerate() {
            text += &format!("PUB {subject} inbox.{number} {}\r\n{body}\r\n", body.len());
        }
        (&stream).write_all(text.as_bytes()).unwrap();
        let mut answers = vec![vec![]; all.len()];
        let mut left = all.len();
        while left > 0 {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0, "nats-server hung up");
            let words: Vec<&str> = line.split_whitespace().collect();
            let (Some(&"MSG" | &"HMSG"), Some(last)) = (words.first(), words.last()) else { continue };
            let mut body = vec![0; last.parse::<usize>().unwrap() + 2];
            reader.read_exact(&mut body).unwrap();
            body.truncate(body.len() - 2);
            let number: usize = words[1].rsplit('.').next().unwrap().parse().unwrap();
            answers[number] = body;
            left -= 1;
        }
        answers
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
