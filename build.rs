//! Build information of `martydb --version`: the commit and the target, and no time, so that the same
//! sources give the same binary.
//!
//! The commit is the first of: `MARTYDB_COMMIT`, for builds without the repository; what `cargo package` wrote into its
//! archive; git's. A development build does not name one: cargo would compile the crate again after each commit.

use std::env;
use std::path::Path;
use std::process::Command;

const GIVEN: &str = "MARTYDB_COMMIT";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={GIVEN}");
    let target = env::var("TARGET").unwrap_or_default();
    let origin = match env::var("PROFILE").as_deref() {
        Ok("debug") => "development build".to_owned(),
        _ => given().or_else(packaged).or_else(committed).unwrap_or_else(|| "commit unknown".into()),
    };
    println!("cargo:rustc-env=MARTYDB_BUILD={origin}, {target}");
    if target == "x86_64-unknown-linux-gnu" && env::var("OPT_LEVEL").as_deref() == Ok("z") {
        shrink();
    }
}

/// Links the released binary smaller, by lld, which is rustup's linker of this target and zig's: with one copy of identical
/// functions, which zig's does not offer, and without unwind tables, a tenth of the file, which nothing reads where a panic
/// aborts and symbols are stripped.
fn shrink() {
    let script = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("no-unwind-tables.ld");
    let discard = "SECTIONS { /DISCARD/ : { *(.eh_frame) } } INSERT AFTER .text;\n";
    if std::fs::write(&script, discard).is_ok() {
        let script = format!("-T,{}", script.display());
        let zig = env::var("RUSTC_LINKER").is_ok_and(|linker| linker.contains("zigcc"));
        let same = (!zig).then_some("--icf=all");
        for option in same.into_iter().chain(["--no-eh-frame-hdr", &script]) {
            println!("cargo:rustc-link-arg-bins=-Wl,{option}");
        }
    }
}

/// A word, so that it cannot become another line of what cargo reads.
fn given() -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-.+_".contains(c);
    env::var(GIVEN).ok().filter(|commit| !commit.is_empty() && commit.chars().all(is_word))
}

fn packaged() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    let commit =
        rest.split('"').nth(1).filter(|commit| commit.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let dirty = if text.contains("\"dirty\": true") { "-dirty" } else { "" };
    Some(format!("{}{dirty}", commit.get(..9)?))
}

/// Only of a repository whose root this is: sources may be unpacked inside another one.
fn committed() -> Option<String> {
    let root = git(&["rev-parse", "--show-toplevel"])?;
    let same = Path::new(&root).canonicalize().ok()? == Path::new(".").canonicalize().ok()?;
    if !same {
        return None;
    }
    watch();
    let commit = git(&["describe", "--always", "--dirty", "--exclude=*", "--abbrev=9"])?;
    let day = git(&["show", "--no-patch", "--format=%cs", "HEAD"])?;
    Some(format!("{commit} {day}"))
}

/// Files that change with HEAD or with the working tree. Cargo reruns the build script each time if one is missing.
fn watch() {
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]).unwrap_or_default();
    for file in ["HEAD", "logs/HEAD", "packed-refs", &branch] {
        let path = git(&["rev-parse", "--git-path", file]).filter(|path| Path::new(path).is_file());
        path.iter().for_each(|path| println!("cargo:rerun-if-changed={path}"));
    }
    for path in ["src", "crates", "templates", "Cargo.toml", "Cargo.lock"] {
        if Path::new(path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(["-c", "core.fsmonitor=false"]).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
