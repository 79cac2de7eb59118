//! The example programs that receive events, where this machine can run them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Returns `true` if Python can import these modules; says aloud what is not tested otherwise.
pub(crate) fn can_import(modules: &str, tested: &str) -> bool {
    let has =
        Command::new("python3").args(["-c", &format!("import {modules}")]).stderr(Stdio::null()).status();
    let has = has.is_ok_and(|status| status.success());
    if !has {
        eprintln!("python3 has no {modules}: {tested} is NOT tested");
    }
    has
}

/// A Python script of `examples`, if its modules can be imported.
pub(crate) fn python(script: &str, modules: &str) -> Option<impl Fn() -> Command> {
    if !can_import(modules, &format!("examples/{script}")) {
        return None;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(script);
    Some(move || {
        let mut command = Command::new("python3");
        command.arg(&path);
        command
    })
}

/// A Rust example, which cargo builds with the tests; says aloud that it is not tested if only this test was built.
pub(crate) fn example(name: &str) -> Option<impl Fn() -> Command> {
    let built: PathBuf = Path::new(env!("CARGO_BIN_EXE_martydb")).with_file_name("examples").join(name);
    if !built.exists() {
        eprintln!("{} is not built (cargo build --example {name}): it is NOT tested", built.display());
        return None;
    }
    Some(move || Command::new(&built))
}
