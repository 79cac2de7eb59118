//! Choices for tests that try many requests, the same in each run.

/// A sequence of choices (SplitMix64).
#[derive(Debug)]
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Choices {
        Choices(seed)
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from(mixed >> 33).unwrap_or_default() % end
    }

    /// Returns a number from 1 to `most`.
    pub(crate) fn up_to(&mut self, most: usize) -> usize {
        1 + self.below(most)
    }

    pub(crate) fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Returns `true` once in `times`.
    pub(crate) fn happens(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}
