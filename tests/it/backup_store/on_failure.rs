//! A program of `on_failure` that fails itself: a warning, and the result of the run stays what it was.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Done, Project, until};

const UNKNOWN: &str = "20200101T000000Z-orders-00000000";

fn project(on_failure: &str) -> Project {
    Project::with_manifest(&format!(
        "version: 1\nproject: shop\nservers: {{ main: {{ url: 'postgresql://a@127.0.0.1:1/postgres' }} }}\n\
         services: {{ orders: {{}} }}\nbackup: {{ to: kept, on_failure: {on_failure} }}\n"
    ))
}

fn failed(project: &Project) -> Done {
    let done = project.run(&["backup", "verify", UNKNOWN]).expect(2);
    assert!(done.stderr.contains(UNKNOWN), "{done:?}");
    done
}

#[test]
fn a_program_that_is_missing_or_fails_is_a_warning() {
    for (on_failure, said) in [
        ("[/no/such/program]", "\"/no/such/program\" failed: No such file or directory"),
        ("[./page]", "/page\" failed: No such file or directory"),
        ("[no-such-program]", "\"no-such-program\" failed: No such file or directory"),
        ("[sh, -c, 'echo no network >&2; exit 7']", "sh ended with exit status: 7: no network"),
        ("[sh, -c, 'exit 1']", "sh ended with exit status: 1, without a message"),
        ("[cat, /dev/zero]", "it printed more than 64 kB"),
    ] {
        let done = failed(&project(on_failure));
        assert!(done.stderr.contains("warning: the program of backup.on_failure"), "{on_failure}: {done:?}");
        assert!(done.stderr.contains(said), "{on_failure}: {done:?}");
    }
    // Without a program, or with one that succeeds and reads nothing, there is nothing to say.
    for on_failure in ["[]", "['true']"] {
        let done = failed(&project(on_failure));
        assert!(!done.stderr.contains("warning"), "{on_failure}: {done:?}");
    }
}

#[test]
fn a_hanging_program_is_stopped_with_its_children() {
    let project = project("[sh, -c, 'sleep 600 & echo $! > child; wait']");
    let began = Instant::now();
    let done = failed(&project);
    insta::assert_snapshot!(done.shown(), @r#"
    warning: the program of backup.on_failure "sh" failed: no answer within DURATION
    error: there is no backup TIME-orders-RANDOM in FOLDER/kept
    hint: `martydb backup list` shows the existing ones
    "#);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let child = project.read("child");
    let place = Path::new("/proc").join(child.trim());
    // Without a parent it may stay as an entry of the process table.
    let ended = || std::fs::read_to_string(place.join("stat")).map_or(true, |stat| stat.contains(") Z "));
    until("the child has ended", ended);
}

#[test]
fn a_program_is_found_from_the_manifests_folder() {
    let project = project("[./page]");
    project.write("page", "#!/bin/sh\ntouch \"$(dirname \"$0\")/told\"\n");
    let program = project.path().join("page");
    std::fs::set_permissions(program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::create_dir(project.path().join("below")).unwrap();
    let mut command = project.command(&["backup", "verify", UNKNOWN]);
    command.current_dir(project.path().join("below"));
    project.finish(command).expect(2);
    assert!(project.path().join("told").exists());
}
