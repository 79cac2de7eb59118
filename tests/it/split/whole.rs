//! A split from the first plan to the end: the four services in one shared database with everything that may cross them, clients that
//! write unique numbers all the while, and every command killed at random moments and run again.
//!
//! `MARTYDB_SPLIT_MB` and `MARTYDB_SPLIT_KILLS` make it longer, `MARTYDB_SPLIT_SEED` repeats a run:
//! `MARTYDB_SPLIT_MB=1000 MARTYDB_SPLIT_KILLS=20 cargo test --test it -- --nocapture split::whole::a_whole_split_works_on_two_servers`

mod clients;
mod follower;
mod proofs;
mod rows;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{SERVICES, SHARED};
use crate::support::{Dice, Done, can_dump};
use clients::{Clients, Side};
use follower::{COPY, Follower};
use world::{Attempt, Servers, Size, World, ended, kill};

/// Service that is cut over, rolled back, and cut over again.
const MOVED: &str = "csca";

/// Longer than a debug build on a loaded machine takes for anything but the copy.
const SWITCH: Duration = Duration::from_secs(4);

struct Whole {
    world: Arc<World>,
    clients: Clients,
    dice: Dice,
    size: Size,
    follower: Option<Follower>,
    /// By phase: killed, and faster than that.
    kills: BTreeMap<&'static str, (u64, u64)>,
    figures: String,
}

impl Whole {
    fn start(servers: Servers, size: Size) -> Option<Whole> {
        let dice = Dice::seeded("MARTYDB_SPLIT_SEED");
        let begun = Instant::now();
        let world = World::start(servers, size.megabytes)?;
        let bytes = world.source.value("postgres", &format!("SELECT pg_database_size('{SHARED}') / 1000000"));
        let (from, to) = (world.source.major(), world.target().major());
        let mut figures = String::new();
        let took = begun.elapsed().as_secs_f64();
        writeln!(figures, "{servers:?}, {from} to {to}, shared database of {bytes} MB, made in {took:.1} s")
            .unwrap();
        eprint!("{figures}");
        // Some hundred transactions a second: the servers, which decode each of them for every service, share the machine with the clients.
        let pause = if size.kills > 1 { 20 } else { 50 };
        let clients = Clients::start(&world, Duration::from_millis(pause));
        let world = Arc::new(world);
        Some(Whole { world, clients, dice, size, follower: None, kills: BTreeMap::new(), figures })
    }

    fn note(&mut self, line: &str) {
        eprintln!("{line}");
        writeln!(self.figures, "{line}").unwrap();
    }

    fn killed(&mut self, phase: &'static str) {
        self.kills.entry(phase).or_default().0 += 1;
    }

    fn kills(&self, phase: &str) -> u64 {
        self.kills.get(phase).map_or(0, |(kills, _)| *kills)
    }

    /// Runs it, to die within this time; what it gave if it was faster.
    fn attempt(&mut self, phase: &'static str, arguments: &[&str], longest: Duration) -> Option<Done> {
        // Sometimes the follower is killed as well.
        if let Some(follower) = self.follower.as_ref().filter(|_| self.dice.below(4) == 0) {
            follower.kill();
        }
        let after = self.dice.within(longest);
        match self.world.attempt(arguments, after) {
            Attempt::Killed => {
                self.killed(phase);
                None
            }
            Attempt::Ended(done) => {
                self.kills.entry(phase).or_default().1 += 1;
                Some(done)
            }
        }
    }

    fn plan(&self) {
        self.world.map(false);
        let open = self.world.project.json(&["split", "plan"], 3);
        assert!(open["edges"].as_array().unwrap().iter().all(|edge| edge["answer"].is_null()), "{open}");
        self.world.map(true);
        let plan = self.world.project.json(&["split", "plan"], 0);
        let kinds: std::collections::BTreeSet<&str> =
            plan["edges"].as_array().unwrap().iter().map(|edge| edge["kind"].as_str().unwrap()).collect();
        for kind in
            ["foreign-key", "view", "materialized-view", "sequence", "type", "domain", "policy", "function"]
        {
            assert!(kinds.contains(kind), "{kind} {kinds:?}");
        }
    }

    /// The first migration of each service, and the tables.
    fn schema(&mut self) {
        if can_dump(&self.world.source) {
            let mut longest = SWITCH;
            while self.kills("schema") < self.size.kills {
                if let Some(done) = self.attempt("schema", &["split", "schema"], longest) {
                    done.expect(0);
                    longest = longest * 3 / 4;
                }
            }
            let made = self.world.project.json(&["split", "schema"], 0);
            let outcomes =
                made["services"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap());
            assert!(outcomes.clone().all(|one| matches!(one, "written" | "same")), "{made}");
        } else {
            for (service, _) in SERVICES {
                for (name, text) in rows::by_hand(service) {
                    self.world.project.write(&format!("{service}/migrations/{name}"), &text);
                    let down = name.replace(".sql", ".down.sql");
                    let text = "-- martydb: irreversible: it is a test\n";
                    self.world.project.write(&format!("{service}/migrations/{down}"), text);
                }
            }
        }
        self.world.project.run(&["upgrade", "--all"]).expect(0);
    }

    /// Kills copies until one is complete; the last one continues as the follower.
    fn copy(&mut self) {
        let mut longest = Duration::from_millis(1500 + 60 * self.size.megabytes);
        loop {
            let due = self.kills("copy") < self.size.kills;
            let moment = if due { self.dice.within(longest) } else { Duration::MAX };
            let (mut child, begun) = (self.world.spawn(COPY), Instant::now());
            let mut follows = false;
            while begun.elapsed() < moment && !follows {
                if child.try_wait().unwrap().is_some() {
                    let done = ended(child);
                    panic!("the copy has ended: {:?} {}", done.code, done.said());
                }
                std::thread::sleep(Duration::from_millis(50));
                follows = self.world.all_are("following");
            }
            if follows && !due {
                let took = begun.elapsed().as_secs_f64();
                self.note(&format!("the last copy took {took:.1} s"));
                self.follower = Some(Follower::keep(&self.world, child));
                return;
            }
            kill(child);
            if follows {
                // It was whole before its moment came: once more.
                longest = begun.elapsed();
                self.kills.entry("copy").or_default().1 += 1;
                self.give_up();
            } else {
                self.killed("copy");
            }
        }
    }

    fn give_up(&self) {
        for (service, _) in SERVICES {
            self.world.split(&["rollback", "--service", service]).expect(0);
        }
        assert!(self.world.all_are("planned"), "{:?}", self.world.phases());
    }

    /// Each part that was copied, with the transaction that brought it.
    fn loaded(&self) -> Vec<String> {
        let query =
            "SELECT schema || '.' || name || ' ' || part || ' ' || xmin FROM martydb_split.loaded ORDER BY 1";
        let one = |(_, database): &(&str, &str)| self.world.target().sql(database, query);
        SERVICES.iter().flat_map(one).flatten().collect()
    }

    fn follow(&mut self) {
        let loaded = self.loaded();
        while self.kills("follow") < self.size.kills {
            self.dice.pause(50, 2000);
            if self.follower.as_ref().unwrap().kill() {
                self.killed("follow");
            }
        }
        assert_eq!(self.loaded(), loaded, "what was whole was copied again");
        for (service, _) in SERVICES {
            self.clients.more(service, Side::Source, 20);
        }
    }

    /// Runs a switch; returns how long writes were refused, according to the command and to the clients.
    fn switch(&mut self, step: &str, service: &'static str, to: Side) -> Duration {
        self.clients.gap(service);
        let begun = Instant::now();
        let done = self.world.project.json(&["split", step, "--service", service], 0);
        let took = begun.elapsed();
        self.clients.more(service, to, 20);
        let (refused, gap) = (&done["refused_ms"], self.clients.gap(service));
        let line = format!(
            "{step} of {service}: writes refused for {refused} ms (no client waited longer than {gap} ms), {:.1} s in all",
            took.as_secs_f64()
        );
        self.note(&line);
        assert_eq!(done["warnings"], serde_json::json!([]), "{done}");
        match to {
            Side::Target => {
                proofs::refuses(&self.world, service, database(service));
                assert!(proofs::sequences_are_ahead(self.world.target(), database(service)) > 0);
            }
            Side::Source => drop(proofs::sequences_are_ahead(&self.world.source, SHARED)),
        }
        took
    }

    /// Kills a switch so often, each time from the beginning if it was too fast, and ends it.
    fn harass(&mut self, step: &'static str, service: &'static str, longest: Duration, kills: u64) {
        let (back, to) = match step {
            "cutover" => ("rollback", Side::Target),
            _ => ("cutover", Side::Source),
        };
        let until = self.kills(step) + kills;
        while self.kills(step) < until {
            if let Some(done) = self.attempt(step, &["split", step, "--service", service], longest) {
                done.expect(0);
                self.clients.more(service, to, 5);
                self.world.split(&[back, "--service", service]).expect(0);
            }
        }
        self.world.split(&[step, "--service", service]).expect(0);
        self.clients.more(service, to, 20);
    }

    fn go_to_and_fro(&mut self) {
        let there = self.switch("cutover", MOVED, Side::Target);
        let back = self.switch("rollback", MOVED, Side::Source);
        self.harass("cutover", MOVED, there, self.size.kills);
        proofs::refuses(&self.world, MOVED, database(MOVED));
        self.harass("rollback", MOVED, back, self.size.kills);
        proofs::sequences_are_ahead(&self.world.source, SHARED);
    }

    fn all(&mut self) {
        for (service, _) in SERVICES {
            let took = self.switch("cutover", service, Side::Target);
            if service != MOVED && self.size.kills >= 4 {
                self.switch("rollback", service, Side::Source);
                self.harass("cutover", service, took, self.size.kills / 4);
            }
        }
        assert!(self.world.all_are("cut_over"), "{:?}", self.world.phases());
        for (service, database) in SERVICES {
            proofs::refuses(&self.world, service, database);
            proofs::sequences_are_ahead(self.world.target(), database);
        }
    }

    fn finish(&mut self) {
        // An operator who finishes a split does not begin to copy again.
        self.follower.as_ref().unwrap().is_the_last();
        let begun = Instant::now();
        self.world.project.run(&["verify-isolation", "--all"]).expect(0);
        let longest = begun.elapsed();
        let shown = self.world.split(&["finish", "--dry-run"]).expect(0).stdout;
        assert!(
            shown.contains("table public.csca_certificates\n")
                && shown.contains("view public.trust_report\n"),
            "{shown}"
        );
        let arguments = ["split", "finish", "--confirm", SHARED];
        for _ in 0..self.size.kills {
            if let Some(done) = self.attempt("finish", &arguments, longest) {
                // It may have been killed with nothing left to do.
                assert!(
                    done.code == Some(0) || done.stderr.contains("no split of database"),
                    "{}",
                    done.said()
                );
                break;
            }
        }
        let last = self.world.project.run(&arguments);
        if last.code != Some(0) {
            assert!(last.stderr.contains("no split of database"), "{}", last.said());
        }
        for (service, _) in SERVICES {
            self.clients.more(service, Side::Target, 20);
        }
    }

    /// Nothing of it is left, and every number is where it belongs.
    fn end(self, kept: &[String]) {
        let Whole { world, clients, mut figures, kills, .. } = self;
        let counts: Vec<_> = SERVICES.map(|(service, _)| (service, clients.counts(service))).into();
        let written = clients.end();
        for (service, (source, target, refused)) in counts {
            writeln!(
                figures,
                "{service}: {source} written at the source, {target} at the target, {refused} refused"
            )
            .unwrap();
        }
        let mut now = vec![];
        for (service, database) in SERVICES {
            let its: Vec<_> = written.iter().copied().filter(|one| one.service == service).collect();
            let count = proofs::nothing_lost_and_nothing_twice(world.target(), database, &its);
            writeln!(figures, "{service}: {count} transactions in all: 0 lost, 0 twice").unwrap();
            now.extend(rows::kept(world.target(), database, Some(service)));
            proofs::as_a_new_one(&world, service, database);
            assert!(
                proofs::leftovers(world.target(), database).is_empty(),
                "{:?}",
                proofs::leftovers(world.target(), database)
            );
        }
        assert_eq!(now, kept, "rows that no client wrote");
        assert!(
            proofs::leftovers(&world.source, SHARED).is_empty(),
            "{:?}",
            proofs::leftovers(&world.source, SHARED)
        );
        let tables = "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')";
        assert_eq!(world.source.value(SHARED, tables), "", "tables of the source");
        proofs::old_roles_reach_nothing(&world, &SERVICES.map(|(_, database)| database));
        world.project.run(&["verify-isolation", "--all"]).expect(0);
        world.project.run(&["plan", "--all"]).expect(0);
        for (phase, (killed, faster)) in kills {
            writeln!(figures, "{phase}: killed {killed} times ({faster} were faster)").unwrap();
        }
        eprintln!("{figures}");
    }
}

fn database(service: &str) -> &'static str {
    SERVICES.iter().find(|(name, _)| *name == service).unwrap().1
}

fn whole(servers: Servers, size: Size) {
    let begun = Instant::now();
    let Some(mut whole) = Whole::start(servers, size) else {
        eprintln!("SKIPPED: no servers of {servers:?} on this machine");
        return;
    };
    let kept = rows::kept(&whole.world.source, SHARED, None);
    whole.plan();
    whole.schema();
    whole.copy();
    whole.follow();
    whole.go_to_and_fro();
    whole.all();
    whole.finish();
    let followed = whole.follower.take().unwrap().ends();
    let failed: Vec<String> =
        followed.failed.iter().map(|done| format!("{:?} {}", done.code, done.said())).collect();
    whole.note(&format!(
        "followers: {} killed, {} ended, {} failed",
        followed.kills,
        followed.ended,
        failed.len()
    ));
    assert!(failed.is_empty(), "{failed:#?}");
    whole.note(&format!("{:.0} s in all", begun.elapsed().as_secs_f64()));
    whole.end(&kept);
}

#[test]
fn a_whole_split_works_on_two_servers() {
    whole(Servers::Two, Size::or(2, 1));
}

#[test]
#[ignore = "takes minutes: scripts/test --all-majors"]
fn a_whole_split_works_on_one_server() {
    whole(Servers::One, Size::or(2, 1));
}

#[test]
#[ignore = "takes minutes: scripts/test --all-majors"]
fn a_split_works_from_13_to_18() {
    whole(Servers::Majors("13.", "18."), Size::or(2, 1));
}
