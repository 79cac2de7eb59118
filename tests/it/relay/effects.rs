//! Programs of `examples` that handle events: their effect takes place once and in the order of each aggregate, although
//! relay, program, broker and server are killed while events go out.
//!
//! `MARTYDB_RELAY_EVENTS` and `MARTYDB_RELAY_KILLS` make it longer, `MARTYDB_RELAY_SEED` repeats a run.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::crash::Broker;
use super::kafka::KafkaCluster;
use super::{declared, emit, pending};
use crate::support::{Admin, Dice, Project, Running, Server, free_port, number, until};

pub(crate) const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const AGGREGATES: u32 = 20;

/// Keeps the order in which the effects were committed: those of an aggregate follow one another.
const ARRIVALS: &str = "CREATE TABLE total (subject text PRIMARY KEY, events bigint NOT NULL, sum bigint NOT NULL);\n\
    CREATE TABLE arrival (place bigint GENERATED ALWAYS AS IDENTITY, subject text NOT NULL, n bigint NOT NULL);\n\
    CREATE FUNCTION arrived() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n\
      INSERT INTO arrival (subject, n) VALUES (NEW.subject, NEW.sum - CASE WHEN TG_OP = 'UPDATE' THEN OLD.sum ELSE 0 END);\n\
      RETURN NULL; END $$;\n\
    CREATE TRIGGER arrived AFTER INSERT OR UPDATE ON total FOR EACH ROW EXECUTE FUNCTION arrived();\n";

/// Way of the events to the program.
pub(crate) enum Way {
    Hook { address: String },
    Broker(Broker),
    Kafka(KafkaCluster),
}

impl Way {
    pub(crate) fn hook() -> Way {
        Way::Hook { address: format!("127.0.0.1:{}", free_port()) }
    }

    fn to(&self) -> String {
        match self {
            Way::Hook { address } => format!("{{ http: \"http://{address}/in\", signature_env: HOOK_KEY }}"),
            Way::Broker(broker) => broker.to(),
            Way::Kafka(cluster) => cluster.to(),
        }
    }
}

impl Way {
    /// Ends the broker as a power cut would, and starts it again a while later.
    fn kill(&mut self, dice: &mut Dice) {
        match self {
            Way::Hook { .. } => {}
            Way::Broker(broker) => broker.kill(dice),
            Way::Kafka(cluster) => cluster.kill(dice),
        }
    }
}

/// Everything of a trial: who dies, and is started again.
pub(crate) struct Trial<'a> {
    pub server: Server,
    pub project: Project,
    pub way: Way,
    program: &'a dyn Fn() -> Command,
    url: String,
}

impl Trial<'_> {
    pub(crate) fn new<'a>(prefix: &str, way: Way, program: &'a dyn Fn() -> Command) -> Trial<'a> {
        let server = Server::start();
        let project = declared(&server, Admin::Super, prefix, &way.to());
        let inbox = include_str!("../../../templates/inbox.sql").replace("{{service}}_inbox", "inbox");
        let migration = inbox.replace("{{message}}", "inbox") + ARRIVALS;
        project.write(&format!("{prefix}_b/migrations/V3__inbox.sql"), &migration);
        project.run(&["init-all", "-y"]).expect(0);
        let url = project.run(&["url", "-s", &format!("{prefix}_b")]).expect(0).stdout.trim().to_owned();
        Trial { server, project, way, program, url }
    }

    fn relay(&self) -> Running {
        let mut command = self.project.command(&["relay", "-q"]);
        Running::of(command.env("HOOK_KEY", KEY).env("RABBIT_PASSWORD", "guest"))
    }

    pub(crate) fn program(&self) -> Running {
        let mut command = (self.program)();
        match &self.way {
            Way::Hook { address } => command.arg(address).env("HOOK_KEY", KEY).env("KEEP", "1 hour"),
            Way::Broker(broker) => broker.consumed_by(&mut command),
            Way::Kafka(cluster) => cluster.consumed_by(&mut command),
        };
        command.env("DATABASE_URL", &self.url).env("INBOX", "inbox");
        Running::of(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// Starts the program again if it ended by itself, as an orchestrator would: the database or the broker was away.
    fn keep_up(&self, program: &mut Running) {
        if program.has_ended() {
            *program = self.program();
        }
    }
}

/// Numbers of kills: relay, program, server, broker.
type Deaths = [usize; 4];

/// Kills as many as `kills` says, or `MARTYDB_RELAY_KILLS`, while events are written, and judges the effects of all.
pub(crate) fn take_place_once(
    prefix: &str,
    way: Way,
    program: &dyn Fn() -> Command,
    (events, kills): (u64, u64),
) {
    let (mut dice, begun) = (Dice::seeded("MARTYDB_RELAY_SEED"), Instant::now());
    let kills = number("MARTYDB_RELAY_KILLS").unwrap_or(kills);
    let each = u32::try_from(number("MARTYDB_RELAY_EVENTS").unwrap_or(events) / (kills + 1)).unwrap();
    // A number of each aggregate is one more than the last.
    let each = each.next_multiple_of(AGGREGATES);
    let mut trial = Trial::new(prefix, way, program);
    let (from, into) = (format!("{prefix}_a"), format!("{prefix}_b"));
    let is_hook = matches!(trial.way, Way::Hook { .. });
    if is_hook {
        // Handled long ago: a receiver removes it.
        trial.server.sql(
            &into,
            "INSERT INTO inbox (source, event_id, received_at) SELECT '/old', gen_random_uuid(), now() - interval '2 hours' FROM generate_series(1, 12000)",
        );
    }
    let mut events = 0;
    let mut emit_more = |server: &Server| {
        emit(server, &from, each, AGGREGATES);
        events += each;
    };
    emit_more(&trial.server);
    let (mut relay, mut running) = (trial.relay(), trial.program());
    // Half of them come twice, as after a relay that was killed between the broker and the database.
    until("the first are sent", || pending(&trial.server, &from) == 0);
    // Longer than JetStream looks for duplicates.
    std::thread::sleep(Duration::from_millis(300));
    trial.server.sql(&from, &format!("UPDATE {from}_outbox SET published_at = NULL WHERE id % 2 = 0"));
    let mut deaths = Deaths::default();
    let victims = if is_hook { 3 } else { 4 };
    for round in 0..kills {
        dice.pause(10, 600);
        // Few kills are one of each.
        let which = if kills <= victims { round } else { dice.below(victims) };
        let which = usize::try_from(which).unwrap();
        deaths[which] += 1;
        match which {
            0 => {
                assert!(!relay.has_ended(), "the relay ended by itself");
                drop(relay);
                relay = trial.relay();
            }
            1 => {
                drop(running);
                dice.pause(1, 400);
                running = trial.program();
            }
            2 => {
                trial.server.crash();
                dice.pause(1, 400);
                trial.server.launch();
            }
            _ => trial.way.kill(&mut dice),
        }
        trial.keep_up(&mut running);
        emit_more(&trial.server);
    }
    let handled = format!("SELECT ({events} - coalesce(sum(events), 0))::text FROM total");
    let (mut left, mut since) = (u32::MAX, Instant::now());
    while left > 0 {
        let now = trial.server.value(&into, &handled).parse().unwrap();
        if now < left {
            (left, since) = (now, Instant::now());
        }
        assert!(
            since.elapsed() < Duration::from_secs(120),
            "{left} events stay where they are, {} of them in the outbox",
            pending(&trial.server, &from)
        );
        trial.keep_up(&mut running);
        std::thread::sleep(Duration::from_millis(100));
    }
    until("every event is marked", || pending(&trial.server, &from) == 0);
    if is_hook {
        until("old ids are removed", || {
            trial.server.value(&into, "SELECT count(*)::text FROM inbox WHERE source = '/old'") == "0"
        });
    }
    assert!(!relay.has_ended(), "the relay ended by itself");
    drop((relay, running));
    eprintln!(
        "{events} events, {} relays killed, {} programs, {} servers and {} brokers, {} s",
        deaths[0],
        deaths[1],
        deaths[2],
        deaths[3],
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
