//! The example receivers of web hooks. [`super::effects`] lists the failures.

use std::process::Command;

use super::effects::{self, KEY, Trial, Way};
use super::{emit, programs};
use crate::support::until;

/// Events and kills.
const SHORT: (u64, u64) = (2_400, 6);

#[test]
fn the_python_receiver_handles_each_event_once() {
    if let Some(receiver) = programs::python("receiver/receiver.py", "psycopg") {
        effects::take_place_once("rvp", Way::hook(), &receiver, SHORT);
    }
}

#[test]
fn the_rust_receiver_handles_each_event_once() {
    if let Some(receiver) = programs::example("receiver") {
        effects::take_place_once("rvr", Way::hook(), &receiver, SHORT);
    }
}

/// Both refuse what the relay has not signed.
#[test]
fn an_event_with_a_wrong_signature_is_rejected() {
    let python = programs::python("receiver/receiver.py", "psycopg");
    let rust = programs::example("receiver");
    let python = python.as_ref().map(|program| ("rvx", program as &dyn Fn() -> Command));
    let rust = rust.as_ref().map(|program| ("rvy", program as &dyn Fn() -> Command));
    for (prefix, program) in python.into_iter().chain(rust) {
        let trial = Trial::new(prefix, Way::hook(), program);
        emit(&trial.server, &format!("{prefix}_a"), 3, 1);
        let receiver = trial.program();
        let Way::Hook { address } = &trial.way else { unreachable!() };
        until("it listens", || std::net::TcpStream::connect(address).is_ok());
        let mut command = trial.project.command(&["relay", "--once"]);
        command.env("HOOK_KEY", "another");
        let done = trial.project.finish(command).expect(5);
        assert!(done.stderr.contains("the web hook answered 401"), "{}", done.stderr);
        assert_eq!(trial.server.value(&format!("{prefix}_b"), "SELECT count(*)::text FROM inbox"), "0");
        let mut command = trial.project.command(&["relay", "--once"]);
        command.env("HOOK_KEY", KEY);
        trial.project.finish(command).expect(0);
        assert_eq!(trial.server.value(&format!("{prefix}_b"), "SELECT count(*)::text FROM inbox"), "3");
        drop(receiver);
    }
}
