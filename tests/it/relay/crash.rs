//! SIGKILL of relay, broker and server at random moments while events go out: none is lost, the order of each aggregate is kept, and what
//! comes twice was on its way when something died.
//!
//! `MARTYDB_RELAY_EVENTS` and `MARTYDB_RELAY_KILLS` make it longer (`benches/relay/kills`), `MARTYDB_RELAY_SEED` repeats a run.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{add_template, pending};
use crate::support::{Dice, Nats, Project, Rabbit, Running, Server, number};

const SERVICES: [&str; 4] = ["rka", "rkb", "rkc", "rkd"];
const BATCH: usize = 200;

/// So many deaths are few: a broker takes its time to start again.
const FEW: u64 = 3;

/// Sessions that one relay has at an outbox while it is busy.
const SESSIONS: usize = 2;

pub(crate) enum Broker {
    Nats(Nats),
    Rabbit(Rabbit),
}

/// Event as a consumer gets it.
struct Arrived {
    service: String,
    aggregate: String,
    id: String,
    payload: String,
}

impl Broker {
    /// Starts one with a stream, which drops no duplicates, and a consumer that gets one event after the other.
    pub(crate) fn nats() -> Option<Broker> {
        let nats = Nats::start("")?;
        nats.stream("EV", &["ev.>"], &json!({"duplicate_window": 100_000_000}));
        let config = json!({"durable_name": "totals", "ack_policy": "explicit", "ack_wait": 1_000_000_000, "max_ack_pending": 1});
        let durable = json!({"stream_name": "EV", "config": config});
        nats.requests(&[("$JS.API.CONSUMER.DURABLE.CREATE.EV.totals".into(), durable.to_string())]);
        Some(Broker::Nats(nats))
    }

    pub(crate) fn rabbit() -> Option<Broker> {
        let rabbit = Rabbit::start()?;
        rabbit.bind("marty", "events", "#");
        Some(Broker::Rabbit(rabbit))
    }

    /// The target in the manifest.
    pub(crate) fn to(&self) -> String {
        match self {
            Broker::Nats(nats) => format!("{{ nats: \"{}\", subject: \"ev.{{service}}\" }}", nats.url()),
            Broker::Rabbit(rabbit) => format!(
                "{{ amqp: \"{}\", exchange: marty, routing_key: \"{{service}}\", password_env: RABBIT_PASSWORD }}",
                rabbit.url()
            ),
        }
    }

    /// Ends it as a power cut would, and starts it again a while later.
    pub(crate) fn kill(&mut self, dice: &mut Dice) {
        match self {
            Broker::Nats(nats) => nats.kill(),
            Broker::Rabbit(rabbit) => rabbit.kill(),
        }
        dice.pause(1, 400);
        match self {
            Broker::Nats(nats) => nats.launch(),
            Broker::Rabbit(rabbit) => rabbit.launch(),
        }
    }

    /// Tells a consumer of `examples` where its events come from.
    pub(crate) fn consumed_by<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        match self {
            Broker::Nats(nats) => command.arg("EV").env("NATS_URL", nats.url()),
            Broker::Rabbit(rabbit) => {
                let url = rabbit.url().replace("guest@", "guest:guest@") + "/%2f";
                command.arg("events").env("AMQP_URL", url)
            }
        }
    }

    fn arrived(&self) -> Vec<Arrived> {
        match self {
            Broker::Nats(nats) => {
                let all = nats.messages("EV").into_iter();
                all.map(|message| Arrived {
                    service: message.subject.trim_start_matches("ev.").to_owned(),
                    aggregate: message.headers["ce-subject"].clone(),
                    id: message.headers["ce-id"].clone(),
                    payload: message.data,
                })
                .collect()
            }
            Broker::Rabbit(rabbit) => {
                let all = rabbit.take("events").into_iter();
                all.map(|(service, properties, payload)| {
                    let headers = properties.headers().clone().unwrap();
                    let header = |name: &str| headers.inner()[name].as_long_string().unwrap().to_string();
                    let (aggregate, id) = (header("cloudEvents_subject"), header("cloudEvents_id"));
                    Arrived { service, aggregate, id, payload }
                })
                .collect()
            }
        }
    }
}

fn project(server: &Server, broker: &Broker) -> Project {
    let mut text =
        format!("version: 1\nproject: rk\nservers:\n  main: {{ url: \"{}\" }}\nservices:\n", server.url());
    for service in SERVICES {
        text += &format!("  {service}:\n    outbox: {{ batch: {BATCH}, to: {} }}\n", broker.to());
    }
    let project = Project::with_manifest(&text);
    for service in SERVICES {
        add_template(&project, service);
    }
    project.run(&["init-all", "-y"]).expect(0);
    project
}

fn relay(project: &Project) -> Running {
    Running::of(project.command(&["relay", "-q"]).env("RABBIT_PASSWORD", "guest"))
}

/// Numbers of kills.
#[derive(Default)]
struct Deaths {
    relay: usize,
    broker: usize,
    server: usize,
}

/// Checks that every event arrives, with one relay or several.
fn survives(broker: Option<Broker>, relays: usize, (events, kills): (u64, u64)) {
    let Some(mut broker) = broker else { return };
    let (mut dice, begun) = (Dice::seeded("MARTYDB_RELAY_SEED"), Instant::now());
    let events = number("MARTYDB_RELAY_EVENTS").unwrap_or(events);
    let kills = number("MARTYDB_RELAY_KILLS").unwrap_or(kills);
    let mut server = Server::start();
    let project = project(&server, &broker);
    // Half of them wait, so that something is on its way whenever something dies; the others come meanwhile.
    let share = u32::try_from(events / 8).unwrap();
    let each = share / u32::try_from(kills).unwrap();
    let emit = |server: &Server, events| {
        SERVICES.iter().for_each(|service| super::emit(server, service, events, 50));
    };
    emit(&server, share);
    let mut running: Vec<_> = (0..relays).map(|_| relay(&project)).collect();
    let mut deaths = Deaths::default();
    for round in 1..=kills {
        dice.pause(10, 600);
        // A relay, the broker, both at once, or the server; where there are few deaths, the broker's is the last.
        let (which, is_last) = (dice.below(4), round == kills);
        if which == 3 && !is_last {
            server.crash();
            dice.pause(1, 400);
            server.launch();
            deaths.server += 1;
            emit(&server, each);
            continue;
        }
        if which != 0 || (kills <= FEW && !is_last) {
            let victim = usize::try_from(dice.below(relays as u64)).unwrap();
            drop(running.swap_remove(victim));
            running.push(relay(&project));
            deaths.relay += 1;
        }
        if is_last || (which != 1 && kills > FEW) {
            broker.kill(&mut dice);
            deaths.broker += 1;
        }
        emit(&server, each);
    }
    drained(&server);
    for mut relay in running {
        assert!(!relay.has_ended(), "a relay ended by itself");
    }
    let events = 4 * (u64::from(share) + u64::from(each) * kills);
    let events = usize::try_from(events).unwrap();
    let twice = judge(&server, &broker.arrived(), events);
    let on_their_way = SERVICES.len() * SESSIONS * BATCH;
    let at_most = (deaths.relay + (deaths.broker + deaths.server) * relays) * on_their_way;
    eprintln!(
        "{events} events, {} relays killed, {} brokers and {} servers, {relays} at a time: {twice} came twice (at most {at_most} were on their way), none was lost, {} s",
        deaths.relay,
        deaths.broker,
        deaths.server,
        begun.elapsed().as_secs()
    );
    assert!(twice <= at_most, "{twice} came twice");
}

fn drained(server: &Server) {
    let begun = Instant::now();
    let all = || SERVICES.map(|service| pending(server, service)).iter().sum::<u32>();
    let (mut left, mut since) = (all(), Instant::now());
    while left > 0 {
        let now = all();
        if now < left {
            (left, since) = (now, Instant::now());
        }
        assert!(since.elapsed() < Duration::from_secs(120), "{left} events stay where they are");
        assert!(begun.elapsed() < Duration::from_secs(1200), "{left} events are left");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Everything is there, in order, and the same each time that it came; how much came twice.
fn judge(server: &Server, arrived: &[Arrived], events: usize) -> usize {
    let mut payloads: BTreeMap<&str, &str> = BTreeMap::new();
    let mut places: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for one in arrived {
        let same = payloads.entry(&one.id).or_insert(&one.payload);
        assert_eq!(*same, one.payload, "two payloads of {}", one.id);
        places.entry((one.service.clone(), one.aggregate.clone())).or_default().push(&one.id);
    }
    assert_eq!(payloads.len(), events, "events were lost");
    for service in SERVICES {
        let sql = format!(
            "SELECT 'thing/' || aggregate_id, string_agg(event_id::text, ' ' ORDER BY id) FROM {service}_outbox GROUP BY 1"
        );
        let written = server.sql(service, &sql);
        for row in &written {
            let mut ids = places.remove(&(service.to_owned(), row[0].clone())).unwrap_or_default();
            let mut seen = BTreeSet::new();
            ids.retain(|id| seen.insert(*id));
            assert_eq!(ids, row[1].split(' ').collect::<Vec<_>>(), "{service} {}", row[0]);
        }
    }
    assert!(places.is_empty(), "{:?}", places.keys());
    arrived.len() - payloads.len()
}

#[test]
fn no_event_is_lost_when_relay_and_jetstream_are_killed() {
    survives(Broker::nats(), 1, (8_000, 6));
}

#[test]
fn no_event_is_lost_with_four_relays_and_jetstream() {
    survives(Broker::nats(), 4, (8_000, 6));
}

#[test]
fn no_event_is_lost_when_relay_and_rabbitmq_are_killed() {
    survives(Broker::rabbit(), 1, (4_000, 3));
}

#[test]
fn no_event_is_lost_with_four_relays_and_rabbitmq() {
    survives(Broker::rabbit(), 4, (4_000, 3));
}
