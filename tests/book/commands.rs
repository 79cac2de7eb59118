//! Runs what the pages tell their reader to type, page by page, each in an empty folder of its own.
//!
//! Contents of a page:
//!
//! - a block `sh` is run by bash; each command must end with 0, or as `# exit N` behind it says. Variables and the
//!   folder stay from block to block.
//! - a block `text` below it is its output: `...` stands for any lines, `…` for anything within a line.
//! - a block whose first line is a comment that names a file, such as `# martydb.yaml`, is that file.
//! - `<!-- test … -->` holds what the reader has already: commands like those of `sh`, or the word `server` for a server
//!   that `DB_HOST` and its kin name, or `shipped` for a copy of `services/`. The pages of `VISIBLE` have none.
//! - a block `sh no-run` needs what a test has not, such as Docker: its martydb commands are parsed.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::page::{Block, Page, all, root};
use crate::support::{ADMIN_PASSWORD, Server};

/// Pages whose commands another test runs, or that only show commands.
const ELSEWHERE: &[(&str, &str)] = &[
    ("README.md", "tests/it/shipped.rs runs its first steps; it shows a server that is the reader's"),
    ("docs/coming-from.md", "tests/it/coming_from.rs"),
    ("examples/movie-booking/README.md", "its five servers have ports of their own, which may be taken"),
];

/// The pages whose commands run here, a test for each, so that they run side by side and fail by name.
macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        const PAGES: &[&str] = &[$($path),*];

        $(#[test]
        fn $name() {
            follow(&Page::read(Path::new($path)));
        })*
    };
}

pages! {
    adopting: "docs/adopting.md",
    application_migrates: "docs/how-to/application-migrates.md",
    backups: "docs/backup.md",
    ci: "docs/how-to/ci.md",
    deploy: "docs/how-to/deploy.md",
    four_roles: "docs/explanation/four-roles.md",
    isolation: "docs/explanation/isolation.md",
    major_upgrade: "docs/how-to/major-upgrade.md",
    makefile: "docs/how-to/from-the-makefile.md",
    monitor: "docs/how-to/monitor.md",
    managed_servers: "docs/how-to/managed-servers.md",
    partitions: "docs/how-to/partitions.md",
    passwords: "docs/secrets.md",
    events: "docs/how-to/publish-events.md",
    evidence: "docs/how-to/evidence.md",
    redis: "docs/how-to/redis.md",
    report: "docs/how-to/report.md",
    rotation: "docs/how-to/rotate-passwords.md",
    second_day: "docs/how-to/second-day.md",
    serve_data: "docs/how-to/serve-data.md",
    test_databases: "docs/test-databases.md",
    revisions: "docs/how-to/write-revisions.md",
    tutorial: "docs/tutorial.md",
    tutorial_documents: "docs/tutorial-documents.md",
    tutorial_split: "docs/tutorial-split.md",
}

#[test]
fn every_page_with_commands_is_run() {
    let types = |page: &Page| {
        page.blocks.iter().any(|block| matches!(block.info.as_str(), "sh" | "console" | "bash"))
    };
    for page in all().iter().filter(|page| types(page)) {
        let path = page.path.to_str().unwrap();
        let followed = PAGES.contains(&path) || ELSEWHERE.iter().any(|(elsewhere, _)| *elsewhere == path);
        assert!(followed, "no test follows {path}");
    }
}

/// Pages that begin in an empty folder: what they need, a reader sees. The list grows.
const VISIBLE: &[&str] = &[
    "docs/adopting.md",
    "docs/how-to/application-migrates.md",
    "docs/how-to/ci.md",
    "docs/how-to/deploy.md",
    "docs/how-to/evidence.md",
    "docs/how-to/major-upgrade.md",
    "docs/how-to/monitor.md",
    "docs/how-to/partitions.md",
    "docs/how-to/publish-events.md",
    "docs/how-to/redis.md",
    "docs/how-to/report.md",
    "docs/how-to/rotate-passwords.md",
    "docs/how-to/second-day.md",
    "docs/how-to/serve-data.md",
    "docs/how-to/write-revisions.md",
];

#[test]
fn pages_that_begin_in_an_empty_folder_hide_nothing() {
    for path in VISIBLE {
        assert!(PAGES.contains(path), "no test follows {path}");
        for block in Page::read(Path::new(path)).blocks {
            assert!(block.info != "test", "{path}:{}: a comment that a reader does not see", block.line);
            assert!(
                file_name(&block).is_none(),
                "{path}:{}: a file that no command of the page writes",
                block.line
            );
        }
    }
}

#[test]
fn commands_that_are_not_run_parse() {
    for page in all() {
        for block in page.blocks.iter().filter(|block| block.info == "sh no-run") {
            let lines = block.text.replace("\\\n", " ");
            for line in lines.lines().filter(|line| line.starts_with("martydb ")) {
                let command = line.split(" #").next().unwrap().split(" | ").next().unwrap();
                let words = shlex::split(command).unwrap();
                let parsed = martydb::interface::interface().try_get_matches_from(&words);
                assert!(
                    parsed.is_ok(),
                    "{}:{}: {line}\n{}",
                    page.path.display(),
                    block.line,
                    parsed.unwrap_err()
                );
            }
        }
    }
}

/// The reader's folder, whose embedded servers go with it.
struct Reader {
    folder: tempfile::TempDir,
    server: Option<Server>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut script = String::new();
        for manifest in find_manifests(self.folder.path()) {
            let folder = manifest.parent().unwrap().display();
            script += &format!(
                "cd '{folder}' && for e in development testing; do martydb -e $e dev destroy -y; done;"
            );
        }
        let _best_effort = self.bash(&script).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn find_manifests(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here =
        files.into_iter().filter(|file| file.ends_with("martydb.yaml") || file.ends_with("manifest.yaml"));
    here.chain(folders.iter().filter(|folder| !folder.is_symlink()).flat_map(|folder| find_manifests(folder)))
        .collect()
}

impl Reader {
    fn bash(&self, script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_martydb")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let folders = format!("{}:{}:{path}", program.display(), crate::support::bin().display());
        let mut command = Command::new("bash");
        command.args(["-c", script]).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command
            .env("PATH", folders)
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C.UTF-8")
            .process_group(0);
        if let Ok(programs) = std::env::var("MARTYDB_PG_BIN") {
            command.env("MARTYDB_PG_BIN", programs);
        }
        if let Some(server) = &self.server {
            command.env("DB_HOST", "127.0.0.1").env("DB_PORT", server.port.to_string());
            command.env("DB_USER", "postgres").env("DB_PASSWORD", ADMIN_PASSWORD);
        }
        command
    }
}

/// Does what the page says, and compares what comes with what it shows.
fn follow(page: &Page) {
    let folder = tempfile::Builder::new().prefix("martydb-it-book-").tempdir().unwrap();
    let has = |word: &str| page.blocks.iter().any(|block| block.info == "test" && block.text.trim() == word);
    let reader = Reader { server: has("server").then(Server::start), folder };
    if has("shipped") {
        let services = root().join("services");
        let copied = Command::new("cp").arg("-r").arg(services).arg(reader.folder.path()).status().unwrap();
        assert!(copied.success());
        let _own_state = std::fs::remove_dir_all(reader.folder.path().join("services/.martydb"));
    }
    let results = tempfile::tempdir().unwrap();
    let script = script(&page.blocks, results.path());
    let done = reader.bash(&script).output().unwrap();
    let shown = |at: usize| std::fs::read_to_string(results.path().join(at.to_string())).unwrap_or_default();
    if !done.status.success() {
        let last =
            (0..page.blocks.len()).rfind(|at| results.path().join(at.to_string()).exists()).unwrap_or(0);
        let (block, path) = (&page.blocks[last], page.path.display());
        panic!(
            "{path}:{}: {}\n{}{}",
            block.line,
            block.text,
            shown(last),
            String::from_utf8_lossy(&done.stderr)
        );
    }
    let mut ran = 0;
    for (at, block) in page.blocks.iter().enumerate().filter(|(_, block)| is_run(block)) {
        ran += 1;
        let Some(expected) = page.blocks.get(at + 1).filter(|next| next.info == "text") else { continue };
        let (path, found) = (page.path.display(), shown(at));
        let fits = fits(&expected.text, &found);
        assert!(fits, "{path}:{}: the output of\n{}is\n\n{found}", expected.line, block.text);
    }
    assert!(ran > 0, "{} has no command that runs", page.path.display());
}

fn is_run(block: &Block) -> bool {
    block.info == "sh" || block.info == "test" && !matches!(block.text.trim(), "server" | "shipped")
}

/// The page as one script: a file for each block, with its output.
fn script(blocks: &[Block], results: &Path) -> String {
    // Programs that a page starts in the background end with it, also if it fails.
    let mut script = String::from("set -eo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
    for (at, block) in blocks.iter().enumerate() {
        let out = results.join(at.to_string());
        if is_run(block) {
            let lines: String = block.text.replace("\\\n", "").lines().map(command).collect();
            script += &format!("{{\n{lines}}} >'{}' 2>&1\n", out.display());
        } else if let Some(file) = file_name(block) {
            let source = results.join(format!("file-{at}"));
            std::fs::write(&source, &block.text).unwrap();
            let (source, folder) = (source.display(), Path::new(file).parent().unwrap().display());
            script += &format!("mkdir -p './{folder}' && cp '{source}' '{file}'\n");
        }
    }
    script
}

/// A line of a block, with the exit code that it must end with.
fn command(line: &str) -> String {
    match line.rsplit_once("# exit ") {
        Some((command, code)) => {
            let code: u8 = code.trim().parse().unwrap_or_else(|_| panic!("no exit code: {line}"));
            let wrong = format!("echo \"exit $code, and not {code}\"; exit 1");
            format!("code=0; {} || code=$?; if [ $code -ne {code} ]; then {wrong}; fi\n", command.trim_end())
        }
        None => format!("{line}\n"),
    }
}

/// The file that a block is, by its first line.
fn file_name(block: &Block) -> Option<&str> {
    let first = block.text.lines().next()?;
    let name = ["# ", "-- "].iter().find_map(|comment| first.strip_prefix(comment))?;
    let is_path = name.contains('.') && !name.contains(' ') && !name.starts_with(['/', '.']);
    (is_path && block.info != "sh").then_some(name)
}

/// Returns `true` if a text matches the expected one, in which `...` stands for any lines and `[..]` for any part of a
/// line.
fn fits(expected: &str, found: &str) -> bool {
    let expected: Vec<&str> = expected.lines().map(str::trim_end).collect();
    let found: Vec<&str> = found.trim_end().lines().map(str::trim_end).collect();
    lines_fit(&expected, &found)
}

fn lines_fit(expected: &[&str], found: &[&str]) -> bool {
    match (expected.split_first(), found.split_first()) {
        (None, None) => true,
        (Some((&"...", rest)), _) => (0..=found.len()).any(|skipped| lines_fit(rest, &found[skipped..])),
        (Some((first, rest)), Some((line, others))) => line_fits(first, line) && lines_fit(rest, others),
        _ => false,
    }
}

fn line_fits(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|head| line.strip_prefix(head)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// The templates that CI runs are those of their page.
#[test]
fn ci_templates_run_the_commands_of_their_page() {
    let page = Page::read(Path::new("docs/how-to/ci.md"));
    let shown: String =
        page.blocks.iter().filter(|block| block.info == "sh").map(|block| block.text.clone()).collect();
    let shown: Vec<&str> = shown.lines().map(|line| line.split("   #").next().unwrap().trim()).collect();
    let mut seen = 0;
    for file in ["github.yml", "gitlab.yml"] {
        let text = std::fs::read_to_string(root().join("examples/ci").join(file)).unwrap();
        let lines = text.lines().map(|line| line.trim().trim_start_matches("- ").trim_start_matches("run: "));
        for line in lines.filter(|line| line.starts_with("martydb ")) {
            seen += 1;
            assert!(shown.iter().any(|one| one.starts_with(line)), "{file}: {line}");
        }
    }
    assert_eq!(seen, 15, "martydb's commands of both templates");
}

#[test]
fn an_output_matches_only_its_own_lines() {
    assert!(fits("a\n...\nc … e\n", "a\nb\nb\nc d e\n") && fits("...\nb\n", "b") && fits("x …y", "x y"));
    for (expected, found) in
        [("a\n", "a\nb\n"), ("a\n...\nc\n", "a\nb\n"), ("x …y", "x yz"), ("a b", "a  b"), ("…aa", "a")]
    {
        assert!(!fits(expected, found), "{expected:?} {found:?}");
    }
}
