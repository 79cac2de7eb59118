use super::*;

fn imported(all: &[(&str, &str)]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).into(), bytes: (*text).into() };
    let imported = gather(&all.iter().map(file).collect::<Vec<_>>());
    let carried = imported.carried.iter().map(|one| {
        let down = one.down.as_ref().map_or("-", |down| down.text.trim());
        format!("V{}__{} {} | {} | {down}", one.version, one.name, one.key, one.up.text.trim())
    });
    let repeated = imported.repeatable.iter().map(|one| format!("R__{} {}", one.name, one.text.trim()));
    let left = imported.left_out.iter().map(ToString::to_string).collect();
    (carried.chain(repeated).collect(), left, imported.notes)
}

const HEAD: &str = "--liquibase formatted sql\n";

fn formatted(body: &str) -> String {
    format!("{HEAD}{body}")
}

#[test]
fn a_changelog_gives_the_order_and_the_parameters() {
    let (second, first) = (
        formatted("--changeset ann:1\nb ${x};\n--rollback changesetId:1 changesetAuthor:bob\n"),
        formatted("--changeset bob:1\na;\n--rollback ;\n--changeset bob:2 dbms:h2\nx;\n"),
    );
    let (carried, left, notes) = imported(&[
        (
            "db.changelog-master.yaml",
            "databaseChangeLog:\n- preConditions:\n  - dbms: {type: postgresql}\n- property: {name: x, value: 1}\n\
             - include: {file: db/z.sql}\n- includeAll: {path: more, relativeToChangelogFile: true}\n",
        ),
        (
            "more/a.xml",
            "<databaseChangeLog><include file='../b.sql' relativeToChangelogFile='true'/></databaseChangeLog>",
        ),
        ("more/c.sql", "plain;\n"),
        ("b.sql", &second),
        ("z.sql", &first),
        ("unused.sql", HEAD),
        ("pom.xml", "<project/>"),
    ]);
    assert_eq!(
        carried,
        [
            "V1__z_1 1::bob::z.sql | a; | ;",
            "V2__b_1 1::ann::b.sql | b 1; | a;",
            "V3__c raw::includeAll::more/c.sql | plain; | -"
        ]
    );
    assert_eq!(left, [""; 0]);
    assert_eq!(
        notes,
        [
            "db.changelog-master.yaml:2: the preconditions of the whole changelog are not checked",
            "z.sql:5: Liquibase does not run this changeset on PostgreSQL: it is left out",
            "no changelog includes unused.sql",
        ]
    );
}

#[test]
fn parts_that_cannot_be_converted_are_named_with_their_lines() {
    let body = formatted(
        "SELECT 0;\n--changeset a:1 context:test\nx;\n--changeset a:2\ny ${z};\n--changeset a:2\nw;\n\
         --changeset a:3\nv;\n--rollback changesetId:9 changesetAuthor:a\n",
    );
    let (carried, left, notes) = imported(&[
        (
            "master.xml",
            "<databaseChangeLog>\n<changeSet id='1' author='a'><createTable tableName='t'/></changeSet>\n\
             <include file='a.sql'/>\n<include file='gone.sql'/>\n<include file='b.sql' contextFilter='prod'/></databaseChangeLog>",
        ),
        ("a.sql", &body),
        ("b.sql", HEAD),
    ]);
    assert_eq!(carried, ["V1__a_3 3::a::a.sql | v; | -"]);
    assert_eq!(
        left,
        [
            "a.sql: has a rollback to the changeset 9::a, which precedes it nowhere",
            "a.sql:3:1: runs only in some contexts (context:test)",
            "a.sql:6:3: contains the parameter ${z}, which no file defines",
            "a.sql:7:1: has the author and id of another changeset, a:2",
            "master.xml:2:1: contains a changeSet, which is not SQL",
            "master.xml:4:1: includes gone.sql, which is not in the folder",
            "master.xml:5:1: includes files by a choice at run time (contextFilter:prod)",
        ]
    );
    assert!(notes[0].starts_with("a.sql:2: what precedes the first changeset is left out"), "{notes:?}");
}

#[test]
fn a_changeset_that_runs_on_change_is_repeatable_too() {
    let text = formatted(
        "--changeset a:v runOnChange:true\nCREATE OR REPLACE VIEW v AS SELECT 1;\n--changeset a:2\nCREATE TABLE t ();\n",
    );
    let (carried, left, notes) = imported(&[("a.sql", &text)]);
    assert_eq!(
        carried,
        [
            "V1__a_v v::a::a.sql | CREATE OR REPLACE VIEW v AS SELECT 1; | -",
            "V2__a_2 2::a::a.sql | CREATE TABLE t (); | -",
            "R__a_v CREATE OR REPLACE VIEW v AS SELECT 1;",
        ]
    );
    assert_eq!(left, [""; 0]);
    assert_eq!(notes[1], "a.sql:2: V1 runs it in its place, R__a_v whenever that file has changed");
}

#[test]
fn several_changelogs_without_an_order_are_named() {
    let log = "<databaseChangeLog><include file='a.sql'/></databaseChangeLog>";
    let (carried, left, _) = imported(&[("x.xml", log), ("y.xml", log), ("a.sql", "a;")]);
    assert_eq!(carried, [""; 0]);
    assert_eq!(left.len(), 2);
    let (carried, _, _) = imported(&[("root.xml", log), ("y.xml", log), ("a.sql", "a;")]);
    assert_eq!(carried.len(), 1);
}

#[test]
fn changelogs_that_include_each_other_are_named() {
    let including = |file: &str| format!("<databaseChangeLog><include file='{file}'/></databaseChangeLog>");
    let (carried, left, _) = imported(&[("a.xml", &including("b.xml")), ("b.xml", &including("a.xml"))]);
    assert_eq!((carried.len(), left.len()), (0, 2), "{left:?}");
    assert!(left[0].starts_with("a.xml: is one of the changelogs that include each other"), "{left:?}");
}
