//! The loop: spoil an input, run the target, keep the input if it says something not said before.
//!
//! What a target says stands for the coverage that an instrumented build would measure: an input that reached a new
//! message is worth spoiling further.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::spoil::{Dice, spoil};

/// Inputs that are kept; more would only thin out the interesting ones.
const CORPUS: usize = 4000;

/// No input of a few kilobytes may take longer, on a machine that others use too.
const PATIENCE: Duration = Duration::from_secs(20);

/// One fuzzed function.
pub(crate) struct Target {
    /// For the file that keeps the input.
    pub name: &'static str,
    pub seeds: Vec<Vec<u8>>,
    pub tokens: &'static [&'static str],
    /// Panics where something is wrong; says in words what it found.
    pub run: fn(&[u8]) -> Vec<String>,
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Runs it for as long as the environment says.
pub(crate) fn fuzz(target: &Target) {
    let until = Instant::now() + Duration::from_secs(variable("MARTYDB_FUZZ_SECONDS").unwrap_or(2));
    let seed = variable("MARTYDB_FUZZ_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let (mut dice, mut corpus, mut runs) = (Dice(seed), target.seeds.clone(), 0u64);
    let mut kinds: BTreeSet<String> = target.seeds.iter().flat_map(|input| attempt(target, input)).collect();
    let known = kinds.len();
    while Instant::now() < until {
        let input = dice.pick(&corpus).clone();
        let other = dice.pick(&corpus).clone();
        let input = spoil(&mut dice, input, &other, target.tokens);
        let said = attempt(target, &input);
        let is_new = said.into_iter().map(|text| kinds.insert(text)).fold(false, |any, new| any | new);
        if is_new && corpus.len() < CORPUS {
            corpus.push(input);
        }
        runs += 1;
    }
    println!("{}: seed {seed}, {runs} inputs, {} kinds of answers", target.name, kinds.len());
    assert!(kinds.len() > known, "the target answers the same to everything");
}

/// The input lies in a file while it runs, for what no `catch_unwind` catches: a stack that overflows.
fn attempt(target: &Target, input: &[u8]) -> Vec<String> {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}.input", target.name));
    std::fs::write(&file, input).unwrap();
    let started = Instant::now();
    let Ok(said) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) else {
        panic!("{}, see {}:\n{}", target.name, file.display(), input.escape_ascii());
    };
    let spent = started.elapsed();
    assert!(spent < PATIENCE, "{}: {spent:?} for {}:\n{}", target.name, file.display(), input.escape_ascii());
    said.iter().map(|text| kind(text)).collect()
}

/// Without what differs from input to input: numbers and quoted parts.
fn kind(text: &str) -> String {
    let mut quoted = false;
    let kept = text.chars().filter(|character| {
        let quote = *character == '"';
        quoted ^= quote;
        !quoted && !quote && !character.is_ascii_digit()
    });
    kept.take(200).collect()
}
