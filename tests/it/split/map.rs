//! `split.yaml`: mistakes are reported with their position.

use super::{SHARED, map, project};
use crate::support::{Admin, Server};

/// The map is checked before any server is asked.
#[test]
fn mistakes_in_the_map_have_their_line() {
    let server = Server::start();
    server.sql("postgres", &format!("CREATE DATABASE {SHARED}"));
    let project = project(&server, Admin::Super);
    let missing = project.run(&["split", "plan"]).expect(2).stderr;
    assert!(
        missing.contains("cannot read the map") && missing.contains("martydb split init --from"),
        "{missing}"
    );
    let source = "source: { server: main, database: x }\n";
    for (text, said) in [
        ("services: {}\n".to_owned(), "the key \"source\" is missing"),
        (
            format!("{source}services: {{ csac: {{ tables: [] }} }}\n"),
            "split.yaml:2:13: the manifest has no service \"csac\"\nhint: did you mean \"csca\"?",
        ),
        (
            format!("{source}services: {{ csca: {{ table: [] }} }}\n"),
            "split.yaml:2:21: unknown key \"table\"",
        ),
        (
            format!("{source}services: {{ csca: {{ tables: [orders] }} }}\n"),
            "\"orders\" is not of the form schema.table",
        ),
        (
            format!(
                "{source}services: {{ csca: {{ tables: [] }} }}\nreference: {{ public.c*: {{ owner: csca, readers: [] }} }}\n"
            ),
            "\"public.c*\" may be several tables",
        ),
        (
            format!(
                "{source}services: {{ csca: {{ tables: [] }} }}\nreference: {{ public.c: {{ owner: csca, readers: [nope] }} }}\n"
            ),
            "the manifest has no service \"nope\"",
        ),
        (
            "source: { server: mian, database: x }\nservices: {}\n".to_owned(),
            "split.yaml:1:11: the manifest has no server \"mian\"\nhint: did you mean \"main\"?",
        ),
        (
            "source: { server: main }\nservices: {}\n".to_owned(),
            "the source is either a server with a database, or a url",
        ),
        (
            "source: { url: 'postgresql://u:secret-of-mine@h:x/db' }\nservices: {}\n".to_owned(),
            "the port is not a number",
        ),
        (format!("{source}services: {{ csca: {{ tables: [] }}, csca: {{ tables: [] }} }}\n"), "is repeated"),
        (
            format!("{source}services: {{ csca: {{ tables: [] }} }}\nedges: [{{ edge: x }}]\n"),
            "the key \"answer\" is missing",
        ),
        ("\tx".to_owned(), "split.yaml:1"),
    ] {
        project.write("split.yaml", &text);
        let refused = project.run(&["split", "plan"]).expect(2).stderr;
        assert!(refused.contains(said) && !refused.contains("secret-of-mine"), "{text}\n{refused}");
    }
    assert!(!server.log().contains("database \"x\""), "a map with a mistake led to a server");
}

#[test]
fn an_answer_is_one_of_its_choices() {
    let server = Server::start();
    super::shared(&server);
    let project = project(&server, Admin::Super);
    project.write("split.yaml", &map("\n  - { edge: \"foreign-key *\", answer: keep }"));
    let refused = project.run(&["split", "plan"]).expect(2).stderr;
    assert!(
        refused.contains("split.yaml:10:30: \"keep\" is not a valid answer to \"foreign-key public.passport_validation_requests.offer_id -> ")
            && refused.contains("hint: choices: drop, call"),
        "{refused}"
    );
    // An answer to nothing is a note, and a written-out edge wins over a pattern.
    project.write(
        "split.yaml",
        &map("\n  - { edge: \"foreign-key *\", answer: drop }\n  - { edge: \"view public.gone -> *\", answer: leave }\n  - { edge: \"foreign-key public.passport_validation_requests.offer_id -> public.credential_offers.id\", answer: call }"),
    );
    let document = project.json(&["split", "plan"], 3);
    let answers: Vec<_> =
        document["edges"].as_array().unwrap().iter().take(2).map(|edge| edge["answer"].clone()).collect();
    assert_eq!(answers, ["call", "drop"]);
    let notes = document["notes"].as_array().unwrap();
    assert!(
        notes.len() == 2 && notes[0].as_str().unwrap().ends_with("split.yaml:11:5: no edge has that name"),
        "{notes:?}"
    );
}
