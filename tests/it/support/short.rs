//! Short form of long tests. CI runs it, with `MARTYDB_TEST_SHORT`; all of it is run by `scripts/test --all-majors` and `cargo test`.

/// Returns the larger number, or in the short form the smaller one.
pub(crate) fn many(whole: usize, short: usize) -> usize {
    if is_short() { short } else { whole }
}

/// Returns `true` if a row of a long table is due: each is, but in the short form a third of them, on each of CI's majors another
/// one. They stand together, because one may need what the one before made.
pub(crate) fn is_due(number: usize, rows: usize, major: u32) -> bool {
    let third = match major {
        ..=14 => 0,
        15..=17 => 1,
        _ => 2,
    };
    !is_short() || 3 * number / rows == third
}

fn is_short() -> bool {
    std::env::var_os("MARTYDB_TEST_SHORT").is_some()
}
