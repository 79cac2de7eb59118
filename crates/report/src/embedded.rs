//! The JSON inside the page. Pure.

use serde_json::Value;

use crate::values::ReportValues;

/// Element with the JSON.
pub(crate) const ID: &str = "martydb-report";

/// Beginning of the element, as the page has it.
const START: &str = "<script type=\"application/json\" id=\"martydb-report\">";
const END: &str = "</script>";

/// Mark of a page that this program wrote, near its beginning.
pub(crate) const MARK: &str = "<meta name=\"generator\" content=\"martydb report\">";

/// Returns `true` if a text begins like a report.
pub fn is_report(text: &str) -> bool {
    let head = text.get(..text.floor_char_boundary(1024)).unwrap_or(text);
    head.starts_with("<!DOCTYPE html>") && head.contains(MARK)
}

/// Returns the element with the JSON. A browser ends a script at the first `</script`, whatever surrounds it, and `<!--` changes
/// how it reads the rest (<https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements>):
/// `<`, `>` and `&` occur in strings only, where JSON can escape them.
pub(crate) fn element(json: &Value) -> String {
    let text = martydb_model::text::escaped_json(&json.to_string())
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    format!("{START}{text}{END}")
}

/// Reads the report that a page contains.
///
/// # Errors
/// The reason why the text is not a report of this version.
pub fn read(page: &str) -> Result<ReportValues, String> {
    if !is_report(page) {
        return Err("it is not a page of `martydb report`".into());
    }
    let json = page.split_once(START).and_then(|(_, rest)| rest.split_once(END));
    let (json, _) = json.ok_or("it contains no JSON of a report")?;
    let value: Value = serde_json::from_str(json).map_err(|error| format!("its JSON is damaged: {error}"))?;
    match value["format_version"].as_u64() {
        Some(1) => {}
        Some(other) => return Err(format!("its JSON has version {other}, and this program reads version 1")),
        None => return Err("its JSON has no version".into()),
    }
    ReportValues::new(value).map_err(|error| format!("its JSON is not that of a report: {error}"))
}
