//! Ended anywhere, the next run finishes.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Project, Server};

fn interrupt_after(
    server: &Server,
    project: &Project,
    wait: Duration,
    signal: Signal,
) -> (Option<i32>, Option<i32>, String) {
    let mark = server.log().len();
    let mut child =
        project.command(&["init-all", "-y"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Counted from its first statement: how long a process takes to start is nobody's promise.
    while !server.log_since(mark).contains("statement:") && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(wait);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    if child.try_wait().unwrap().is_none() {
        kill_process(pid, signal).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), output.status.signal(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn converges(project: &Project) {
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let _ = project.run(&["plan", "--check"]).expect(0);
    let _ = project.run(&["status", "--check"]).expect(0);
}

#[test]
fn signals_end_a_run_with_130_and_the_next_one_finishes() {
    let server = Server::start();
    let project = Project::new(&server, "sig");
    let mut interrupted = 0;
    for (millis, signal) in [(30, Signal::TERM), (60, Signal::INT), (110, Signal::TERM), (170, Signal::INT)] {
        let (code, _, stderr) = interrupt_after(&server, &project, Duration::from_millis(millis), signal);
        match code {
            Some(130) => {
                interrupted += 1;
                assert!(stderr.contains("interrupted by SIG"), "{stderr}");
            }
            other => assert_eq!(other, Some(0), "{stderr}"),
        }
    }
    assert!(interrupted > 0, "every run ended before its signal");
    converges(&project);
}

#[test]
fn a_kill_at_any_moment_is_mended_by_the_next_run() {
    let server = Server::start();
    let project = Project::new(&server, "kill");
    let mut killed = 0;
    for millis in [20, 50, 90, 130, 180, 240] {
        let (_, signal, _) = interrupt_after(&server, &project, Duration::from_millis(millis), Signal::KILL);
        killed += usize::from(signal.is_some());
    }
    assert!(killed > 0, "every run ended before it was killed");
    converges(&project);
}
