//! The page as a whole: hostile text, size, figures, and the way back from a page to its values.

#![allow(clippy::unwrap_used)]

mod sample;

use std::collections::BTreeSet;

use proptest::prelude::*;

use martydb_report::difference::ReportDifference;
use martydb_report::embedded;
use martydb_report::page::{Extras, policy, render};
use martydb_report::values::{MAX_TEXT_BYTES, ReportValues};
use sample::{Sample, report};

fn page(report: &ReportValues) -> String {
    render(report, &Extras::default())
}

/// Tags of a page with the names of their attributes, read as a browser does up to the scripts.
fn tags(page: &str) -> Vec<(String, Vec<String>)> {
    let (body, _) = page.split_once("<script type=\"application/json\"").unwrap();
    let (before, rest) = body.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    [before, after].into_iter().flat_map(|part| part.split('<').skip(1)).map(tag).collect()
}

fn tag(text: &str) -> (String, Vec<String>) {
    let (mut inside, mut quoted) = (String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => break,
            _ if quoted => continue,
            _ => {}
        }
        inside.push(c);
    }
    let mut words = inside.split_whitespace();
    let name = words.next().unwrap_or_default().to_owned();
    (name, words.map(|word| word.split('=').next().unwrap_or_default().to_owned()).collect())
}

const HOSTILE: &[&str] = &[
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "&lt;script&gt;alert(1)",
    "]]><svg/onload=alert(1)>",
    "</style><style>*{display:none}",
    "\u{202e}gpj.exe\u{2066}",
    "a\u{0}b\u{1b}[31mred\u{7}",
    "{{7*7}}${7*7}",
    "@font-face{src:url(//evil.example)}",
];

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(HOSTILE).prop_map(str::to_owned),
        "[<>\"'&/=a-z \u{202e}\u{0}]{0,40}",
        any::<String>(),
    ]
}

/// Controls, and characters that change the direction of writing.
fn is_risky(c: char) -> bool {
    (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A page with hostile texts has the tags and attributes of one with harmless texts.
    #[test]
    fn no_text_becomes_markup(text in hostile()) {
        let text = text.replace(" → ", "");
        let harmless = page(&report(&Sample { text: "harmless", ..Sample::default() }));
        let shown = page(&report(&Sample { text: &text, ..Sample::default() }));
        prop_assert_eq!(tags(&shown), tags(&harmless));
        prop_assert_eq!(shown.matches("</script").count(), 2);
        let body = shown.split_once("</style>").unwrap().1;
        let body = body.split_once("<script>").unwrap().0;
        prop_assert!(!body.chars().any(is_risky));
    }

    /// The JSON inside a page is the one that made it.
    #[test]
    fn a_page_gives_its_values_back(text in hostile()) {
        let made = report(&Sample { text: &text, ..Sample::default() });
        let read = embedded::read(&page(&made)).unwrap();
        prop_assert_eq!(&read.json, &made.json);
        prop_assert!(ReportDifference::between(&read.values, &made.values).is_empty());
    }
}

#[test]
fn only_known_tags_and_attributes_are_used_and_none_is_a_request() {
    let shown = page(&report(&Sample { text: "x", breach: true, ..Sample::default() }));
    let all: BTreeSet<String> = tags(&shown).into_iter().flat_map(|(_, attributes)| attributes).collect();
    for attribute in &all {
        let runs = attribute.starts_with("on")
            || ["src", "srcset", "style", "action", "xlink:href"].contains(&attribute.as_str());
        assert!(!runs, "{attribute}");
    }
    let outside = shown.split("href=\"").skip(1).find(|rest| !rest.starts_with('#'));
    assert_eq!(outside, None);
    assert!(shown.contains(&policy()), "the policy is in the page");
}

#[test]
fn each_figure_equals_the_json_at_its_place() {
    let made = report(&Sample { services: 12, breach: true, ..Sample::default() });
    let shown = page(&made);
    let mut figures = 0;
    for text in shown.split("<data value=\"").skip(1) {
        let (value, rest) = text.split_once('"').unwrap();
        let place = rest.strip_prefix(" data-of=\"").unwrap().split('"').next().unwrap();
        let found = made.json.pointer(place).unwrap_or_else(|| panic!("{place}"));
        let found = found.as_array().map_or_else(|| found.to_string(), |all| all.len().to_string());
        assert_eq!(value, found, "{place}");
        figures += 1;
    }
    assert!(figures > 60, "{figures}");
}

#[test]
fn a_thousand_services_have_six_megabytes_at_most_and_a_matrix_of_300_is_small() {
    let page_of =
        |services| page(&report(&Sample { services, text: "a comment", events: 4, ..Sample::default() }));
    let thousand = page_of(1000);
    assert!(thousand.len() <= 6_000_000, "{}", thousand.len());
    let large = page_of(300);
    let picture = large.split("<svg class=\"matrix\"").nth(1).unwrap().split("</svg>").next().unwrap();
    assert!(picture.len() < 40_000, "{}", picture.len());
}

#[test]
fn a_long_text_is_cut_and_says_so() {
    let long = "x".repeat(1 << 20);
    let made = report(&Sample { text: &long, ..Sample::default() });
    let shown = page(&made);
    assert!(shown.len() < 100 * MAX_TEXT_BYTES, "{}", shown.len());
    assert!(
        shown.contains("cut here: the text has 1048576 bytes") && shown.contains("more bytes in the JSON")
    );
}

#[test]
fn a_difference_names_who_gained_and_lost_access() {
    let calm = report(&Sample::default());
    let breached = report(&Sample { breach: true, ..Sample::default() });
    let gained = ReportDifference::between(&calm.values, &breached.values);
    assert_eq!((gained.gained.len(), gained.lost.len()), (1, 0));
    assert_eq!((gained.new_findings.len(), gained.gone_findings.len()), (1, 0));
    let lost = ReportDifference::between(&breached.values, &calm.values);
    assert_eq!((lost.gained.len(), lost.lost.len(), lost.gone_findings.len()), (0, 1, 1));
    let shown = render(&breached, &Extras { difference: Some(&gained), ..Extras::default() });
    assert!(
        shown.contains("Access gained, not allowed (1)")
            && shown.find("id=\"changes\"") < shown.find("id=\"services\"")
    );
    let later = report(&Sample { events: 3, ..Sample::default() });
    let ran = ReportDifference::between(&calm.values, &later.values);
    assert_eq!(ran.migrations.len(), 4, "one more event of each of four services");
}

#[test]
fn an_invalid_report_is_refused_with_the_reason() {
    let shown = page(&report(&Sample::default()));
    assert!(embedded::is_report(&shown) && !embedded::is_report("<!DOCTYPE html><html>"));
    let reason = |text: &str| embedded::read(text).unwrap_err();
    assert!(reason("").contains("not a page"));
    let (head, _) = shown.split_once("<script type=\"application/json\"").unwrap();
    assert!(reason(head).contains("no JSON"));
    assert!(reason(&shown.replace("\"format_version\":1", "\"format_version\":2")).contains("version 2"));
    assert!(reason(&shown.replace("\"format_version\":1", "\"format_version\":")).contains("damaged"));
    assert!(reason(&shown.replace("\"services\":[", "\"services\":[7,")).contains("not that of a report"));
}

/// Writes pages for `scripts/report-page` into the folder of MARTYDB_TEST_PAGES; without it this checks only that they are made.
#[test]
fn pages_for_a_browser() {
    let hostile = HOSTILE.join(" ");
    let pages = [
        ("300", Sample { services: 300, text: "an example", breach: true, events: 6 }),
        ("1000", Sample { services: 1000, text: "an example", breach: false, events: 4 }),
        ("hostile", Sample { text: &hostile, breach: true, ..Sample::default() }),
    ];
    for (name, sample) in pages {
        let shown = page(&report(&sample));
        assert!(embedded::is_report(&shown));
        if let Some(folder) = std::env::var_os("MARTYDB_TEST_PAGES") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), shown).unwrap();
        }
    }
}
