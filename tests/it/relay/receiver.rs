//! The example receivers of web hooks: their effect takes place once and in order, although relay, receiver and server are
//! killed while events go out.
//!
//! `MARTYDB_RELAY_EVENTS` and `MARTYDB_RELAY_KILLS` make it longer, `MARTYDB_RELAY_SEED` repeats a run.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{declared, emit, pending, programs};
use crate::support::{Admin, Dice, Project, Server, free_port, number, until};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const AGGREGATES: u32 = 20;

/// Keeps the order in which the effects were committed: those of an aggregate follow one another.
const ARRIVALS: &str = "CREATE TABLE total (subject text PRIMARY KEY, events bigint NOT NULL, sum bigint NOT NULL);\n\
    CREATE TABLE arrival (place bigint GENERATED ALWAYS AS IDENTITY, subject text NOT NULL, n bigint NOT NULL);\n\
    CREATE FUNCTION arrived() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n\
      INSERT INTO arrival (subject, n) VALUES (NEW.subject, NEW.sum - CASE WHEN TG_OP = 'UPDATE' THEN OLD.sum ELSE 0 END);\n\
      RETURN NULL; END $$;\n\
    CREATE TRIGGER arrived AFTER INSERT OR UPDATE ON total FOR EACH ROW EXECUTE FUNCTION arrived();\n";

/// Everything of a trial: who dies, and is started again.
struct Trial<'a> {
    server: Server,
    project: Project,
    program: &'a dyn Fn() -> Command,
    address: String,
    url: String,
}

impl Trial<'_> {
    fn new<'a>(prefix: &str, program: &'a dyn Fn() -> Command) -> Trial<'a> {
        let server = Server::start();
        let address = format!("127.0.0.1:{}", free_port());
        let to = format!("{{ http: \"http://{address}/in\", signature_env: HOOK_KEY }}");
        let project = declared(&server, Admin::Super, prefix, &to);
        let inbox = include_str!("../../../templates/inbox.sql").replace("{{service}}_inbox", "inbox");
        let migration = inbox.replace("{{message}}", "inbox") + ARRIVALS;
        project.write(&format!("{prefix}_b/migrations/V3__inbox.sql"), &migration);
        project.run(&["init-all", "-y"]).expect(0);
        let url = project.run(&["url", "-s", &format!("{prefix}_b")]).expect(0).stdout.trim().to_owned();
        Trial { server, project, program, address, url }
    }

    fn relay(&self) -> Child {
        self.project.command(&["relay", "-q"]).env("HOOK_KEY", KEY).spawn().unwrap()
    }

    fn receiver(&self) -> Child {
        let mut command = (self.program)();
        command.arg(&self.address).env("DATABASE_URL", &self.url).env("HOOK_KEY", KEY);
        command.env("INBOX", "inbox").env("KEEP", "1 hour");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

fn end(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn has_its_effect_once(prefix: &str, program: &dyn Fn() -> Command) {
    let (mut dice, begun) = (Dice::seeded("MARTYDB_RELAY_SEED"), Instant::now());
    let kills = number("MARTYDB_RELAY_KILLS").unwrap_or(6);
    let each = u32::try_from(number("MARTYDB_RELAY_EVENTS").unwrap_or(2_400) / (kills + 1)).unwrap();
    // A number of each aggregate is one more than the last.
    let each = each.next_multiple_of(AGGREGATES);
    let mut trial = Trial::new(prefix, program);
    let (from, into) = (format!("{prefix}_a"), format!("{prefix}_b"));
    // Handled long ago.
    trial.server.sql(
        &into,
        "INSERT INTO inbox (source, event_id, received_at) SELECT '/old', gen_random_uuid(), now() - interval '2 hours' FROM generate_series(1, 12000)",
    );
    let mut events = 0;
    let mut emit_more = |server: &Server| {
        emit(server, &from, each, AGGREGATES);
        events += each;
    };
    emit_more(&trial.server);
    let (mut relay, mut receiver) = (trial.relay(), trial.receiver());
    let mut deaths = [0; 3];
    for _ in 0..kills {
        dice.pause(10, 600);
        let which = usize::try_from(dice.below(3)).unwrap();
        deaths[which] += 1;
        match which {
            0 => {
                end(&mut relay);
                relay = trial.relay();
            }
            1 => {
                end(&mut receiver);
                dice.pause(1, 400);
                receiver = trial.receiver();
            }
            _ => {
                trial.server.crash();
                dice.pause(1, 400);
                trial.server.launch();
            }
        }
        emit_more(&trial.server);
    }
    let (mut left, mut since) = (u32::MAX, Instant::now());
    while left > 0 {
        let now = pending(&trial.server, &from);
        if now < left {
            (left, since) = (now, Instant::now());
        }
        assert!(since.elapsed() < Duration::from_secs(120), "{left} events stay where they are");
        std::thread::sleep(Duration::from_millis(100));
    }
    until("old ids are removed", || {
        trial.server.value(&into, "SELECT count(*)::text FROM inbox WHERE source = '/old'") == "0"
    });
    end(&mut relay);
    end(&mut receiver);
    eprintln!(
        "{events} events, {} relays killed, {} receivers and {} servers, {} s",
        deaths[0],
        deaths[1],
        deaths[2],
        begun.elapsed().as_secs()
    );
    judge(&trial.server, &from, &into, events);
}

/// Each event had its effect once, and those of an aggregate in their order.
fn judge(server: &Server, from: &str, into: &str, events: u32) {
    let written = format!(
        "SELECT '/' || split_part('{from}', '_', 1) || '/{from} thing/' || aggregate_id, string_agg(payload->>'n', ' ' ORDER BY id) FROM {from}_outbox GROUP BY 1 ORDER BY 1"
    );
    let arrived =
        "SELECT subject, string_agg(n::text, ' ' ORDER BY place) FROM arrival GROUP BY 1 ORDER BY 1";
    let (written, arrived) = (server.sql(from, &written), server.sql(into, arrived));
    assert_eq!(arrived.len(), AGGREGATES as usize);
    assert_eq!(arrived, written);
    let counts = "SELECT (SELECT count(*) FROM inbox)::text, (SELECT sum(events) FROM total)::text";
    assert_eq!(server.sql(into, counts), [[events.to_string(), events.to_string()]]);
}

#[test]
fn of_the_receiver_in_python() {
    if let Some(receiver) = programs::python("receiver/receiver.py", "psycopg") {
        has_its_effect_once("rvp", &receiver);
    }
}

#[test]
fn of_the_receiver_in_rust() {
    if let Some(receiver) = programs::example("receiver") {
        has_its_effect_once("rvr", &receiver);
    }
}

/// Both refuse what the relay has not signed.
#[test]
fn a_wrong_signature_is_no_event() {
    let python = programs::python("receiver/receiver.py", "psycopg");
    let rust = programs::example("receiver");
    let python = python.as_ref().map(|program| ("rvx", program as &dyn Fn() -> Command));
    let rust = rust.as_ref().map(|program| ("rvy", program as &dyn Fn() -> Command));
    for (prefix, program) in python.into_iter().chain(rust) {
        let trial = Trial::new(prefix, program);
        emit(&trial.server, &format!("{prefix}_a"), 3, 1);
        let mut receiver = trial.receiver();
        until("it listens", || std::net::TcpStream::connect(&trial.address).is_ok());
        let mut command = trial.project.command(&["relay", "--once"]);
        command.env("HOOK_KEY", "another");
        let done = trial.project.finish(command).expect(5);
        assert!(done.stderr.contains("the web hook answered 401"), "{}", done.stderr);
        assert_eq!(trial.server.value(&format!("{prefix}_b"), "SELECT count(*)::text FROM inbox"), "0");
        let mut command = trial.project.command(&["relay", "--once"]);
        command.env("HOOK_KEY", KEY);
        trial.project.finish(command).expect(0);
        assert_eq!(trial.server.value(&format!("{prefix}_b"), "SELECT count(*)::text FROM inbox"), "3");
        end(&mut receiver);
    }
}
