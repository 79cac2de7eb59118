//! The three providers, on real files, variables and programs.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::*;
use martydb_model::contract::alternate_of;
use martydb_model::environment::Environment;
use martydb_model::error::Result;
use martydb_model::{RoleKind, RoleName, ServiceName};

fn file(path: std::path::PathBuf) -> Store {
    Store::File { path, project: None }
}

fn keys() -> Vec<CredentialKey> {
    let key = |role: &str, kind: RoleKind| CredentialKey {
        server: "main".into(),
        role: RoleName::new(role).unwrap(),
        service: ServiceName::new("csca-2").unwrap(),
        kind,
        label: kind.key().to_owned(),
        further: false,
    };
    vec![key("csca_app", RoleKind::App), key("csca_ro", RoleKind::Readonly)]
}

fn text(secrets: &Secrets, role: &str) -> String {
    secrets.get("main", &RoleName::new(role).unwrap()).unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn the_file_is_private_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let store = file(folder.path().join("secrets/dev.yaml"));
    assert!(store.read(&keys()).await.unwrap().is_empty());

    let first = ensure(&store, &keys()[..1]).await.unwrap();
    let both = ensure(&store, &keys()).await.unwrap();
    assert_eq!(text(&first, "csca_app"), text(&both, "csca_app"));
    assert_ne!(text(&both, "csca_app"), text(&both, "csca_ro"));
    let mode = |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("secrets"), mode("secrets/dev.yaml")), (0o700, 0o600));
}

#[tokio::test]
async fn runs_side_by_side_agree_on_one_password() {
    let folder = tempfile::tempdir().unwrap();
    let store = file(folder.path().join("s.yaml"));
    let keys = keys();
    let runs = (0..8).map(|_| ensure(&store, &keys));
    let all: std::collections::BTreeSet<String> = futures_util::future::join_all(runs)
        .await
        .into_iter()
        .map(|secrets| text(&secrets.unwrap(), "csca_app"))
        .collect();
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn a_damaged_file_is_an_error_that_shows_none_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, "main: hunter2hunter2").unwrap();
    chmod(&path, 0o600);
    let error = file(path).read(&keys()).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn passwords_are_long_and_plain() {
    let one = password().unwrap().expose_secret().to_owned();
    assert_eq!(one.len(), 32);
    assert!(one.chars().all(|c| c.is_ascii_alphanumeric()));
    assert_ne!(one, password().unwrap().expose_secret());
    let verifier = verifier(&SecretString::from(one)).0;
    assert!(verifier.starts_with("SCRAM-SHA-256$4096:"), "{verifier}");
}

#[test]
fn variables_are_named_by_service_and_role() {
    let environment = Environment::from([("CSCA_2_APP_PASSWORD".into(), "x".into())]);
    let read = |keys: &[CredentialKey]| variable::read("{SERVICE}_{ROLE}_PASSWORD", &environment, keys);
    assert_eq!(text(&read(&keys()[..1]).unwrap(), "csca_app"), "x");
    let error = read(&keys()).unwrap_err();
    assert!(error.message.contains("CSCA_2_READONLY_PASSWORD"), "{error}");
}

fn program(get: &[&str], set: Option<&[&str]>) -> Store {
    let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Store::Command(command::Program {
        get: owned(get),
        set: set.map(owned),
        timeout: Duration::from_secs(5),
        absent: None,
        env: "dev".into(),
        withheld: vec!["HOME".into()],
        answers: answers::AnswerCache::default(),
    })
}

/// Description of the failure of `cat` for a missing file.
fn no_such_file() -> Option<martydb_manifest::Absent> {
    Some(martydb_manifest::Absent { exit: Some(1), stderr: Some("No such file".into()) })
}

fn described(store: Store) -> Store {
    let Store::Command(mut program) = store else { unreachable!() };
    program.absent = no_such_file();
    Store::Command(program)
}

async fn held(store: &Store) -> LockedStore<'_> {
    store.lock(Duration::from_secs(10)).await.unwrap()
}

async fn ensure(store: &Store, keys: &[CredentialKey]) -> Result<Secrets> {
    held(store).await.ensure(keys).await
}

fn chmod(path: &std::path::Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_program_reads_and_writes_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/{{env}}-{{role}}", folder.path().display());
    let store = described(program(&["cat", &file], Some(&["tee", &file])));
    let first = ensure(&store, &keys()).await.unwrap();
    assert_eq!(text(&first, "csca_app").len(), 32);
    let again = ensure(&store, &keys()).await.unwrap();
    assert_eq!(text(&first, "csca_app"), text(&again, "csca_app"));
}

#[tokio::test]
async fn a_program_that_fails_is_quoted_by_its_standard_error_only() {
    let store = program(&["sh", "-c", "echo hunter2; echo sealed >&2; exit 3"], None);
    let error = store.read(&keys()).await.unwrap_err();
    assert!(error.to_string().contains("sealed") && !format!("{error:?}").contains("hunter2\n"), "{error:?}");
    let missing = program(&["/no/such/program"], None).read(&keys()).await.unwrap_err();
    assert!(missing.message.contains("/no/such/program"));
}

#[tokio::test]
async fn a_program_gets_no_password_of_an_admin() {
    let store = program(&["sh", "-c", "printf '%s-%s' \"${HOME:-none}\" \"${PATH:+path}\""], None);
    assert_eq!(text(&store.read(&keys()).await.unwrap(), "csca_app"), "none-path");
}

#[tokio::test]
async fn a_program_that_hangs_is_ended() {
    let Store::Command(mut hung) = program(&["sleep", "60"], None) else { unreachable!() };
    hung.timeout = Duration::from_millis(200);
    let error = Store::Command(hung).read(&keys()).await.unwrap_err();
    assert!(error.to_string().contains("no answer within"), "{error}");
}

#[tokio::test]
async fn programs_run_side_by_side_and_their_answers_stay_in_order() {
    let many: Vec<CredentialKey> = (0..24)
        .map(|number| CredentialKey {
            role: RoleName::new(format!("r{number}")).unwrap(),
            ..keys()[0].clone()
        })
        .collect();
    let started = std::time::Instant::now();
    let store = program(&["sh", "-c", "sleep 0.25; echo \"of $0\"", "{role}"], None);
    let found = store.read(&many).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(4), "one after the other: {:?}", started.elapsed());
    assert!(many.iter().all(|key| text(&found, key.role.as_str()) == format!("of {}", key.role)));
}

#[tokio::test]
async fn a_login_and_its_alternate_take_turns_in_every_store_that_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let place = format!("{}/{{role}}", folder.path().display());
    let file = file(folder.path().join("secrets/dev.yaml"));
    for store in [file, described(program(&["cat", &place], Some(&["tee", &place])))] {
        let (key, one) = (keys()[0].clone(), &keys()[..1]);
        let alternate = alternate_of(&key.role).unwrap();
        ensure(&store, one).await.unwrap();
        for (next, left) in [(&alternate, &key.role), (&key.role, &alternate), (&alternate, &key.role)] {
            let held = held(&store).await;
            let password = held.prepare(&key, next).await.unwrap();
            // Stored, but not in use yet.
            assert_eq!(store.read(one).await.unwrap().current("main", &key.role).unwrap().0, *left);
            held.publish(&key, next, &password).await.unwrap();
            let secrets = held.ensure(one).await.unwrap();
            let (login, found) = secrets.current("main", &key.role).unwrap();
            assert_eq!((&login, found.expose_secret()), (next, password.expose_secret()));
            assert_eq!(secrets.other("main", &key.role).as_ref(), Some(left));
            let renewed = held.renew(&key, next).await.unwrap();
            // Clients read the working password until the server has the new one.
            assert_eq!(text(&store.read(one).await.unwrap(), next.as_str()), password.expose_secret());
            held.settle(&key, next, &renewed).await.unwrap();
            assert_eq!(text(&store.read(one).await.unwrap(), next.as_str()), renewed.expose_secret());
        }
    }
}

#[tokio::test]
async fn an_answer_holds_for_a_run_and_an_absence_until_a_password_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let (key, place) = (&keys()[..1], folder.path().join("csca_app"));
    let file = place.display().to_string();
    let store = described(program(&["cat", &file], Some(&["tee", &file])));
    assert!(store.read(key).await.unwrap().is_empty());
    // Another run was quicker: clients may use its password by now.
    std::fs::write(&place, "of another run").unwrap();
    assert!(store.clone().read(key).await.unwrap().is_empty());
    assert_eq!(text(&ensure(&store, key).await.unwrap(), "csca_app"), "of another run");
    std::fs::write(&place, "later").unwrap();
    assert_eq!(text(&ensure(&store, key).await.unwrap(), "csca_app"), "of another run");
    assert!(!format!("{store:?}").contains("of another run"));
}

#[tokio::test]
async fn a_store_that_loses_writes_is_detected() {
    let store = program(&["echo", "another"], Some(&["true"]));
    let error = held(&store).await.renew(&keys()[0], &keys()[0].role).await.unwrap_err();
    assert!(error.message.contains("did not keep"), "{error}");
    let strange = program(&["printf", "\\377"], None).read(&keys()).await.unwrap_err();
    assert!(strange.to_string().contains("UTF-8"), "{strange}");
}

#[tokio::test]
async fn a_program_that_prints_nothing_has_none_and_one_that_fails_is_an_error() {
    let silent = program(&["true"], None).read(&keys()).await.unwrap();
    let why = silent.require("main", &keys()[0].role).unwrap_err();
    assert!(why.to_string().contains("printed nothing"), "{why}");
    let store = program(&["sh", "-c", "echo 'Code: 503. Vault is sealed' >&2; exit 2"], Some(&["tee"]));
    for error in [store.read(&keys()).await.unwrap_err(), ensure(&store, &keys()).await.unwrap_err()] {
        assert!(error.to_string().contains("Vault is sealed"), "{error}");
    }
}

#[tokio::test]
async fn a_program_cannot_draw_on_the_terminal_and_its_words_show_no_password() {
    let script = "printf '\\033[31mred\\n hint: give up\\n' >&2; cat >&2; exit 1";
    let store = program(&["true"], Some(&["sh", "-c", script]));
    let error = held(&store).await.renew(&keys()[0], &keys()[0].role).await.unwrap_err();
    let said = error.to_string();
    assert!(!said.contains(|c: char| c.is_control()), "{said:?}");
    assert!(said.contains("| hint: give up | <secret>"), "{said}");
}

#[tokio::test]
async fn a_child_in_the_background_neither_delays_the_answer_nor_outlives_it() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let script = format!("(sleep 1; touch {}) & echo secret", mark.display());
    let store = program(&["sh", "-c", &script], None);
    let began = std::time::Instant::now();
    let found = store.read(&keys()[..1]).await.unwrap();
    assert_eq!(text(&found, "csca_app"), "secret");
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    // A child that left the group holds the pipe open, and is not waited for either.
    let away = program(&["sh", "-c", "setsid sleep 3 & sleep 0.2; echo secret"], None);
    assert_eq!(text(&away.read(&keys()[..1]).await.unwrap(), "csca_app"), "secret");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert!(!mark.exists());
}

#[tokio::test]
async fn a_program_that_hangs_takes_its_children_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let script = format!("(sleep 1; touch {}) & wait", mark.display());
    let Store::Command(mut hung) = program(&["sh", "-c", &script], None) else { unreachable!() };
    hung.timeout = Duration::from_millis(200);
    assert!(Store::Command(hung).read(&keys()[..1]).await.is_err());
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert!(!mark.exists());
}

#[tokio::test]
async fn output_has_a_limit_and_all_below_it_is_read() {
    let began = std::time::Instant::now();
    let flood = program(&["cat", "/dev/zero"], None).read(&keys()[..1]).await.unwrap_err();
    assert!(flood.to_string().contains("more than 64 kB"), "{flood}");
    assert!(began.elapsed() < Duration::from_secs(4));
    let long = program(&["sh", "-c", "head -c 65536 /dev/zero | tr '\\0' x"], None);
    assert_eq!(text(&long.read(&keys()[..1]).await.unwrap(), "csca_app").len(), 65536);
    // Long output on standard error blocks no program.
    let loud = program(&["sh", "-c", "head -c 1000000 /dev/zero >&2; echo secret"], None);
    assert_eq!(text(&loud.read(&keys()[..1]).await.unwrap(), "csca_app"), "secret");
}

#[tokio::test]
async fn an_open_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    let store = file(path.clone());
    let first = ensure(&store, &keys()).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let cases = [
        (path.as_path(), 0o640, 0o600, "chmod 600"),
        (&path, 0o604, 0o600, "chmod 600"),
        (&path, 0o622, 0o600, "chmod 600"),
        (folder.path(), 0o777, 0o700, "chmod go-w"),
        (folder.path(), 0o770, 0o700, "chmod go-w"),
    ];
    for (what, loose, tight, hint) in cases {
        chmod(what, loose);
        let reading = store.read(&keys()).await.unwrap_err();
        // A program that another test starts has the lock's file until it is executed.
        let writing = match store.lock(Duration::from_secs(10)).await {
            Ok(held) => held.ensure(&keys()).await.unwrap_err(),
            Err(error) => error,
        };
        for error in [reading, writing] {
            assert!(error.hints[0].contains(&format!("{hint} {}", what.display())), "{error:?}");
        }
        assert_eq!(mode(what), loose);
        chmod(what, tight);
        assert_eq!(text(&store.read(&keys()).await.unwrap(), "csca_app"), text(&first, "csca_app"));
    }
    // As /tmp: others may add files, and not replace ours.
    chmod(folder.path(), 0o1777);
    ensure(&store, &keys()).await.unwrap();
    assert_eq!(mode(folder.path()), 0o1777);
    // Readable folders are common, and reveal only names.
    chmod(folder.path(), 0o755);
    ensure(&store, &keys()).await.unwrap();
    assert_eq!(mode(folder.path()), 0o755);
}

#[tokio::test]
async fn a_link_to_the_store_is_followed_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("vault/real.yaml"), folder.path().join("link.yaml"));
    std::os::unix::fs::symlink("vault/real.yaml", &link).unwrap();
    let store = file(link.clone());
    let one = ensure(&store, &keys()[..1]).await.unwrap();
    let two = ensure(&store, &keys()).await.unwrap();
    assert_eq!(text(&one, "csca_app"), text(&two, "csca_app"));
    assert!(link.symlink_metadata().unwrap().is_symlink() && real.symlink_metadata().unwrap().is_file());
    assert_eq!(text(&file(real).read(&keys()).await.unwrap(), "csca_ro"), text(&two, "csca_ro"));
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("link.yaml", &link).unwrap();
    let endless = store.read(&keys()).await.unwrap_err();
    assert!(endless.message.contains("too many symbolic links"), "{endless}");
}

#[tokio::test]
async fn remains_of_a_killed_run_are_removed_without_following_links() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let leftovers = [".s.yaml.0123456789abcdef.tmp", "s.tmp4711"];
    let others = [".other.yaml.0123456789abcdef.tmp", "s.tmpl", "s.tmp"];
    for name in leftovers.iter().chain(&others) {
        std::fs::write(at(name), "x").unwrap();
    }
    let store = file(at("s.yaml"));
    ensure(&store, &keys()).await.unwrap();
    assert!(leftovers.iter().all(|name| !at(name).exists()));
    assert!(others.iter().all(|name| at(name).exists()));

    std::fs::remove_file(at("s.lock")).unwrap();
    std::fs::write(at("precious"), "x").unwrap();
    std::os::unix::fs::symlink(at("precious"), at("s.lock")).unwrap();
    assert!(store.lock(Duration::ZERO).await.is_err());
    std::fs::remove_file(at("s.lock")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("s.lock")).status().unwrap().success());
    assert!(store.lock(Duration::ZERO).await.is_err(), "and a pipe is not waited for");
}

#[tokio::test]
async fn a_locked_store_is_waited_for_only_so_long() {
    let folder = tempfile::tempdir().unwrap();
    let store = file(folder.path().join("s.yaml"));
    let first = held(&store).await;
    let began = std::time::Instant::now();
    let error = store.lock(Duration::from_millis(300)).await.err().unwrap();
    assert!((Duration::from_millis(100)..Duration::from_secs(2)).contains(&began.elapsed()));
    assert_eq!(error.kind, martydb_model::error::Kind::Locked);
    assert!(error.to_string().contains("s.lock"), "{error}");
    drop(first);
    held(&store).await;
}
