//! Shipping: the commit that a build names.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// build.rs as a program; it has no dependencies.
fn build_script() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build-script");
        let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
        let mut command = Command::new(rustc);
        command.args(["--edition=2024", "-o"]).arg(&program).arg(root().join("build.rs"));
        assert!(command.status().unwrap().success());
        program
    })
}

/// Sources in a folder of their own.
struct Sources(tempfile::TempDir);

impl Sources {
    fn new() -> Sources {
        let sources = Sources(tempfile::tempdir().unwrap());
        std::fs::create_dir(sources.path().join("src")).unwrap();
        std::fs::write(sources.path().join("src/main.rs"), "fn main() {}\n").unwrap();
        sources
    }

    fn committed() -> Sources {
        let sources = Sources::new();
        sources.git(&["init", "--quiet", "--initial-branch=main"]);
        sources.commit();
        sources
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.path()).args(arguments);
        for name in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{name}_NAME"), "a").env(format!("GIT_{name}_EMAIL"), "a@example.com");
            command.env(format!("GIT_{name}_DATE"), "2026-01-02T03:04:05Z");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=x"]);
    }

    /// Returns the variables that cargo gets, in a profile and with further variables.
    fn told_with(&self, folder: &Path, profile: &str, variables: &[(&str, &str)]) -> Told {
        let mut command = Command::new(build_script());
        command.current_dir(folder).env("PROFILE", profile).env("TARGET", "a-target").stderr(Stdio::null());
        command.env_remove("MARTYDB_COMMIT").envs(variables.iter().copied());
        Told(String::from_utf8(command.output().unwrap().stdout).unwrap())
    }

    fn reported(&self) -> Told {
        self.told_with(self.path(), "release", &[])
    }
}

struct Told(String);

impl Told {
    fn build(&self) -> &str {
        let line = self.0.lines().find_map(|line| line.strip_prefix("cargo:rustc-env=MARTYDB_BUILD="));
        line.and_then(|line| line.strip_suffix(", a-target")).unwrap_or_else(|| panic!("{}", self.0))
    }

    fn watched(&self, folder: &Path) -> Vec<PathBuf> {
        let lines = self.0.lines().filter_map(|line| line.strip_prefix("cargo:rerun-if-changed="));
        lines.map(|path| folder.join(path)).collect()
    }
}

#[test]
fn a_build_names_the_commit_and_its_day_and_whether_the_tree_differs() {
    let sources = Sources::committed();
    let commit = sources.git(&["rev-parse", "--short=9", "HEAD"]);
    assert_eq!(sources.reported().build(), format!("{commit} 2026-01-02"));
    std::fs::write(sources.path().join("src/main.rs"), "fn main() { }\n").unwrap();
    assert_eq!(sources.reported().build(), format!("{commit}-dirty 2026-01-02"));
    assert_eq!(sources.told_with(sources.path(), "debug", &[]).build(), "development build");
}

/// A file among those that cargo watches changes with each, whichever way the references are kept.
#[test]
fn each_move_of_head_changes_the_version() {
    let sources = Sources::committed();
    let moves: [&dyn Fn(); 4] =
        [&|| sources.commit(), &|| drop(sources.git(&["pack-refs", "--all"])), &|| sources.commit(), &|| {
            drop(sources.git(&["checkout", "--quiet", "--detach", "HEAD~1"]))
        }];
    let contents = |files: &[PathBuf]| -> Vec<Vec<u8>> {
        files.iter().filter_map(|file| std::fs::read(file).ok()).collect()
    };
    for (n, moved) in moves.iter().enumerate() {
        let files: Vec<PathBuf> = sources.reported().watched(sources.path());
        let there: Vec<&PathBuf> = files.iter().filter(|file| !file.ends_with("build.rs")).collect();
        assert!(there.iter().all(|file| file.exists()), "cargo would run the script each time: {files:?}");
        let (before, head) = (contents(&files), sources.git(&["rev-parse", "HEAD"]));
        moved();
        let same = sources.git(&["rev-parse", "HEAD"]) == head;
        assert!(same || contents(&files) != before, "move {n} was not seen: {files:?}");
    }
    // In a worktree, `.git` is a file.
    let tree = sources.path().join("tree");
    sources.git(&["worktree", "add", "--quiet", "tree", "main"]);
    let reported = sources.told_with(&tree, "release", &[]);
    assert_eq!(reported.build(), format!("{} 2026-01-02", sources.git(&["rev-parse", "--short=9", "main"])));
    assert!(reported.watched(&tree).iter().any(|file| file.ends_with("logs/HEAD")), "{}", reported.0);
}

#[test]
fn sources_without_a_repository_take_the_commit_from_a_variable() {
    let sources = Sources::new();
    assert_eq!(sources.reported().build(), "commit unknown");
    let given = |commit: &str| {
        sources.told_with(sources.path(), "release", &[("MARTYDB_COMMIT", commit)]).build().to_owned()
    };
    assert_eq!(given("0a1b2c3"), "0a1b2c3");
    assert_eq!(given(""), "commit unknown");
    assert_eq!(given("x\ncargo:rustc-link-arg=y"), "commit unknown");
    let packaged = r#"{"git": {"sha1": "0123456789abcdef0123456789abcdef01234567"}, "path_in_vcs": ""}"#;
    std::fs::write(sources.path().join(".cargo_vcs_info.json"), packaged).unwrap();
    assert_eq!(sources.reported().build(), "012345678");
}

/// An archive that was unpacked in a repository of something else.
#[test]
fn the_commit_of_an_enclosing_repository_is_not_used() {
    let outer = Sources::committed();
    let inner = outer.path().join("vendor/martydb");
    std::fs::create_dir_all(&inner).unwrap();
    assert_eq!(outer.told_with(&inner, "release", &[]).build(), "commit unknown");
}
