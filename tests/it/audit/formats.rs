//! Printed formats, read by their consumers: a JSON Schema validator, a JUnit parser, a Markdown parser.

use std::collections::BTreeMap;

use junit_parser::{TestCase, TestSuites};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

use super::support::Pair;
use crate::support::Project;

/// Names that a service may choose, and the formats that they could break.
const HOSTILE: &[&str] = &[
    "\"; DROP", "<&>\u{1}|a]]>", "| `x` **b** [l](u) $y$ <i>", "line\nbreak\t\u{1b}[2J", "-->&amp;\u{202e}",
    "'\\' \\| \u{fffe}",
];

fn sql_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Databases with these names that everybody may enter, a table that everybody may read, and a login that is locked.
fn hostile() -> Pair {
    let pair = Pair::new();
    for name in HOSTILE {
        pair.server.sql("postgres", &format!("CREATE DATABASE {}", sql_name(name)));
    }
    let tables = HOSTILE.iter().map(|name| {
        let name = sql_name(name);
        format!("CREATE TABLE public.{name} (); GRANT SELECT ON public.{name} TO PUBLIC;")
    });
    pair.server.sql("blue_db", &tables.collect::<String>());
    pair.server.sql("postgres", "ALTER ROLE red_ro NOLOGIN");
    pair
}

/// The three results that a run can have.
fn results(check: impl Fn(&Project, &Value, i32)) {
    let green = Pair::new();
    check(&green.project, &green.verify(&["--probes", "full"], 0), 0);
    let pair = hostile();
    let found = pair.verify(&["--probes", "full"], 4);
    assert!(found["findings"].as_array().unwrap().len() > HOSTILE.len(), "{found:#}");
    assert!(found["summary"]["inconclusive"].as_u64().unwrap() > 0, "{found:#}");
    check(&pair.project, &found, 4);
}

#[test]
fn json_conforms_to_the_published_schema() {
    let text = include_str!("../../../docs/verify-isolation.schema.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let valid = |document: &Value| {
        let errors: Vec<_> = validator.iter_errors(document).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{document:#}");
    };
    results(|project, document, code| {
        valid(document);
        let planned = project.json(&["verify-isolation", "--fix", "--dry-run"], code);
        assert_eq!(planned["changes"].as_array().unwrap().is_empty(), code == 0);
        valid(&planned);
        valid(&project.json(&["verify-isolation", "--only", "nothing"], 2));
        // A schema that takes everything proves nothing.
        for (path, wrong) in [
            ("/matrix/0/outcome", Value::from("fine")),
            ("/matrix/0/sqlstate", 5.into()),
            ("/summary", Value::Null),
            ("/findings", Value::Null),
            ("/command", "plan".into()),
            ("/format_version", 2.into()),
        ] {
            let mut other = document.clone();
            *other.pointer_mut(path).unwrap() = wrong;
            assert!(!validator.is_valid(&other), "{path}");
        }
        for key in ["matrix", "not_examined", "changes"] {
            let mut other = document.clone();
            other.as_object_mut().unwrap().remove(key);
            assert!(!validator.is_valid(&other), "without {key}");
        }
    });
}

/// As the report shows a name: nothing in it moves a cursor.
fn shown(text: &str) -> String {
    martydb_ui::report::printable(text)
}

/// XML has no way to say U+FFFE.
fn in_xml(text: &str) -> String {
    shown(text).replace('\u{fffe}', "\u{fffd}")
}

fn junit(project: &Project, more: &[&str], code: i32) -> TestSuites {
    let arguments = [&["verify-isolation", "--format", "junit"], more].concat();
    let done = project.run(&arguments).expect(code);
    let read = junit_parser::from_reader(done.stdout.as_bytes());
    let suites = read.unwrap_or_else(|error| panic!("{error}\n{}", done.stdout));
    counts_add_up(&suites);
    // A viewer that counts agrees with a script that looks at the exit code.
    assert_eq!(code != 0, suites.failures + suites.errors > 0, "{}", done.stdout);
    suites
}

fn counts_add_up(suites: &TestSuites) {
    let mut sums = [0; 4];
    for suite in &suites.suites {
        let count = |is: fn(&TestCase) -> bool| suite.cases.iter().filter(|case| is(case)).count() as u64;
        let counted = [
            suite.cases.len() as u64,
            count(|case| case.status.is_failure()),
            count(|case| case.status.is_error()),
            count(|case| case.status.is_skipped()),
        ];
        assert_eq!(counted, [suite.tests, suite.failures, suite.errors, suite.skipped], "{}", suite.name);
        sums.iter_mut().zip(counted).for_each(|(sum, count)| *sum += count);
    }
    assert_eq!(sums, [suites.tests, suites.failures, suites.errors, suites.skipped]);
}

#[test]
fn junit_has_a_case_for_each_probe_and_finding() {
    results(|project, document, code| {
        let suites = junit(project, &[], code);
        // By database, each in the order of the document.
        let cases = |what: &str, rows: &[Value]| -> Vec<TestCase> {
            let of = |row: &Value| {
                let database =
                    row["database"].as_str().map_or(String::new(), |name| format!("/{}", in_xml(name)));
                format!("main{database}: {what}")
            };
            let find = |name: &String| suites.suites.iter().find(|suite| suite.name == *name).unwrap();
            let mut taken: BTreeMap<String, usize> = BTreeMap::new();
            let all: Vec<TestCase> = rows
                .iter()
                .map(|row| {
                    let at = taken.entry(of(row)).or_default();
                    *at += 1;
                    find(&of(row)).cases[*at - 1].clone()
                })
                .collect();
            let whole = suites.suites.iter().filter(|suite| suite.name.ends_with(&format!(": {what}")));
            assert_eq!(whole.map(|suite| suite.cases.len()).sum::<usize>(), rows.len());
            all
        };
        let named = |probe: &Value, key: &str| in_xml(probe[key].as_str().unwrap());
        let probes = document["matrix"].as_array().unwrap();
        assert!(suites.time > 0.0, "each login takes some time");
        for (probe, case) in probes.iter().zip(&cases("logins", probes)) {
            // The parser puts the class before the name where the two differ.
            let name = format!("{} at {}", named(probe, "role"), named(probe, "database"));
            assert_eq!(
                (case.original_name.as_str(), case.classname.as_deref()),
                (name.as_str(), probe["service"].as_str())
            );
            let outcome = match &case.status {
                status if status.is_success() => ["denied", "allowed"].as_slice(),
                status if status.is_failure() => &["breach"],
                _ => &["inconclusive"],
            };
            assert!(outcome.contains(&probe["outcome"].as_str().unwrap()), "{probe:#}\n{case:?}");
        }
        let findings = document["findings"].as_array().unwrap();
        for (finding, case) in findings.iter().zip(&cases("findings", findings)) {
            let object = finding["object"].as_str().map_or(String::new(), in_xml);
            let whole = format!("database {}", finding["database"].as_str().map_or(String::new(), in_xml));
            assert!(case.original_name.contains(&object) || object == whole, "{finding:#}\n{case:?}");
            assert_eq!(case.status.is_failure(), finding["severity"] != "low", "{finding:#}");
            if case.status.is_failure() {
                let text = &case.status.failure_as_ref().message;
                assert!(text.contains(&in_xml(finding["evidence"].as_str().unwrap())), "{finding:#}\n{text}");
            }
        }
    });
}

#[test]
fn junit_counts_the_failures_of_the_exit_code() {
    let pair = Pair::with(
        &[],
        "allow:\n  - { finding: foreign-database-connect, role: red_app, reason: \"asked for\" }\n",
    );
    junit(&pair.project, &[], 0);
    // A breach that is accepted is none, and one that is not is.
    pair.server.sql("postgres", "GRANT CONNECT ON DATABASE blue_db TO red_app");
    let suites = junit(&pair.project, &[], 0);
    assert!(suites.skipped >= 2, "{suites:?}");
    pair.server.sql("postgres", "GRANT CONNECT ON DATABASE blue_db TO red_ro");
    junit(&pair.project, &[], 4);
    pair.server.sql("postgres", "REVOKE CONNECT ON DATABASE blue_db FROM red_ro");
    // An unread database is skipped, and an error with --strict.
    pair.server.sql("postgres", "CREATE DATABASE closed ALLOW_CONNECTIONS false; ");
    junit(&pair.project, &[], 0);
    let suites = junit(&pair.project, &["--strict"], 4);
    let not_examined = suites.suites.iter().find(|suite| suite.name == "not examined").unwrap();
    assert_eq!(not_examined.errors, 1, "{not_examined:?}");
}

/// The tables of a Markdown text: rows of cells, as a reader sees them.
fn tables(text: &str) -> Vec<Vec<Vec<String>>> {
    let (mut tables, mut inside) = (vec![], false);
    for event in Parser::new_ext(text, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::Table(_)) => tables.push(vec![]),
            Event::Start(Tag::TableHead | Tag::TableRow) => tables.last_mut().unwrap().push(vec![]),
            Event::Start(Tag::TableCell) => {
                inside = true;
                last_row(&mut tables).push(String::new());
            }
            Event::End(TagEnd::TableCell) => inside = false,
            Event::Text(text) if inside => last_row(&mut tables).last_mut().unwrap().push_str(&text),
            // Ours alone is in bold: the word BREACH, and the count above a table.
            Event::Start(Tag::Strong | Tag::Heading { .. } | Tag::Paragraph)
            | Event::End(_)
            | Event::Text(_) => {}
            other => panic!("a name became markup: {other:?}\n{text}"),
        }
    }
    tables
}

fn last_row(tables: &mut [Vec<Vec<String>>]) -> &mut Vec<String> {
    tables.last_mut().unwrap().last_mut().unwrap()
}

#[test]
fn markdown_escapes_names_within_their_cells() {
    results(|project, document, code| {
        let text = project.run(&["verify-isolation", "--format", "markdown"]).expect(code).stdout;
        let tables = tables(&text);
        for table in &tables {
            assert!(table.iter().all(|row| row.len() == table[0].len()), "{table:?}\n{text}");
        }
        let under = |head: &str| tables.iter().find(|table| table[0][0] == head);
        let matrix = under("service").unwrap();
        assert_eq!(matrix.len(), 3, "a head and two services: {text}");
        let mut databases: Vec<_> = document["matrix"].as_array().unwrap().iter().collect();
        databases.retain(|probe| probe["role"] == "red_app");
        for probe in &databases {
            assert!(matrix[0].contains(&trimmed(&probe["database"])), "{probe:#}\n{text}");
        }
        assert_eq!(matrix[0].len(), databases.len() + 1);
        let findings = document["findings"].as_array().unwrap();
        assert_eq!(under("severity").map_or(0, |table| table.len() - 1), findings.len());
        for (finding, row) in findings.iter().zip(under("severity").into_iter().flat_map(|table| &table[1..]))
        {
            assert_eq!(
                [&row[0], &row[1], &row[2]],
                [
                    finding["severity"].as_str().unwrap(),
                    finding["id"].as_str().unwrap(),
                    &trimmed(&finding["role"])
                ]
            );
            assert!(row[3].contains(
                &finding["object"].as_str().map_or(String::new(), |name| shown(name).trim().into())
            ));
            assert_eq!(row[4], trimmed(&finding["evidence"]));
        }
    });
}

fn trimmed(value: &Value) -> String {
    shown(value.as_str().unwrap()).trim().to_owned()
}

/// On a terminal of 80 columns: `script` gives the program one.
fn on_a_terminal(project: &Project, more: &str, variables: &[(&str, &str)]) -> String {
    let binary = env!("CARGO_BIN_EXE_martydb");
    let inside = project.command(&[]);
    let mut command = std::process::Command::new("script");
    command
        .args(["-qec", &format!("'{binary}' verify-isolation{more} 2>/dev/null"), "/dev/null"])
        .current_dir(project.path());
    command.env_clear().envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("COLUMNS", "80").env("TERM", "xterm").envs(variables.iter().copied());
    command.stdin(std::process::Stdio::null());
    let done = project.finish(command).expect(4);
    done.stdout.replace('\r', "")
}

#[test]
fn no_color_removes_the_colours_and_keeps_the_layout() {
    let pair = hostile();
    let coloured = on_a_terminal(&pair.project, "", &[]);
    let plain = on_a_terminal(&pair.project, " --color auto", &[("NO_COLOR", "1")]);
    assert!(coloured.contains("\u{1b}[1;31m") && !plain.contains('\u{1b}'), "{coloured}");
    assert!(plain.contains("BREACH") && plain.contains("[public-privilege]"), "{plain}");
    // Statements are there to be copied: they alone are never broken.
    for line in plain.lines().filter(|line| !line.ends_with(';')) {
        assert!(line.chars().count() <= 80, "{line}\n{plain}");
    }
}
