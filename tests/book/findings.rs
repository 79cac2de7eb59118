//! `docs/findings.md` explains every kind of finding.

use martydb::shipped_files::FINDINGS;
use martydb_model::findings::{FindingKind, KINDS};

#[test]
fn findings_page_explains_every_kind_in_this_order() {
    let page = FINDINGS;
    let row = |kind: &&FindingKind| {
        format!("| [{id}](#{id}) | {} | {} |\n", kind.severity.word(), kind.title, id = kind.id)
    };
    let rows: String = KINDS.iter().map(row).collect();
    let table = page.split_once("|---|---|---|\n").unwrap().1.split_once("\n## ").unwrap().0;
    assert_eq!(table, rows);
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    let (last, sections) = sections.split_last().unwrap();
    assert!(last.starts_with("What PostgreSQL cannot close\n"));
    assert_eq!(sections.len(), KINDS.len());
    for (kind, section) in KINDS.iter().zip(sections) {
        let lines: Vec<&str> = section.lines().collect();
        let [id, "", title, "", why, reproduce, close] = lines.as_slice() else { panic!("{section}") };
        assert_eq!(*id, kind.id);
        assert_eq!(*title, format!("**{}**: {}.", kind.severity.word(), kind.title));
        for (line, word) in
            [(why, "Why it matters"), (reproduce, "How to reproduce"), (close, "How to close")]
        {
            let text = line.strip_prefix(&format!("- **{word}.** ")).unwrap_or_else(|| panic!("{section}"));
            assert!(!text.trim().is_empty(), "{section}");
        }
    }
}
