//! The model of reach against the server: random servers, attacked by brute force. What the attacker reached for real
//! and what `verify-isolation` says that a login can reach must agree, in both directions.
//!
//! `MARTYDB_ATTACKS=FIRST..LAST` chooses the seeds; a failure names its seed and the statements that made the server.

mod attacker;
mod claims;
mod random;
mod stage;
mod world;

use crate::audit::support::Pair;
use crate::support::Server;
use attacker::attack;
use claims::Claims;
use random::Random;
use stage::Stage;
use world::World;

/// The servers that a run of the whole suite makes.
const SEEDS: std::ops::Range<u64> = 0..12;
const SETTINGS: [&str; 3] = ["log_statement=none", "log_connections=off", "log_min_messages=fatal"];

fn seeds() -> std::ops::Range<u64> {
    let Ok(named) = std::env::var("MARTYDB_ATTACKS") else { return SEEDS };
    let (first, last) = named.split_once("..").unwrap();
    first.parse().unwrap()..last.parse().unwrap()
}

#[test]
fn what_an_attacker_reaches_and_what_the_model_says_agree() {
    let pair = Pair::with(&SETTINGS, "");
    trust_every_login(&pair.server);
    let major = pair.server.major();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut stage = runtime.block_on(Stage::new(&pair.server));
    let (mut reached, mut different) = (0, vec![]);
    for seed in seeds() {
        let world = World::random(&mut Random(seed), major);
        runtime.block_on(stage.make(&pair.server, &world));
        let said = Claims::read(pair.project.command(&[
            "verify-isolation",
            "--probes",
            "none",
            "--format",
            "opengraph",
        ]));
        let known = different.len();
        for login in world.attackers() {
            let found = runtime.block_on(attack(&pair.server, &world, &login));
            runtime.block_on(stage.restore(&world));
            reached += found.count();
            let facts = said.differences(&login, &found);
            if !facts.is_empty() {
                let facts = facts.join("\n  ");
                different.push(format!(
                    "seed {seed}, {login}:\n  {facts}\npaths:\n{}trace:\n{}\n",
                    said.paths(&login),
                    found.trace.join("\n")
                ));
            }
        }
        if different.len() > known {
            different.push(world.statements());
        }
        runtime.block_on(stage.remove(&world));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(reached > 0);
    println!("{} servers, {reached} facts reached", seeds().count());
}

/// The attacker needs no passwords: those it sets count, and no others.
fn trust_every_login(server: &Server) {
    let path = server.data().join("pg_hba.conf");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("host all all 127.0.0.1/32 trust\n{text}")).unwrap();
    server.sql("postgres", "SELECT pg_reload_conf()");
    std::thread::sleep(std::time::Duration::from_millis(300));
}
