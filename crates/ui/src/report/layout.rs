//! Layout of a table: the columns that fit a terminal's width, and their widths. Pure.

/// Space between two columns, in characters.
pub(crate) const GAP: usize = 2;

/// Width below which a table that does not fit is written as blocks of `key: value`.
pub(crate) const NARROWEST: usize = 60;

/// Minimum width of a shortened text.
const LEAST: usize = 12;

/// Minimum width of a last column of words, which wrap; a narrower one would be a column of syllables.
const LEAST_WORDS: usize = 24;

/// Measurements of a column before the layout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    /// Width of the widest cell, in characters.
    pub width: usize,
    /// `true` if all its cells are numbers, which are never shortened.
    pub number: bool,
    /// Order in which it is omitted if the table is too wide: the lowest first.
    pub spare: Option<usize>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TableLayout {
    /// Indexes of the shown columns, with their widths.
    Columns(Vec<(usize, usize)>),
    /// Even the required columns do not fit.
    Blocks,
}

/// Omits spare columns, then shortens the widest names, until the rest fits.
pub(crate) fn lay_out(measures: &[Measure], limit: usize) -> TableLayout {
    let mut shown: Vec<(usize, usize)> = measures.iter().map(|one| one.width).enumerate().collect();
    let total = |shown: &[(usize, usize)]| -> usize {
        shown.iter().map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP)
    };
    // Words in the last column may wrap.
    let needed = |shown: &[(usize, usize)]| {
        let last = shown.last().map_or(0, |(_, width)| *width);
        total(shown) - last + last.min(LEAST_WORDS)
    };
    let mut spare: Vec<(usize, usize)> =
        measures.iter().enumerate().filter_map(|(place, one)| Some((one.spare?, place))).collect();
    spare.sort_unstable();
    for (_, place) in spare {
        if needed(&shown) > limit {
            shown.retain(|(other, _)| *other != place);
        }
    }
    while needed(&shown) > limit {
        let last = shown.len().saturating_sub(1);
        let names =
            shown[..last].iter_mut().filter(|(place, width)| !measures[*place].number && *width > LEAST);
        match names.max_by_key(|(_, width)| *width) {
            Some((_, width)) => *width -= 1,
            None => return TableLayout::Blocks,
        }
    }
    let before = total(&shown) - shown.last().map_or(0, |(_, width)| *width);
    if let Some((_, width)) = shown.last_mut() {
        *width = (*width).min(limit.saturating_sub(before));
    }
    let cut = shown.iter().any(|(place, width)| *width < measures[*place].width);
    if limit < NARROWEST && (cut || shown.len() < measures.len()) {
        TableLayout::Blocks
    } else {
        TableLayout::Columns(shown)
    }
}

/// Shortens a text to `width` characters. The middle is removed, because names differ at their ends.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let tail = room / 2;
    let head: String = text.chars().take(room - tail).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(width: usize) -> Measure {
        Measure { width, number: false, spare: None }
    }

    #[test]
    fn spare_columns_go_before_a_name_is_cut() {
        let spare = Measure { spare: Some(0), ..measure(30) };
        let all = [measure(20), spare, measure(40)];
        assert_eq!(lay_out(&all, 100), TableLayout::Columns(vec![(0, 20), (1, 30), (2, 40)]));
        // The words in the last column wrap before anything is omitted.
        assert_eq!(lay_out(&all, 80), TableLayout::Columns(vec![(0, 20), (1, 30), (2, 26)]));
        assert_eq!(lay_out(&all, 70), TableLayout::Columns(vec![(0, 20), (2, 40)]));
        assert_eq!(lay_out(&[measure(70), measure(10)], 70), TableLayout::Columns(vec![(0, 58), (1, 10)]));
    }

    #[test]
    fn numbers_are_not_cut_and_what_does_not_fit_at_all_is_blocks() {
        let number = Measure { number: true, ..measure(30) };
        assert_eq!(lay_out(&[number, measure(12), measure(12), measure(30)], 70), TableLayout::Blocks);
        assert_eq!(lay_out(&[measure(30), measure(20)], 40), TableLayout::Blocks);
        assert_eq!(lay_out(&[measure(15), measure(20)], 40), TableLayout::Columns(vec![(0, 15), (1, 20)]));
        assert_eq!(lay_out(&[], 80), TableLayout::Columns(vec![]));
    }

    #[test]
    fn a_cut_name_keeps_both_ends() {
        assert_eq!(cut("document_signer", 15), "document_signer");
        assert_eq!(cut("document_signer", 9), "docu…gner");
        assert_eq!(cut("añb", 2), "a…");
    }
}
