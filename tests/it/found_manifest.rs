//! A manifest that was found and not named: one that another account may have written is not taken, and runs nothing.

use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use crate::support::{Done, Project};

/// The account that owns what is refused.
const OTHER: &str = "nobody";

/// A manifest whose store of passwords is a program that leaves a mark.
fn telltale(mark: &Path) -> String {
    format!(
        "version: 1\nproject: found\nservers: {{ main: {{ url: \"postgresql://x@127.0.0.1:1/postgres\", password_env: P }} }}\n\
         secrets: {{ provider: command, get: [sh, -c, \"touch {}; echo x\"] }}\nservices:\n  a:\n",
        mark.display()
    )
}

/// A project with a folder `mine` below it, and the path of the mark.
fn project() -> (Project, std::path::PathBuf) {
    let project = Project::with_manifest("");
    let mark = project.path().join("ran");
    project.write("martydb.yaml", &telltale(&mark));
    project.write("a/migrations/V1__a.sql", "CREATE TABLE a ();\n");
    project.write("a/migrations/V1__a.down.sql", "DROP TABLE a;\n");
    std::fs::create_dir(project.path().join("mine")).unwrap();
    (project, mark)
}

fn in_mine(project: &Project, arguments: &[&str]) -> Done {
    let mut command = project.command(arguments);
    command.current_dir(project.path().join("mine"));
    project.finish(command)
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn other() -> u32 {
    uzers::get_user_by_name(OTHER).unwrap().uid()
}

#[test]
fn a_found_manifest_of_another_account_runs_no_program() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (project, mark) = project();
    let manifest = project.path().join("martydb.yaml");
    chown(&manifest, Some(other()), None).unwrap();
    for arguments in [
        &["status"][..],
        &["plan"],
        &["lint"],
        &["doctor"],
        &["history", "a"],
        &["url", "a"],
        &["test-connections"],
        &["secrets", "export", "--format", "dotenv"],
        &["validate"],
        &["config"],
        &["render", "github"],
        &["init-all", "-y"],
        &["adopt", "b"],
    ] {
        let said = in_mine(&project, arguments).expect(2).said();
        assert!(said.contains(&format!("it belongs to {OTHER}")), "{arguments:?}: {said}");
        assert!(said.contains(&format!("-f {}", manifest.display())), "{arguments:?}: {said}");
    }
    assert!(!mark.exists());
    // It is taken on purpose.
    in_mine(&project, &["validate", "-f", "../martydb.yaml"]).expect(0);
    in_mine(&project, &["validate", "-f", ".."]).expect(0);
    let mut named = project.command(&["validate"]);
    named.current_dir(project.path().join("mine")).env("MARTYDB_MANIFEST", &manifest);
    project.finish(named).expect(0);
}

#[test]
fn a_manifest_in_a_folder_writable_by_others_is_refused() {
    let (project, _) = project();
    in_mine(&project, &["validate"]).expect(0);
    for mode in [0o1777, 0o777, 0o702] {
        chmod(project.path(), mode);
        let said = in_mine(&project, &["validate"]).expect(2).said();
        assert!(said.contains(&format!("its mode is {mode:04o}")), "{said}");
    }
    chmod(project.path(), 0o755);
    in_mine(&project, &["validate"]).expect(0);
    chmod(&project.path().join("martydb.yaml"), 0o646);
    in_mine(&project, &["validate"]).expect(2);
    // A link in an open folder, to a manifest of mine.
    let open = project.path().join("mine");
    chmod(&project.path().join("martydb.yaml"), 0o644);
    symlink("../martydb.yaml", open.join("martydb.yaml")).unwrap();
    in_mine(&project, &["config"]).expect(0);
    chmod(&open, 0o1777);
    in_mine(&project, &["config"]).expect(2);
}

#[test]
fn overlays_and_included_files_of_another_account_are_refused_too() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for name in ["martydb.testing.yaml", "teams/b.yaml"] {
        let (project, mark) = project();
        let manifest = project.read("martydb.yaml");
        project.write("martydb.yaml", &format!("{manifest}include: [\"teams/*.yaml\"]\n"));
        project.write("martydb.testing.yaml", "project: other\n");
        project.write("teams/b.yaml", "services:\n  b:\n");
        let arguments = ["-e", "testing", "config"];
        in_mine(&project, &arguments).expect(0);
        chown(project.path().join(name), Some(other()), None).unwrap();
        let said = in_mine(&project, &arguments).expect(2).said();
        assert!(said.contains(name) && said.contains(&format!("it belongs to {OTHER}")), "{said}");
        chown(project.path().join(name), Some(0), None).unwrap();
        let folder = project.path().join(name);
        chmod(folder.parent().unwrap(), 0o1777);
        in_mine(&project, &["-e", "testing", "status"]).expect(2);
        in_mine(&project, &["-e", "testing", "-f", "../martydb.yaml", "config"]).expect(0);
        assert!(!mark.exists());
    }
}

/// In the image a checkout is mounted, whose files belong to whom they belonged outside.
#[test]
fn the_image_accepts_a_mounted_checkout_of_another_account() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let image = include_str!("../../scripts/package-image.sh");
    let named =
        image.split_once("--config.env MARTYDB_MANIFEST=").and_then(|(_, rest)| rest.split(' ').next());
    let (project, _) = project();
    let program = project.path().join("martydb");
    std::fs::copy(env!("CARGO_BIN_EXE_martydb"), &program).unwrap();
    let given = std::process::Command::new("chown").args(["-R", OTHER]).arg(project.path()).status();
    assert!(given.unwrap().success());
    chmod(project.path(), 0o755);
    let as_daemon = |named: Option<&str>| {
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid=daemon", "--regid=daemon", "--clear-groups", "--"]).arg(&program);
        command.arg("config").current_dir(project.path()).env_clear();
        command.envs(named.map(|named| ("MARTYDB_MANIFEST", named)));
        project.finish(command)
    };
    as_daemon(named).expect(0);
    as_daemon(None).expect(2);
    project.write("services/manifest.yaml", &project.read("martydb.yaml"));
    std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
    as_daemon(named).expect(0);
    std::fs::remove_file(project.path().join("services/manifest.yaml")).unwrap();
    let said = as_daemon(named).expect(2).said();
    assert!(said.contains("no manifest in "), "{said}");
}

#[test]
fn checks_of_files_run_no_program_of_the_manifest() {
    let (project, mark) = project();
    let linted = project.run(&["lint"]).expect(0);
    insta::assert_snapshot!(linted.shown(), @r"
    note: the passwords are behind a program, which `lint` does not run: all files are checked as if none were applied; `--since VERSION` names the ones that are
    1 pending file checked, no dangerous statements.
    ");
    assert!(linted.said().contains("`lint` does not run"), "{linted:?}");
    project.run(&["lint", "--since", "1"]).expect(0);
    project.run(&["validate"]).expect(0);
    project.run(&["render", "compose"]).expect(0);
    project.run(&["config"]).expect(0);
    let mut complete = project.command(&["--", "martydb", "status", "-s", ""]);
    complete.env("COMPLETE", "fish");
    project.finish(complete).expect(0);
    assert!(!mark.exists());
}
