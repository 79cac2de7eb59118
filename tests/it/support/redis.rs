//! A Redis server, and its own client.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use super::nats::has;
use super::server::free_port;
use super::until::{until, until_some};

/// A server of a test.
pub(crate) struct Redis {
    /// Port on loopback.
    pub port: u16,
    folder: tempfile::TempDir,
    /// Arguments of its program.
    arguments: Vec<String>,
    child: Option<Child>,
}

/// The admin of [`Redis::managed`].
pub(crate) const OPS: (&str, &str) = ("ops", "ops-secret");

/// The users of [`Redis::managed`], as lines of an aclfile or of a configuration file.
pub(crate) const MANAGED: &str =
    "user default off resetchannels -@all\nuser ops on >ops-secret ~* &* +@all\n";

impl Redis {
    /// Starts one whose users are these lines of its aclfile; `None` without its program.
    pub(crate) fn start(users: &str) -> Option<Redis> {
        Redis::with(users, &["--port", "{port}", "--save", "", "--aclfile", "acl/users.acl"])
    }

    /// Starts one with these arguments, in a folder with the users in `acl/users.acl`, and as its configuration in
    /// `redis.conf`.
    pub(crate) fn with(users: &str, arguments: &[&str]) -> Option<Redis> {
        has("redis-server").then(|| {
            let folder = tempfile::Builder::new().prefix("martydb-it-redis-").tempdir().unwrap();
            std::fs::create_dir(folder.path().join("acl")).unwrap();
            std::fs::write(folder.path().join("acl/users.acl"), users).unwrap();
            std::fs::write(folder.path().join("redis.conf"), users).unwrap();
            let arguments = arguments.iter().map(|&one| one.to_owned()).collect();
            let mut redis = Redis { port: 0, folder, arguments, child: None };
            until("redis-server listens at a port of its choice", || {
                redis.port = free_port();
                redis.listens()
            });
            redis
        })
    }

    /// Starts one with an admin of its own, and `default` off.
    pub(crate) fn managed() -> Option<Redis> {
        Redis::start(MANAGED)
    }

    /// Starts it again with the users that it kept.
    pub(crate) fn launch(&mut self) {
        until("redis-server listens at its port again", || self.listens());
    }

    /// Starts the program; `false` if it ended, as it does if its port or that of its cluster's bus, 10,000 above, is taken.
    fn listens(&mut self) -> bool {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command.args(self.arguments.iter().map(|one| one.replace("{port}", &port)));
        command.args(["--bind", "127.0.0.1", "--logfile", "redis.log"]);
        command.args(["--dir", &self.folder.path().display().to_string()]);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let listens = until_some("redis-server listens or ends", || {
            let ended = child.try_wait().unwrap().is_some();
            (ended || TcpStream::connect(("127.0.0.1", self.port)).is_ok()).then_some(!ended)
        });
        self.child = Some(child);
        listens
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }

    /// The folder of its aclfile.
    pub(crate) fn acl_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("acl")
    }

    /// Its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("redis.log")).unwrap_or_default()
    }

    /// Runs its own client with this URL's login and returns what it printed.
    pub(crate) fn client(&self, url: &str, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["--no-auth-warning", "--no-raw", "-u", url]).args(words);
        let output = command.stdin(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// Keeps a connection with this URL's login open until it is dropped.
    pub(crate) fn hold(&self, url: &str) -> HeldClient {
        let mut command = Command::new("redis-cli");
        command.args(["--no-auth-warning", "-u", url]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(b"PING\n").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "PONG\n");
        HeldClient(child)
    }

    /// Runs it as the admin; the command must succeed.
    pub(crate) fn ops(&self, words: &[&str]) -> String {
        let said = self.client(&self.url_of(OPS.0, OPS.1), words);
        assert!(!said.starts_with("(error)"), "{words:?}: {said}");
        said
    }

    /// A URL with a login.
    pub(crate) fn url_of(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@127.0.0.1:{}", self.port)
    }
}

/// A client that stays connected.
pub(crate) struct HeldClient(Child);

impl Drop for HeldClient {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
