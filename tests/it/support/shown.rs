//! Outputs as snapshots keep them: without what differs from run to run.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// Patterns of what differs, each with the word that replaces it. Widths of table columns follow from such texts.
static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rows = [
        (r"[\w./-]*/(?:\.tmp|martydb-it-)[\w.-]+", "FOLDER"),
        (r"/[\w./-]+/bin/", "BIN/"),
        (r"\b\d{8}T\d{6}Z(-\w+-)[0-9a-z]{8}\b", "TIME${1}RANDOM"),
        (r"\b(127\.0\.0\.1|localhost):\d{4,5}\b", "$1:PORT"),
        (r"\bport \d{4,5}\b", "port PORT"),
        (r"\bpid \d+\b", "pid PID"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?UTC|Z)?", "TIME"),
        (r"\b\d+(?:\.\d+)? (?:ms|s)\b", "DURATION"),
        (r"\b\d+(?:\.\d+)? (?:kB|MB|GB)\b", "SIZE"),
        (r"\b[0-9a-f]{32,}\b", "HASH"),
        (r"\bmartydb_scratch_[0-9a-f]+\b", "martydb_scratch_RANDOM"),
        (r"\b\d+ extra probes", "N extra probes"),
        // Progress, which only a slow run reports.
        (r"(?m)^[a-z ]+(?:: \d+ of \d+ .*|, DURATION)\n", ""),
        // MAINTAIN, from 17 on.
        (r"\barwdDxtm\b", "arwdDxt"),
        (r"\bPostgreSQL \d+(?:\.\d+)?", "PostgreSQL VERSION"),
        (r" {2,}", "  "),
        (r"─{2,}", "──"),
        (r"(?m) +$", ""),
    ];
    rows.map(|(pattern, word)| (Regex::new(pattern).unwrap(), word)).into()
});

/// Returns the text with each varying part replaced.
pub(crate) fn without_varying(text: &str) -> String {
    let replace = |text: Cow<'_, str>, (pattern, word): &(Regex, &str)| {
        Cow::Owned(pattern.replace_all(&text, *word).into_owned())
    };
    VARYING.iter().fold(Cow::Borrowed(text), replace).into_owned()
}
