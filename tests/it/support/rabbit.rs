//! A RabbitMQ server, and what a test asks of it.

use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lapin::options::{BasicGetOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};

use super::Authority;
use super::server::free_port;
use super::until::{until, until_some};

/// Not the wrapper, which changes to an account of its own.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// A server whose ports are taken ends at once.
const ATTEMPTS: usize = 3;

/// A server of a test.
pub(crate) struct Rabbit {
    port: u16,
    /// Port for TLS, if any.
    pub tls_port: u16,
    /// Of the other nodes, and of its own tools.
    distribution: u16,
    /// Its one user, and that one's password.
    login: (String, String),
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Rabbit {
    /// Starts one; `None` without its program.
    pub(crate) fn start() -> Option<Rabbit> {
        Rabbit::with(None)
    }

    /// The same with a user of its own and a second listener by TLS, whose certificate the authority signs for `localhost`.
    pub(crate) fn with_tls(
        authority: &Authority,
        user: &str,
        password: &str,
        last_year: i32,
    ) -> Option<Rabbit> {
        Rabbit::with(Some((authority, user, password, last_year)))
    }

    /// Starts one whose disk counts as full: it blocks who publishes (<https://www.rabbitmq.com/docs/disk-alarms>).
    pub(crate) fn with_alarm() -> Option<Rabbit> {
        let mut rabbit = Rabbit::prepared(("guest", "guest"))?;
        rabbit.configure("disk_free_limit.absolute = 100000GB\n");
        rabbit.launch();
        let log = rabbit.folder.path().join("log").join(format!("martydb{}@localhost.log", rabbit.port));
        until("the alarm is raised", || {
            std::fs::read_to_string(&log).is_ok_and(|text| text.contains("disk resource limit alarm set"))
        });
        Some(rabbit)
    }

    fn prepared(login: (&str, &str)) -> Option<Rabbit> {
        if !Path::new(PROGRAM).exists() {
            eprintln!("rabbitmq-server is not installed: this is NOT tested");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("martydb-it-rabbit-").tempdir().unwrap();
        let (port, tls_port, distribution) = (free_port(), free_port(), free_port());
        let login = (login.0.to_owned(), login.1.to_owned());
        Some(Rabbit { port, tls_port, distribution, login, folder, child: None })
    }

    fn configure(&self, text: &str) {
        std::fs::write(self.folder.path().join("rabbitmq.conf"), text).unwrap();
    }

    fn with(tls: Option<(&Authority, &str, &str, i32)>) -> Option<Rabbit> {
        let login = tls.map_or(("guest", "guest"), |(_, user, password, _)| (user, password));
        let mut rabbit = Rabbit::prepared(login)?;
        if let Some((authority, user, password, last_year)) = tls {
            authority.sign_into(rabbit.folder.path(), "localhost", last_year);
            let file = |name: &str| rabbit.folder.path().join(name).display().to_string();
            let text = format!(
                "listeners.ssl.1 = 127.0.0.1:{}\nssl_options.cacertfile = {}\nssl_options.certfile = {}\n\
                 ssl_options.keyfile = {}\nssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n\
                 default_user = {user}\ndefault_pass = {password}\n",
                rabbit.tls_port,
                authority.file.display(),
                file("server.crt"),
                file("server.key")
            );
            rabbit.configure(&text);
        }
        rabbit.launch();
        if tls.is_some() {
            rabbit.wait_for(rabbit.tls_port);
        }
        Some(rabbit)
    }

    /// Starts it again with what it kept, and once more if one of its ports was taken meanwhile.
    pub(crate) fn launch(&mut self) {
        for _ in 0..ATTEMPTS {
            self.child = Some(self.spawn());
            if self.listens_or_ends() {
                return;
            }
            self.kill();
        }
        panic!("rabbitmq-server ends: see {}", self.folder.path().join("log").display());
    }

    fn spawn(&self) -> Child {
        let path = |name: &str| self.folder.path().join(name);
        // The shell waits for its input to end: when this test process dies, however it dies, the server does. And the shell
        // ends with the server.
        let mut command = Command::new("sh");
        command.args(["-c", "(\"$0\"; kill -KILL 0) & read _; kill -KILL 0", PROGRAM]);
        command
            // A crash leaves a dump in the folder.
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            // The wrapper becomes the server, and what ends the one ends the other.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env("RABBITMQ_NODENAME", format!("martydb{}@localhost", self.port))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", self.distribution.to_string())
            .env("RABBITMQ_MNESIA_BASE", path("data"))
            .env("RABBITMQ_LOG_BASE", path("log"))
            .env("RABBITMQ_PID_FILE", path("pid"))
            .env("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("plugins"))
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 1:1")
            .env("ERL_EPMD_ADDRESS", "127.0.0.1");
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Waits until it listens, or returns `false` if it ended.
    fn listens_or_ends(&mut self) -> bool {
        until_some("rabbitmq-server listens", || {
            let has_ended = self.child.as_mut().unwrap().try_wait().unwrap().is_some();
            let listens = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            (has_ended || listens).then_some(listens)
        })
    }

    fn wait_for(&self, port: u16) {
        until("rabbitmq-server listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let group = rustix::process::Pid::from_child(&child);
            let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            let _reaped = child.wait();
        }
    }

    /// Suspends it: connections stay open without an answer.
    pub(crate) fn freeze(&self) {
        let group = rustix::process::Pid::from_child(self.child.as_ref().unwrap());
        rustix::process::kill_process_group(group, rustix::process::Signal::STOP).unwrap();
    }

    /// Its address, for the one user that it has from the start.
    pub(crate) fn url(&self) -> String {
        format!("amqp://guest@127.0.0.1:{}", self.port)
    }

    async fn channel(&self) -> (Connection, Channel) {
        let (user, password) = &self.login;
        let url = format!("amqp://{user}:{password}@127.0.0.1:{}/%2f", self.port);
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    /// Makes a topic exchange and a queue that gets what the key says.
    pub(crate) fn bind(&self, exchange: &str, queue: &str, key: &str) {
        run(async {
            let (connection, channel) = self.channel().await;
            let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
            let none = FieldTable::default;
            channel.exchange_declare(exchange.into(), ExchangeKind::Topic, durable, none()).await.unwrap();
            channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), none()).await.unwrap();
            let options = QueueBindOptions::default();
            channel.queue_bind(queue.into(), exchange.into(), key.into(), options, none()).await.unwrap();
            connection.close(200, "done".into()).await.unwrap();
        });
    }

    /// Takes everything that a queue holds.
    pub(crate) fn take(&self, queue: &str) -> Vec<(String, BasicProperties, String)> {
        run(async {
            let (connection, channel) = self.channel().await;
            let mut all = vec![];
            let gone = BasicGetOptions { no_ack: true };
            while let Some(got) = channel.basic_get(queue.into(), gone).await.unwrap() {
                let body = String::from_utf8(got.delivery.data.clone()).unwrap();
                all.push((got.delivery.routing_key.to_string(), got.delivery.properties.clone(), body));
            }
            connection.close(200, "done".into()).await.unwrap();
            all
        })
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(work)
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        self.kill();
    }
}
