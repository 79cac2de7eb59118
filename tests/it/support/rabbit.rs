//! A RabbitMQ server, and what a test asks of it.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lapin::options::{
    BasicAckOptions, BasicGetOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};

use super::server::free_port;

/// Not the wrapper, which changes to an account of its own.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// A server of a test.
pub struct Rabbit {
    port: u16,
    _folder: tempfile::TempDir,
    child: Child,
}

impl Rabbit {
    /// Starts one; `None` where there is no program for it.
    pub fn start() -> Option<Rabbit> {
        if !Path::new(PROGRAM).exists() {
            eprintln!("rabbitmq-server is not installed: this is NOT tested");
            return None;
        }
        let (port, distribution) = (free_port(), free_port());
        let folder = tempfile::Builder::new().prefix("martydb-it-rabbit-").tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut command = Command::new(PROGRAM);
        command
            // Where it dies it leaves a dump.
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env("RABBITMQ_NODENAME", format!("martydb{port}@localhost"))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", port.to_string())
            .env("RABBITMQ_DIST_PORT", distribution.to_string())
            .env("RABBITMQ_MNESIA_BASE", path("data"))
            .env("RABBITMQ_LOG_BASE", path("log"))
            .env("RABBITMQ_PID_FILE", path("pid"))
            .env("RABBITMQ_CONFIG_FILE", path("none"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("plugins"))
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 1:1")
            .env("ERL_EPMD_ADDRESS", "127.0.0.1");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(90), "rabbitmq-server does not listen");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(Rabbit { port, _folder: folder, child })
    }

    /// Its address, for the one user that it has from the start.
    pub fn url(&self) -> String {
        format!("amqp://guest@127.0.0.1:{}", self.port)
    }

    async fn channel(&self) -> (Connection, Channel) {
        let url = format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port);
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    /// Makes a topic exchange and a queue that gets what the key says.
    pub fn bind(&self, exchange: &str, queue: &str, key: &str) {
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
    pub fn take(&self, queue: &str) -> Vec<(String, BasicProperties, String)> {
        run(async {
            let (connection, channel) = self.channel().await;
            let mut all = vec![];
            while let Some(got) = channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap() {
                got.ack(BasicAckOptions::default()).await.unwrap();
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
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
