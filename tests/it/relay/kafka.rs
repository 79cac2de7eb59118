//! A cluster of Kafka: librdkafka's mock cluster in a process of its own, in a build with the feature `kafka`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::programs;
use crate::support::Dice;

const TOPIC: &str = "ev";

/// A cluster of three brokers, which ends with its input.
pub(crate) struct KafkaCluster {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: String,
    leader: u32,
}

impl KafkaCluster {
    /// Starts one; `None` in a build without the feature.
    pub(crate) fn start() -> Option<KafkaCluster> {
        if !cfg!(feature = "kafka") {
            eprintln!("this build has no client of Kafka: this is NOT tested");
            return None;
        }
        let mut command = programs::example("relay-kafka")?();
        // Partitions keep few megabytes each.
        command.args(["cluster", TOPIC, "12"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut cluster = KafkaCluster { child, input, output, address: String::new(), leader: 0 };
        cluster.address = cluster.answer();
        Some(cluster)
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn order(&mut self, order: &str) {
        writeln!(self.input, "{order}").unwrap();
        assert_eq!(self.answer(), "done", "{order}");
    }

    /// The target in the manifest.
    pub(crate) fn to(&self) -> String {
        format!("{{ kafka: \"{}\", topic: {TOPIC} }}", self.address)
    }

    /// Tells a consumer of `examples` where its events come from.
    pub(crate) fn consumed_by<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.arg(TOPIC).env("KAFKA_CLUSTER", &self.address)
    }

    /// Closes all connections, and listens again a while later with other leaders; what was written stays.
    pub(crate) fn kill(&mut self, dice: &mut Dice) {
        self.order("down");
        dice.pause(1, 400);
        self.leader += 1;
        self.order(&format!("lead {}", self.leader));
        self.order("up");
    }
}

impl Drop for KafkaCluster {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
