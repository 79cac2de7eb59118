//! Expressions that the server writes in another way once it has read what it wrote: the same objects.

mod collected;

use std::process::Command;

use super::{Kept, OBJECTS};
use crate::support::{Admin, Server, as_both_admins};

/// Each kind of object that holds an expression, with one that changes its form.
pub(crate) const EXPRESSIONS: &str = include_str!("expressions.sql");
const FROM_14: &str = include_str!("expressions_14.sql");

/// Those that this major knows, after the function that they need.
pub(crate) fn expressions(server: &Server) -> String {
    let newer = if server.major() >= 14 { FROM_14 } else { "" };
    format!(
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n{EXPRESSIONS}{newer}"
    )
}

/// A service with them.
fn kept(admin: Admin, prefix: &str) -> Kept {
    let server = Server::for_admin(admin);
    let newer = if server.major() >= 14 { FROM_14 } else { "" };
    let objects = format!("{OBJECTS}{EXPRESSIONS}{newer}");
    Kept::with(server, admin, prefix, &objects)
}

as_both_admins!(an_equivalent_expression_is_not_a_difference, |admin| {
    let kept = kept(admin, "bkx");
    if !kept.can_dump() {
        return;
    }
    let service = kept.service();
    let before = kept.server.catalog(&service);
    let id = kept.backup();
    kept.project.run(&["backup", "verify", &id]).expect(0);
    kept.project.run(&["restore", &service, "--from", &id, "-y", "--as", "bkx_look"]).expect(0);
    assert_eq!(kept.restore(&id).json()["database"], service);
    // The test is worth something only where the forms do differ.
    let other = before.differences(&kept.server.catalog(&service));
    for kind in
        ["column", "constraint", "index", "policy", "trigger", "rule", "view", "materialized view", "routine"]
    {
        assert!(other.iter().any(|one| one.kind == kind), "{kind}: {other:#?}");
    }
    assert!(other.iter().all(|one| one.before.is_some() && one.after.is_some()), "{other:#?}");
    kept.project.run(&["diff", &service, "--from", "database", "--to", "files"]).expect(0);
    // A backup of what was restored, once more.
    kept.project.run(&["backup", "verify", &kept.backup()]).expect(0);
    kept.expect_clean(2);
});

#[test]
fn a_changed_in_list_is_a_difference() {
    let kept = kept(Admin::Super, "bkl");
    if !kept.can_dump() {
        return;
    }
    let id = kept.backup();
    let recorded = super::counted::record(&kept, &id).to_string();
    let one =
        "CHECK (((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))";
    assert!(recorded.contains(one), "{recorded}");
    for (from, to) in [
        (one, one.replace("'b'", "'z'")),
        // A record may contain any text: only an expression is run.
        (one, "CHECK (true); CREATE TABLE public.made (); SELECT (1)".to_owned()),
        (one, "CHECK (true) FROM pg_class; CREATE TABLE public.made (); SELECT (1)".into()),
    ] {
        let id = kept.backup();
        rewrite(&kept, &id, from, &to);
        let differs = kept.project.run(&["backup", "verify", &id]).expect(3);
        assert!(differs.stderr.contains("constraint public.many.many_status_check differs\n"), "{differs:?}");
        assert!(!differs.stderr.contains("\\u{a}"), "{differs:?}");
        let causes = differs.stderr.matches("caused by: ").count();
        // The table, the partitioned one and its partition.
        assert_eq!(causes, 3, "{differs:?}");
    }
}

/// Changes the record of a backup, and the sums of its files.
pub(crate) fn rewrite(kept: &Kept, id: &str, from: &str, to: &str) {
    let folder = format!("kept/{id}");
    let sum = |name: &str| {
        let file = kept.project.path().join(&folder).join(name);
        let said = Command::new("sha256sum").arg(file).output().unwrap().stdout;
        String::from_utf8(said).unwrap()[..64].to_owned()
    };
    let [record, manifest] = ["record.json", "manifest.json"];
    let sums = || [record, manifest].map(sum);
    let read = |name: &str| kept.project.read(&format!("{folder}/{name}"));
    let write = |name: &str, text: &str| kept.project.write(&format!("{folder}/{name}"), text);
    let [old_record, old_manifest] = sums();
    let text = read(record);
    write(record, &text.replace(from, to));
    let (size, new_size) = (text.len(), read(record).len());
    let [new_record, _] = sums();
    let text = read(manifest).replace(&old_record, &new_record);
    write(manifest, &text.replace(&format!(": {size},"), &format!(": {new_size},")));
    let [_, new_manifest] = sums();
    let sums = read("SHA256SUMS").replace(&old_record, &new_record).replace(&old_manifest, &new_manifest);
    write("SHA256SUMS", &sums);
}
