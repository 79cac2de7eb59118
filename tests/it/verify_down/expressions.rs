//! Down files that make an object again in the form that the server, or a person, wrote.

use crate::backup::expressions::expressions;
use crate::support::{Project, Server};

/// A constraint, an index, a view, a policy and a trigger with the lists in the form that the server has them from a dump.
const UP: &str = "ALTER TABLE many DROP CONSTRAINT others; DROP INDEX many_part; DROP VIEW listed;
DROP POLICY inserted ON many; DROP TRIGGER changed ON many; ALTER DOMAIN letter DROP CONSTRAINT letter_check;\n";
const DOWN: &str = "ALTER TABLE many ADD CONSTRAINT others CHECK ((other)::text <> ALL (ARRAY[('c'::character varying)::text, ('d'::character varying)::text]));
CREATE INDEX many_part ON many (id DESC, lower(other) varchar_pattern_ops) WHERE (status)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]);
CREATE VIEW listed AS SELECT id, (status)::text <> ALL (ARRAY[('c'::character varying)::text, ('d'::character varying)::text]) AS listed FROM many
    WHERE (status)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]);
CREATE POLICY inserted ON many AS RESTRICTIVE FOR INSERT TO public WITH CHECK ((status)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]));
CREATE TRIGGER changed AFTER UPDATE ON many FOR EACH ROW
    WHEN ((OLD.status)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]) AND NEW.* IS DISTINCT FROM OLD.*) EXECUTE FUNCTION stamp();
ALTER DOMAIN letter ADD CONSTRAINT letter_check CHECK ((VALUE)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]));\n";

#[test]
fn a_down_file_may_use_another_form_but_not_another_list() {
    let server = Server::start();
    let project = Project::new(&server, "vdx");
    let other = DOWN.replace("'b'", "'z'").replace("'d'", "'z'");
    for (service, down) in [("vdx_a", DOWN), ("vdx_b", &other)] {
        let write = |version: i64, up: &str, down: &str| {
            project.write(&format!("{service}/migrations/V{version}__m{version}.sql"), up);
            project.write(&format!("{service}/migrations/V{version}__m{version}.down.sql"), down);
        };
        write(3, &expressions(&server), "-- martydb: irreversible: a test\n");
        write(4, UP, down);
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    let proof = project.run(&["verify-down", "--every", "-o", "json"]).expect(3).json();
    let of = |service: usize| {
        let all = proof["services"][service]["migrations"].as_array().unwrap();
        all.iter().find(|one| one["version"] == 4).unwrap()
    };
    assert_eq!(of(0)["outcome"], "ok", "{:#}", of(0));
    assert_eq!(of(1)["outcome"], "differs", "{:#}", of(1));
    let after = of(1)["after_down"].as_array().unwrap();
    let mut names: Vec<&str> = after.iter().map(|one| one["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let expected = [
        "public.letter.letter_check", "public.listed", "public.many.changed", "public.many.inserted",
        "public.many.others", "public.many_part",
    ];
    assert_eq!(names, expected, "{:#}", of(1));
}
