//! Parts of definitions of each kind, and texts that are none.

use super::*;

/// The texts of the parts, each with its kind.
fn found(kind: &str, name: &str, text: &str) -> Vec<(ReadablePart, String)> {
    let all = parts((kind, name), text, |name| name == "public.letter");
    all.into_iter().map(|(part, range)| (part, text[range].to_owned())).collect()
}

#[test]
fn each_kind_has_the_part_that_holds_its_expression() {
    let of = |table: &str| ReadablePart::OfColumns(table.into());
    let many = "public.many";
    for (kind, name, text, expected) in [
        (
            "constraint",
            "public.many.\"a.b\"",
            "CHECK ((a = ANY (b))) NO INHERIT NOT VALID not valid",
            Some((of(many), "(a = ANY (b))")),
        ),
        (
            "constraint",
            "public.letter.c",
            "CHECK (VALUE)",
            Some((ReadablePart::OfDomain("public.letter".into()), "VALUE")),
        ),
        ("constraint", "public.many.c", "FOREIGN KEY (a) REFERENCES b(c)", None),
        (
            "constraint",
            "public.many.c",
            "EXCLUDE USING gist (a WITH =) WHERE (b) DEFERRABLE deferrable",
            Some((
                ReadablePart::Exclusion(many.into()),
                "EXCLUDE USING gist (a WITH =) WHERE (b) DEFERRABLE",
            )),
        ),
        (
            "column",
            "public.many.c",
            "text not null default ('storage'::text || \"default\") storage x statistics 5",
            Some((ReadablePart::Constant, " ('storage'::text || \"default\") ")),
        ),
        (
            "column",
            "public.many.c",
            "boolean default storage generated s storage p",
            Some((of(many), " storage ")),
        ),
        ("column", "public.many.c", "integer not null identity a storage p", None),
        (
            "index",
            "public.i",
            "CREATE UNIQUE INDEX i ON ONLY public.\"USING\" USING btree (lower(a)) INCLUDE (b) WHERE (a = 1) fillfactor=70,fastupdate=off INVALID clustered",
            Some((
                ReadablePart::Index("public.\"USING\"".into()),
                "USING btree (lower(a)) INCLUDE (b) WHERE (a = 1)",
            )),
        ),
        (
            "view",
            "public.v",
            "o p o=r/o identity n  SELECT a\n   FROM b;",
            Some((ReadablePart::Query, " SELECT a\n   FROM b")),
        ),
        (
            "partitioned table",
            "public.many",
            "o p o=r/o identity d RANGE (lower(a), b) tablespace t",
            Some((ReadablePart::PartitionKey(many.into()), "RANGE (lower(a), b)")),
        ),
        (
            "trigger",
            "public.many.t",
            "CREATE TRIGGER t BEFORE UPDATE OF \"WHEN\" ON public.many FOR EACH ROW WHEN ((old.a > 1)) EXECUTE FUNCTION f('WHEN') O",
            Some((ReadablePart::OfRows(many.into()), "(old.a > 1)")),
        ),
        (
            "rule",
            "public.many.r",
            "CREATE RULE r AS\n    ON DELETE TO public.many DO INSTEAD ( SELECT 1;\n SELECT 2;\n); O",
            Some((
                ReadablePart::Rule,
                " AS\n    ON DELETE TO public.many DO INSTEAD ( SELECT 1;\n SELECT 2;\n)",
            )),
        ),
        (
            "statistics",
            "public.s",
            "CREATE STATISTICS public.s ON (a || b), c FROM public.many",
            Some((ReadablePart::Statistics, " ON (a || b), c FROM public.many")),
        ),
        (
            "type",
            "public.letter",
            "d o =U/o character varying(1) not null default 'a'::text",
            Some((ReadablePart::Constant, " 'a'::text")),
        ),
        ("type", "public.mood", "e o =U/o 'default'", None),
        ("publication table", "\"a b\" public.many", "(a, b) WHERE (a > 1)", Some((of(many), " (a > 1)"))),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(part, text)| (part, text.to_owned())).collect();
        assert_eq!(found(kind, name, text), expected, "{text}");
    }
    let text = "r permissive a,public using (a > 1) check CASE WHEN b THEN true END";
    let both = [" (a > 1) ", " CASE WHEN b THEN true END"].map(|text| (of(many), text.to_owned()));
    assert_eq!(found("policy", "public.many.p", text), both);
    let function = "CREATE OR REPLACE FUNCTION public.f()\n LANGUAGE sql\nBEGIN ATOMIC\n SELECT 1;\nEND\n";
    let part = (ReadablePart::Routine("public.f()".into()), function.to_owned());
    assert_eq!(found("routine", "public.f()", &format!("o =X/o {function}")), [part]);
}

#[test]
fn a_part_cannot_end_the_statement() {
    for (kind, name, text) in [
        ("constraint", "public.many.c", "CHECK (true); DROP TABLE a; SELECT (1)"),
        ("column", "public.many.c", "text default 1) FROM a; DROP TABLE b; SELECT (1 storage p"),
        ("column", "public.many.c", "text default (1; 2) storage p"),
        ("column", "public.many.c", "text default 'a storage p"),
        ("column", "a; DROP TABLE b.c", "text default a generated s storage p"),
        ("view", "public.v", "o p identity n  SELECT 1; DROP TABLE a"),
        ("index", "public.i", "CREATE INDEX i ON a; DROP TABLE b USING btree (a)"),
        ("index", "public.i", "CREATE INDEX i ON a USING btree (a); DROP TABLE b"),
        ("rule", "public.many.r", "CREATE RULE r AS ON DELETE TO a DO NOTHING; DROP TABLE b; O"),
        ("routine", "f()", "o CREATE OR REPLACE FUNCTION f() AS 'x'; DROP TABLE b"),
        ("policy", "public.many.p", "r permissive public using true); DROP TABLE a"),
    ] {
        let all = found(kind, name, text);
        assert!(all.iter().all(|(_, part)| !part.contains("DROP") && !part.contains(';')), "{text}: {all:?}");
    }
}

#[test]
fn a_part_printed_by_the_server_is_parsed() {
    let table = || "public.many".to_owned();
    for (part, print, expected) in [
        (
            ReadablePart::OfColumns(table()),
            " SELECT a AS martydb_read\n   FROM many;",
            " SELECT a AS martydb_read\n   FROM many",
        ),
        (ReadablePart::OfDomain(table()), "CHECK ((VALUE > 1)) NOT VALID", "(VALUE > 1)"),
        (
            ReadablePart::Index(table()),
            "CREATE INDEX martydb_read ON pg_temp_3.many USING btree (lower(a)) WHERE (a = 1)",
            "USING btree (lower(a)) WHERE (a = 1)",
        ),
        (
            ReadablePart::Rule,
            "CREATE RULE martydb_read AS\n    ON DELETE TO many DO ALSO  SELECT 1;",
            " AS\n    ON DELETE TO many DO ALSO  SELECT 1",
        ),
        (
            ReadablePart::Statistics,
            "CREATE STATISTICS pg_temp_3.martydb_read ON a, (b || c) FROM many",
            " ON a, (b || c) FROM many",
        ),
        (ReadablePart::PartitionKey(table()), "RANGE (lower(a))", "RANGE (lower(a))"),
    ] {
        assert_eq!(part.in_print(print).map(|(_, text)| text).as_deref(), Some(expected), "{print}");
    }
    assert_eq!(
        ReadablePart::Rule
            .in_print("CREATE RULE martydb_read AS ON DELETE TO many DO ALSO SELECT 1; SELECT 2;"),
        None
    );
}
