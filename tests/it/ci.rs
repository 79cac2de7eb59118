//! Output for CI: annotations for GitHub, and several reports of one run.

use serde_json::Value;

use crate::support::{Project, Server};

/// An annotation as GitHub's runner reads it: level, properties, message.
type Read = (String, Vec<(String, String)>, String);

/// As `ActionCommand.TryParseV2` of actions/runner: what does not begin with `::` is plain text.
fn read(line: &str) -> Option<Read> {
    let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (level, properties) = head.split_once(' ').unwrap_or((head, ""));
    let decoded = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
    let properties = properties
        .split(',')
        .filter_map(|one| one.split_once('='))
        .map(|(key, value)| (key.into(), decoded(&value.replace("%3A", ":").replace("%2C", ","))));
    Some((level.into(), properties.collect(), decoded(data)))
}

fn value(annotation: &Read, key: &str) -> String {
    let found = annotation.1.iter().find(|(name, _)| name == key);
    found.unwrap_or_else(|| panic!("no {key}: {annotation:?}")).1.clone()
}

fn annotations(text: &str) -> Vec<Read> {
    text.lines().filter_map(read).collect()
}

/// A folder whose name and a statement that each try to begin a command of their own.
#[test]
fn findings_annotate_their_files_and_forge_no_other_command() {
    let folder = "a, line=1::x%0A\n::stop-commands::pause";
    let manifest = format!("version: 1\nservices:\n  a: {{ migrations: {} }}\n", Value::from(folder));
    let project = Project::with_manifest(&manifest);
    project.write(&format!("{folder}/V1__first.sql"), "CREATE TABLE t (id int);\n");
    project.write(&format!("{folder}/V1__first.down.sql"), "DROP TABLE t;\n");
    let drop = "SELECT 1;\nDROP TABLE \"gone\n::set-env name=PATH::x\";\n";
    project.write(&format!("{folder}/V2__drop.sql"), drop);
    project.write(&format!("{folder}/V2__drop.down.sql"), "SELEC 1;\n");

    let done = project.run(&["lint", "--since", "1", "--format", "github"]).expect(3);
    let found = annotations(&done.stdout);
    assert_eq!(found.len(), 1, "{}", done.stdout);
    assert_eq!(found[0].0, "error");
    assert_eq!(value(&found[0], "file"), format!("{}/{folder}/V2__drop.sql", "").trim_start_matches('/'));
    assert_eq!((value(&found[0], "line"), value(&found[0], "title")), ("2".into(), "ban-drop-table".into()));
    assert_eq!(done.stdout.lines().count(), 2, "an annotation and the sum: {}", done.stdout);

    let mut command = project.command(&["validate", "--format", "github"]);
    command.env("GITHUB_WORKSPACE", project.path().parent().unwrap());
    let done = project.finish(command).expect(2);
    let found = annotations(&done.stdout);
    assert_eq!(found.len(), 1, "{}", done.stdout);
    let within = project.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(value(&found[0], "file"), format!("{within}/{folder}/V2__drop.down.sql"));
    assert_eq!((value(&found[0], "line"), value(&found[0], "col")), ("1".into(), "1".into()));
    assert!(found[0].2.contains("\nhint: "), "{found:?}");
    assert!(done.stdout.ends_with("\nInvalid: 1 problem in 1 service.\n"), "{}", done.stdout);

    // JSON has the same line.
    let document = project.json(&["validate"], 2);
    let problem = &document["services"][0]["problems"][0];
    assert_eq!((&problem["line"], &problem["column"]), (&1.into(), &1.into()), "{problem}");
    assert!(problem["file"].as_str().unwrap().ends_with("V2__drop.down.sql"), "{problem}");
}

#[test]
fn a_manifest_that_cannot_be_read_is_annotated_where_it_is_wrong() {
    let project = Project::with_manifest("version: 1\nservices:\n  a: { migratoins: x }\n");
    for command in ["validate", "lint"] {
        let done = project.run(&[command, "--format", "github"]).expect(2);
        let found = annotations(&done.stdout);
        assert_eq!(found.len(), 1, "{}", done.stdout);
        let place = ["file", "line"].map(|key| value(&found[0], key));
        assert_eq!(place, ["martydb.yaml", "3"], "{found:?}");
        assert!(done.stderr.starts_with("error: "), "{}", done.stderr);
        // Nothing of it where it was not asked for.
        assert_eq!(project.run(&[command]).expect(2).stdout, "");
    }
}

#[test]
fn one_run_writes_every_report_with_the_same_results() {
    let server = Server::start();
    let project = Project::new(&server, "kit");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let mut code = 0;
    for breached in [false, true] {
        if breached {
            server.sql("postgres", "GRANT CONNECT ON DATABASE kit_b TO kit_a_app");
            code = 4;
        }
        let all = [
            "junit=reports.xml", "markdown=report.md", "json=report.json", "sarif=report.sarif",
            "github=report.txt",
        ];
        let reports = all.into_iter().flat_map(|one| ["--report", one]);
        let arguments: Vec<&str> = ["verify-isolation"].into_iter().chain(reports).collect();
        let done = project.run(&arguments).expect(code);
        assert!(done.stdout.contains("probes"), "{}", done.stdout);

        let document: Value = serde_json::from_str(&project.read("report.json")).unwrap();
        assert_eq!(document["command"], "verify-isolation");
        let probes = document["matrix"].as_array().unwrap().len();
        let findings = document["findings"].as_array().unwrap().len();
        assert_eq!(document["summary"]["breaches"], u8::from(breached));
        let suites = junit_parser::from_reader(project.read("reports.xml").as_bytes()).unwrap();
        let cases = |what: &str| -> usize {
            let of = suites.suites.iter().filter(|suite| suite.name.ends_with(what));
            of.map(|suite| suite.cases.len()).sum()
        };
        assert_eq!((cases(": logins"), cases(": findings")), (probes, findings));
        assert!(suites.suites.iter().any(|suite| suite.name == "main/kit_a: logins"), "{suites:?}");
        assert_eq!(suites.failures + suites.errors > 0, breached);
        // SARIF and annotations have the same findings; those that fail the run are errors, at the manifest.
        let sarif: Value = serde_json::from_str(&project.read("report.sarif")).unwrap();
        let schema = serde_json::from_str(include_str!("ci/schemas/sarif-2.1.0.json")).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<String> = schema.iter_errors(&sarif).map(|error| error.to_string()).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{sarif:#}");
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        assert_eq!((&sarif["version"], results.len()), (&"2.1.0".into(), findings));
        let errors = results.iter().filter(|one| one["level"] == "error").count();
        assert_eq!(errors > 0, breached, "{sarif:#}");
        assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], true);
        let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        for result in results {
            assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{sarif:#}");
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            assert_eq!(place, "martydb.yaml");
        }
        let reported = annotations(&project.read("report.txt"));
        assert_eq!(reported.iter().filter(|one| one.0 == "error").count(), errors, "{reported:?}");
        assert!(
            reported.len() >= findings && reported.iter().all(|one| value(one, "file") == "martydb.yaml"),
            "{reported:?}"
        );
        let page = project.read("report.md");
        assert_eq!(page.contains("foreign-database-connect"), breached, "{page}");
    }
    // A report that cannot be written is an error, and the others are written.
    let arguments = ["verify-isolation", "--report", "json=none/report.json", "--report", "markdown=late.md"];
    let done = project.run(&arguments).expect(4);
    assert!(done.stderr.contains("none/report.json"), "{}", done.stderr);
    assert!(project.read("late.md").contains("foreign-database-connect"));
}
