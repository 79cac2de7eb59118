//! The model of reach against the server: random servers, attacked by brute force. What the attacker reached for real
//! and what `verify-isolation` says that a login can reach must agree, in both directions.
//!
//! `MARTYDB_ATTACKS=FIRST..LAST` chooses the seeds; a failure names its seed and the statements that made the server.

mod attacker;
mod claims;
mod doors;
mod places;
mod placing;
pub(crate) mod random;
mod stage;
mod world;

use std::collections::BTreeSet;

use crate::audit::support::Pair;
use crate::support::many;
use attacker::attack;
use claims::Claims;
use doors::{Entry, LoginFiles};
use random::Random;
use stage::Stage;
use world::World;

/// Servers that a run of the whole suite makes, and one of its short form.
const SEEDS: (usize, usize) = (6, 3);
/// Numbers of names for one attacker: what one of them made may still be there for the next.
const NAMES: usize = 100_000;
const SETTINGS: [&str; 3] = ["log_statement=none", "log_connections=off", "log_min_messages=fatal"];

fn seeds() -> std::ops::Range<u64> {
    let Ok(named) = std::env::var("MARTYDB_ATTACKS") else { return 0..many(SEEDS.0, SEEDS.1) as u64 };
    let (first, last) = named.split_once("..").unwrap();
    first.parse().unwrap()..last.parse().unwrap()
}

#[test]
fn the_model_of_reach_agrees_with_brute_force() {
    let pair = Pair::with(&SETTINGS, "");
    let major = pair.server.major();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut stage = runtime.block_on(Stage::new(&pair.server));
    let (mut entered, mut reached, mut different) = (0, 0, Vec::<String>::new());
    for seed in seeds() {
        let (open, held, facts) = runtime.block_on(one_server(&pair, &mut stage, major, seed));
        entered += open.len();
        reached += held;
        different.extend(facts);
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(entered > 0 && reached > 0, "{entered} open doors, {reached} facts reached");
    println!("{} servers, {entered} open doors, {reached} facts reached", seeds().count());
}

/// Returns the logins without a password on a random server, the number of objects that they reach, and the
/// differences from the model.
async fn one_server(
    pair: &Pair,
    stage: &mut Stage,
    major: u32,
    seed: u64,
) -> (BTreeSet<Entry>, usize, Vec<String>) {
    let mut random = Random(seed);
    let world = World::random(&mut random, major);
    let files = LoginFiles::random(&mut random);
    stage.make(&pair.server, &world).await;
    files.load(&pair.server).await;
    let said = ["verify-isolation", "--probes", "none", "--format", "opengraph"];
    let said = Claims::read(pair.project.command(&said));
    let entered = doors::entered(&pair.server, &world).await;
    let mut different: Vec<String> = said.different_entries(&entered, &world.attackers());
    if !different.is_empty() {
        different = vec![format!("seed {seed}:\n  {}\n{}", different.join("\n  "), files.text())];
    }
    LoginFiles::open().load(&pair.server).await;
    let mut reached = 0;
    for (number, login) in world.attackers().into_iter().enumerate() {
        let found = attack(&pair.server, &world, &login, number * NAMES).await;
        stage.restore(&world).await;
        reached += found.count();
        let facts = said.differences(&login, &found);
        if !facts.is_empty() {
            different.push(format!(
                "seed {seed}, {login}:\n  {}\npaths:\n{}trace:\n{}\n",
                facts.join("\n  "),
                said.paths(&login),
                found.trace.join("\n")
            ));
        }
    }
    if !different.is_empty() {
        different.push(world.statements());
    }
    stage.remove(&world).await;
    (entered, reached, different)
}
