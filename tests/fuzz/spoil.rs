//! Valid bytes, changed: cut, doubled, mixed with others, sprinkled with what a grammar finds special.

/// Numbers that look random and are the same for the same seed: splitmix64.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `limit`; 0 where there is nothing to choose from.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit.max(1) as u64)).expect("it is below a usize")
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Longer inputs only make it slower.
const LONGEST: usize = 6000;

/// A few changes, one after the other.
pub(crate) fn spoil(dice: &mut Dice, mut text: Vec<u8>, other: &[u8], tokens: &[&str]) -> Vec<u8> {
    for _ in 0..=dice.below(8) {
        change(dice, &mut text, other, tokens);
    }
    text.truncate(LONGEST);
    text
}

fn change(dice: &mut Dice, text: &mut Vec<u8>, other: &[u8], tokens: &[&str]) {
    let start = dice.below(text.len() + 1);
    let end = (start + dice.below(60)).min(text.len());
    let token = dice.pick(tokens).as_bytes();
    match dice.below(9) {
        0 => drop(text.drain(start..end)),
        1 => text.extend_from_within(start..end),
        2 | 3 => insert(text, start, token),
        4 => drop(text.splice(start..end, token.iter().copied())),
        // Deep nesting, long names.
        5 => insert(text, start, &token.repeat(1 + dice.below(200))),
        6 => {
            let from = dice.below(other.len() + 1);
            let to = (from + dice.below(200)).min(other.len());
            insert(text, start, &other[from..to]);
        }
        7 => text.truncate(start),
        _ => {
            let byte = dice.next().to_le_bytes()[0];
            insert(text, start, &[byte]);
        }
    }
}

fn insert(text: &mut Vec<u8>, at: usize, part: &[u8]) {
    drop(text.splice(at..at, part.iter().copied()));
}
