//! A Redis server, and its own client.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use super::nats::has;
use super::server::free_port;
use super::until::until;

/// A server of a test.
pub struct Redis {
    /// Where it listens, on loopback.
    pub port: u16,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

/// The admin of [`Redis::managed`].
pub const OPS: (&str, &str) = ("ops", "ops-secret");

impl Redis {
    /// Starts one whose users are these lines of its aclfile; `None` where there is no program for it.
    pub fn start(users: &str) -> Option<Redis> {
        has("redis-server").then(|| {
            let folder = tempfile::Builder::new().prefix("martydb-it-redis-").tempdir().unwrap();
            std::fs::create_dir(folder.path().join("acl")).unwrap();
            std::fs::write(folder.path().join("acl/users.acl"), users).unwrap();
            let mut redis = Redis { port: free_port(), folder, child: None };
            redis.launch();
            redis
        })
    }

    /// Starts one with an admin of its own, and `default` off.
    pub fn managed() -> Option<Redis> {
        Redis::start(&format!(
            "user default off resetchannels -@all\nuser {} on >{} ~* &* +@all\n",
            OPS.0, OPS.1
        ))
    }

    /// Starts it again with the users that it kept.
    pub fn launch(&mut self) {
        let mut command = Command::new("redis-server");
        let port = self.port.to_string();
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--aclfile", "acl/users.acl"]);
        command.args(["--dir", &self.folder.path().display().to_string(), "--logfile", "redis.log"]);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        until("redis-server listens", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }

    /// The folder of its aclfile.
    pub fn acl_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("acl")
    }

    /// Its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("redis.log")).unwrap_or_default()
    }

    /// Runs its own client with this URL's login and returns what it printed.
    pub fn client(&self, url: &str, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["--no-auth-warning", "--no-raw", "-u", url]).args(words);
        let output = command.stdin(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// Runs it as the admin; the command must succeed.
    pub fn ops(&self, words: &[&str]) -> String {
        let said = self.client(&self.url_of(OPS.0, OPS.1), words);
        assert!(!said.starts_with("(error)"), "{words:?}: {said}");
        said
    }

    /// A URL with a login.
    pub fn url_of(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
