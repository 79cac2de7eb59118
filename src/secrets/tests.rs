//! The three providers, on real files, variables and programs.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;

fn slots() -> Vec<Slot> {
    let slot = |role: &str, kind| Slot {
        server: "main".into(),
        role: RoleName::new(role).unwrap(),
        service: ServiceName::new("csca-2").unwrap(),
        kind,
    };
    vec![slot("csca_app", RoleKind::App), slot("csca_ro", RoleKind::Readonly)]
}

fn text(secrets: &Secrets, role: &str) -> String {
    secrets.get("main", &RoleName::new(role).unwrap()).unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn the_file_is_private_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::File(folder.path().join("secrets/dev.yaml"));
    assert!(store.read(&slots()).await.unwrap().known.is_empty());

    let first = store.ensure(&slots()[..1]).await.unwrap();
    let both = store.ensure(&slots()).await.unwrap();
    assert_eq!(text(&first, "csca_app"), text(&both, "csca_app"));
    assert_ne!(text(&both, "csca_app"), text(&both, "csca_ro"));
    let mode = |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("secrets"), mode("secrets/dev.yaml")), (0o700, 0o600));
}

#[test]
fn runs_side_by_side_agree_on_one_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || text(&file::ensure(&path, &slots()).unwrap(), "csca_app"))
        })
        .collect();
    let all: std::collections::BTreeSet<String> = runs.into_iter().map(|run| run.join().unwrap()).collect();
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn a_damaged_file_is_an_error_that_shows_none_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, "main: hunter2hunter2").unwrap();
    let error = Store::File(path).read(&slots()).await.unwrap_err();
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
    let read = |slots: &[Slot]| variable::read("{SERVICE}_{ROLE}_PASSWORD", &environment, slots);
    assert_eq!(text(&read(&slots()[..1]).unwrap(), "csca_app"), "x");
    let error = read(&slots()).unwrap_err();
    assert!(error.message.contains("CSCA_2_READONLY_PASSWORD"), "{error}");
}

fn program(get: &[&str], set: Option<&[&str]>) -> Store {
    let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Store::Command(command::Program {
        get: owned(get),
        set: set.map(owned),
        timeout: Duration::from_secs(5),
        env: "dev".into(),
    })
}

#[tokio::test]
async fn a_program_is_asked_told_and_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/{{env}}-{{role}}", folder.path().display());
    let store = program(&["cat", &file], Some(&["tee", &file]));
    let first = store.ensure(&slots()).await.unwrap();
    assert_eq!(text(&first, "csca_app").len(), 32);
    let again = store.ensure(&slots()).await.unwrap();
    assert_eq!(text(&first, "csca_app"), text(&again, "csca_app"));
}

#[tokio::test]
async fn a_program_that_fails_is_quoted_by_its_standard_error_only() {
    let store = program(&["sh", "-c", "echo hunter2; echo sealed >&2; exit 3"], None);
    let error = store.ensure(&slots()).await.unwrap_err();
    assert!(error.to_string().contains("sealed") && !format!("{error:?}").contains("hunter2\n"), "{error:?}");
    let missing = program(&["/no/such/program"], None).read(&slots()).await.unwrap_err();
    assert!(missing.message.contains("/no/such/program"));
}

#[tokio::test]
async fn a_program_that_hangs_is_ended() {
    let Store::Command(mut hung) = program(&["sleep", "60"], None) else { unreachable!() };
    hung.timeout = Duration::from_millis(200);
    let error = Store::Command(hung).read(&slots()).await.unwrap_err();
    assert!(error.to_string().contains("no answer within"), "{error}");
}

#[tokio::test]
async fn programs_run_side_by_side_and_their_answers_stay_in_order() {
    let many: Vec<Slot> = (0..24)
        .map(|number| Slot { role: RoleName::new(format!("r{number}")).unwrap(), ..slots()[0].clone() })
        .collect();
    let started = std::time::Instant::now();
    let store = program(&["sh", "-c", "sleep 0.25; echo \"of $0\"", "{role}"], None);
    let found = store.read(&many).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(4), "one after the other: {:?}", started.elapsed());
    assert!(many.iter().all(|slot| text(&found, slot.role.as_str()) == format!("of {}", slot.role)));
}

#[tokio::test]
async fn a_login_and_its_twin_take_turns_in_every_store_that_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let place = format!("{}/{{role}}", folder.path().display());
    let file = Store::File(folder.path().join("secrets/dev.yaml"));
    for store in [file, program(&["cat", &place], Some(&["tee", &place]))] {
        let (slot, one) = (slots()[0].clone(), &slots()[..1]);
        let twin = twin_of(&slot.role).unwrap();
        store.ensure(one).await.unwrap();
        for (next, left) in [(&twin, &slot.role), (&slot.role, &twin), (&twin, &slot.role)] {
            let password = store.prepare(&slot, next).await.unwrap();
            // Kept, and not yet anybody's.
            assert_eq!(store.read(one).await.unwrap().current("main", &slot.role).unwrap().0, *left);
            store.publish(&slot, next, &password).await.unwrap();
            let secrets = store.ensure(one).await.unwrap();
            let (login, found) = secrets.current("main", &slot.role).unwrap();
            assert_eq!((&login, found.expose_secret()), (next, password.expose_secret()));
            assert_eq!(secrets.other("main", &slot.role).as_ref(), Some(left));
            let renewed = store.renew(&slot, next).await.unwrap();
            assert_eq!(text(&store.read(one).await.unwrap(), next.as_str()), renewed.expose_secret());
        }
    }
}

#[tokio::test]
async fn a_store_that_forgets_what_it_was_told_is_found_out() {
    let store = program(&["echo", "another"], Some(&["true"]));
    let error = store.renew(&slots()[0], &slots()[0].role).await.unwrap_err();
    assert!(error.message.contains("did not keep"), "{error}");
    let strange = program(&["printf", "\\377"], None).read(&slots()).await.unwrap();
    let why = strange.require("main", &slots()[0].role).unwrap_err();
    assert!(why.to_string().contains("UTF-8"), "{why}");
}
