//! The servers, the project, and the commands, which are killed at random moments.

use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::super::across::programs;
use super::super::{SERVICES, SHARED, all_answers, map};
use super::rows;
use crate::support::{Done, Project, Server, number};

/// Beside the four: it is provisioned and never split, as that to which they are compared.
pub(crate) const EXTRA: (&str, &str) = ("extra", "marty_extra");

/// Clients write a lot, and the log would hold every statement.
const SETTINGS: &[&str] = &[
    "wal_level=logical", "max_replication_slots=20", "max_wal_senders=20", "log_statement=none",
    "log_connections=off", "autovacuum=on",
];

/// Placement of the databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Servers {
    One,
    Two,
    /// The source on the first major, the targets on the second.
    Majors(&'static str, &'static str),
}

/// Sizes, from the environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub megabytes: u64,
    /// For each phase.
    pub kills: u64,
}

impl Size {
    pub(crate) fn or(megabytes: u64, kills: u64) -> Size {
        Size {
            megabytes: number("MARTYDB_SPLIT_MB").unwrap_or(megabytes),
            kills: number("MARTYDB_SPLIT_KILLS").unwrap_or(kills),
        }
    }
}

pub(crate) struct World {
    pub source: Server,
    target: Option<Server>,
    pub project: Project,
}

/// End of a command that a kill was aimed at.
pub(crate) enum Attempt {
    Killed,
    /// It was faster.
    Ended(Done),
}

impl World {
    /// The shared database with its rows, and the services with their databases and roles; `None` without servers of these majors.
    pub(crate) fn start(servers: Servers, megabytes: u64) -> Option<World> {
        let start = |major: &str| Some(Server::start_from_with(&programs(major)?, SETTINGS));
        let (source, target) = match servers {
            Servers::One => (Server::start_with(SETTINGS), None),
            Servers::Two => (Server::start_with(SETTINGS), Some(Server::start_with(SETTINGS))),
            Servers::Majors(old, new) => (start(old)?, Some(start(new)?)),
        };
        rows::fill(&source, SHARED, megabytes);
        let project = project(&source, target.as_ref());
        let world = World { source, target, project };
        world.project.run(&["apply", "--all", "-y"]).expect(0);
        Some(world)
    }

    pub(crate) fn target(&self) -> &Server {
        self.target.as_ref().unwrap_or(&self.source)
    }

    pub(crate) fn split(&self, arguments: &[&str]) -> Done {
        self.project.run(&[&["split"], arguments].concat())
    }

    /// The map, with its answers or without.
    pub(crate) fn map(&self, answered: bool) {
        let text = map(if answered { all_answers() } else { " []".into() }.as_str());
        let server = if self.target.is_some() { "old" } else { "main" };
        self.project.write("split.yaml", &text.replace("server: main", &format!("server: {server}")));
    }

    /// Returns the phase of each service; empty before the first copy.
    pub(crate) fn phases(&self) -> Vec<String> {
        let there = "SELECT to_regclass('martydb_split.service') IS NOT NULL";
        if self.source.value(SHARED, there) != "t" {
            return vec![];
        }
        let query = "SELECT phase FROM martydb_split.service ORDER BY name";
        self.source.sql(SHARED, query).into_iter().flatten().collect()
    }

    pub(crate) fn all_are(&self, phase: &str) -> bool {
        let phases = self.phases();
        phases.len() == SERVICES.len() && phases.iter().all(|one| one == phase)
    }

    /// A command in a group of its own.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.project.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command.spawn().unwrap()
    }

    /// Runs a command, and ends it after this time as a power cut would, with all that it started.
    pub(crate) fn attempt(&self, arguments: &[&str], after: Duration) -> Attempt {
        let (mut child, begun) = (self.spawn(arguments), Instant::now());
        while begun.elapsed() < after {
            if child.try_wait().unwrap().is_some() {
                return Attempt::Ended(ended(child));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        kill(child);
        Attempt::Killed
    }
}

/// Returns the output of a child that ends by itself.
pub(crate) fn ended(child: Child) -> Done {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Ends a child and what it started.
pub(crate) fn kill(child: Child) {
    // Until it is waited for, no other process has its number.
    let _gone = kill_process_group(Pid::from_child(&child), Signal::KILL);
    child.wait_with_output().unwrap();
}

fn project(source: &Server, target: Option<&Server>) -> Project {
    let server = |name: &str, server: &Server| {
        format!("  {name}:\n    url: {}\n    password_env: DB_PASSWORD\n", server.url())
    };
    let mut text = "version: 1\nproject: marty\nservers:\n".to_owned();
    text += &server("main", target.unwrap_or(source));
    if target.is_some() {
        text += &server("old", source);
    }
    text += "services:\n";
    for (name, database) in SERVICES.iter().chain([&EXTRA]) {
        text += &format!("  {name}: {{ server: main, database: {database} }}\n");
    }
    let project = Project::with_manifest(&text);
    let all_kinds = "CREATE TYPE kind AS ENUM ('a'); CREATE DOMAIN code AS text; CREATE SEQUENCE numbers;
        CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind kind) PARTITION BY RANGE (id);
        CREATE TABLE things_1 PARTITION OF things DEFAULT; CREATE VIEW some_things AS SELECT id FROM things;
        CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';";
    project.write("extra/migrations/V1__all_kinds.sql", &all_kinds.replace(" PRIMARY KEY", ""));
    project.write("extra/migrations/V1__all_kinds.down.sql", "-- martydb: irreversible: it is a test\n");
    project
}
