//! Publications: columns and rows of tables, and tables of schemas.

use super::expressions::rewrite;
use super::{Kept, OBJECTS};
use crate::support::{Admin, Server};

fn kept(prefix: &str) -> Option<Kept> {
    let server = Server::for_admin(Admin::Super);
    let some = if server.major() < 15 { "" } else { SOME };
    let kept = Kept::with(server, Admin::Super, prefix, &format!("{OBJECTS}{some}"));
    (kept.can_dump() && kept.server.major() >= 15).then_some(kept)
}

const SOME: &str = "CREATE TABLE sent (id int PRIMARY KEY, status text, secret text);
CREATE PUBLICATION chosen FOR TABLE sent (id, status) WHERE (status IN ('a', 'b')), guarded;\n";

#[test]
fn columns_and_rows_of_a_publication_are_compared() {
    let Some(kept) = kept("bku") else { return };
    let id = kept.backup();
    kept.project.run(&["backup", "verify", &id]).expect(0);
    kept.restore(&id).expect(0);
    for (from, to, differs) in [
        ("(id, status) WHERE", "(id, secret, status) WHERE", true),
        ("ARRAY['a'::text, 'b'::text]", "ARRAY['a'::text, 'z'::text]", true),
        // Forms that earlier versions recorded.
        ("\"publication table\"", "\"of another kind\"", false),
    ] {
        let id = kept.backup();
        let text = super::counted::record(&kept, &id).to_string();
        assert!(text.contains(from), "{from}: {text}");
        rewrite(&kept, &id, from, to);
        let said = kept.project.run(&["backup", "verify", &id]).expect(3);
        assert_eq!(said.stderr.contains("publication table chosen public.sent differs"), differs, "{said:?}");
        assert!(!said.stderr.contains("left over"), "{said:?}");
    }
}

#[test]
fn a_publication_that_the_owner_cannot_make_is_left_out_with_its_tables() {
    let Some(kept) = kept("bks") else { return };
    let service = kept.service();
    kept.server.sql(
        &service,
        "ALTER PUBLICATION chosen SET TABLE guarded, TABLES IN SCHEMA other; CREATE PUBLICATION dba FOR TABLE sent",
    );
    let refused = kept.project.run(&["backup", &service]).expect(1);
    insta::assert_snapshot!(refused.shown(), @r#"
    backups in FOLDER/kept are not encrypted: backup.encrypt names no recipient of age
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    bks_a:
    error: a backup of service "bks_a" would be incomplete
    caused by: publication dba: belongs to postgres, and is not restored; make it again after a restore
    caused by: publication chosen: is for tables in schemas, which only a superuser can restore; make it again after a restore
    hint: --accept makes the backup without these, and records that
    "#);
    let made = kept.project.json(&["backup", &service, "--accept"], 0);
    let id = made["backups"][0]["id"].as_str().unwrap();
    let verified = kept.project.json(&["backup", "verify", id], 0);
    let notes = verified["backups"][0]["notes"].to_string();
    assert!(notes.contains("publication dba is missing"), "{notes}");
    assert!(notes.contains("publication schema chosen other is missing"), "{notes}");
}
