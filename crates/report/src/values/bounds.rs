//! Bounds of a report: names, comments and errors come from servers whose teams may be hostile, and a browser must open the page.

use serde_json::{Value, json};

/// Longest text, in bytes.
pub const MAX_TEXT_BYTES: usize = 16 << 10;

/// Most rows of a list of the proof.
const MOST_ROWS: usize = 5000;

/// Most bytes of all long texts together; with more, each text has a lower limit.
const ALL_LONG: usize = 4 << 20;

/// Limits of a text, in bytes. A text within the last one is not long.
const LIMITS: [usize; 4] = [MAX_TEXT_BYTES, 4 << 10, 1 << 10, 256];

/// Bytes for the words that say what was cut.
const NOTE: usize = 80;

/// Lists of the proof whose length a service's team can choose, with the key that decides which rows stay, and its words from the
/// worst.
const LISTS: [(&str, &str, &[&str]); 6] = [
    ("findings", "severity", &["critical", "high", "medium", "low"]),
    ("accepted", "severity", &["critical", "high", "medium", "low"]),
    ("matrix", "outcome", &["breach", "inconclusive", "allowed"]),
    ("trials", "outcome", &["breach", "inconclusive"]),
    ("not_examined", "what", &[]),
    ("unread", "what", &[]),
];

/// Command that shows all rows.
const GRANT: &str = "martydb verify-isolation -o json";

/// Cuts lists and texts, and says so. What is within the bounds, such as the values of a page that was read again, stays.
pub(crate) fn cut(json: &mut Value) {
    let mut notes: Vec<Value> = LISTS.iter().filter_map(|list| cut_list(json, list)).collect();
    if let Some(skipped) = json.get_mut("skipped").and_then(Value::as_array_mut) {
        if skipped.len() + notes.len() > MOST_ROWS {
            let (kept, count) = (MOST_ROWS - notes.len() - 1, skipped.len());
            skipped.truncate(kept);
            let why = format!("the report has the first {kept} of {count}");
            notes.push(json!({ "what": "rows of this list", "why": why, "grant": GRANT }));
        }
        // First: the page shows the first rows only.
        skipped.splice(0..0, notes);
    }
    let limit = LIMITS.into_iter().find(|limit| long(json, *limit) <= ALL_LONG).unwrap_or(LIMITS[3]);
    cut_texts(json, limit);
}

/// Keeps the worst rows.
fn cut_list(json: &mut Value, (name, key, worst_first): &(&str, &str, &[&str])) -> Option<Value> {
    let rows = json.pointer_mut(&format!("/isolation/{name}"))?.as_array_mut()?;
    let count = rows.len();
    if count <= MOST_ROWS {
        return None;
    }
    rows.sort_by_key(|row| worst_first.iter().position(|word| row[*key] == *word));
    rows.truncate(MOST_ROWS);
    let why = format!("the report has the worst {MOST_ROWS} of {count}");
    Some(json!({ "what": format!("rows of isolation.{name}"), "why": why, "grant": GRANT }))
}

/// Returns the bytes of all long texts together, with this limit for each.
fn long(json: &Value, limit: usize) -> usize {
    match json {
        Value::String(text) if text.len() > LIMITS[3] => text.len().min(limit),
        Value::Array(all) => all.iter().map(|one| long(one, limit)).sum(),
        Value::Object(all) => all.values().map(|one| long(one, limit)).sum(),
        _ => 0,
    }
}

/// Cuts at a character.
fn cut_texts(json: &mut Value, limit: usize) {
    match json {
        Value::String(text) if text.len() > limit => {
            let (end, all) = (text.floor_char_boundary(limit - NOTE), text.len());
            text.truncate(end);
            text.push_str(&format!(" … (cut here: the text has {all} bytes)"));
            text.shrink_to_fit();
        }
        Value::Array(all) => all.iter_mut().for_each(|one| cut_texts(one, limit)),
        Value::Object(all) => all.values_mut().for_each(|one| cut_texts(one, limit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_60_mb_is_cut_once_and_says_so() {
        let mut json = json!({ "note": "é".repeat(30_000_000) });
        cut(&mut json);
        let once = json.clone();
        assert!(json["note"].as_str().unwrap().len() <= MAX_TEXT_BYTES);
        assert!(json["note"].as_str().unwrap().ends_with("(cut here: the text has 60000000 bytes)"));
        cut(&mut json);
        assert_eq!(json, once);
    }

    #[test]
    fn many_long_texts_share_a_bound_and_short_ones_stay() {
        let all: Vec<String> = (0..5000).map(|_| "x".repeat(20_000)).collect();
        let mut json = json!({ "all": all, "short": vec!["y".repeat(256); 3] });
        cut(&mut json);
        assert!(long(&json, MAX_TEXT_BYTES) <= ALL_LONG, "{}", long(&json, MAX_TEXT_BYTES));
        assert_eq!(json["short"][2], "y".repeat(256));
    }

    #[test]
    fn of_too_many_findings_the_worst_stay_and_the_rest_is_named() {
        let finding = |severity: &str| json!({ "severity": severity });
        let mut all = vec![finding("low"); 2 * MOST_ROWS];
        all.push(finding("critical"));
        let mut json = json!({ "isolation": { "findings": all }, "skipped": [] });
        cut(&mut json);
        let kept = json["isolation"]["findings"].as_array().unwrap();
        assert_eq!((kept.len(), &kept[0]["severity"]), (MOST_ROWS, &json!("critical")));
        assert_eq!(json["skipped"][0]["why"], "the report has the worst 5000 of 10001");
    }
}
