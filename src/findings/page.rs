//! `docs/findings.md`, made from the table, so that the two cannot disagree.

use std::fmt::Write;

use super::kinds::KINDS;

/// What PostgreSQL cannot keep apart.
const NOT_CLOSABLE: &str = "\
## What PostgreSQL cannot close

These are properties of a shared server. No grant changes them, so they are not findings.

- **Names.** Every login can list databases, roles, memberships, settings of roles, and comments of all three. \"does
  not exist\" and \"permission denied\" differ at login. Put no data into names.
- **pg_stat_activity** shows pid, database, role and application_name of every session; queries and addresses are hidden.
- **The shared lock table.** One login that takes enough locks fills it, and no login can connect until it disconnects.
- **CPU, I/O, WAL, and the oldest transaction** are shared. `temp_file_limit` and connection limits hold;
  statement_timeout, work_mem and idle timeouts are defaults that a role can change.
- **A login may change its own password and settings.** Run `verify-isolation` regularly.
- **The operating system's account, superusers, base backups, WAL and logs** are one trust domain. Standbys have
  their own pg_hba.conf.
";

pub fn page() -> String {
    let mut page = String::from(
        "<!-- Generated from src/findings/kinds.rs: UPDATE=1 cargo test findings_page -->\n\n# Findings\n\n\
         What `martydb verify-isolation` reports, by id. The severity is the usual one; a single finding may be more\n\
         or less severe. medium and above end the run with exit code 4, low is a note.\n\n\
         Accept one with an entry under `allow:` in the manifest (`finding`, `reason`, and what it is about), or\n\
         all that exist today with `--baseline FILE`.\n\n| id | severity | what |\n|---|---|---|\n",
    );
    for kind in KINDS {
        let severity = format!("{:?}", kind.severity).to_lowercase();
        let _infallible = writeln!(page, "| [{id}](#{id}) | {severity} | {} |", kind.title, id = kind.id);
    }
    for kind in KINDS {
        let _infallible = write!(
            page,
            "\n## {}\n\n**{}**: {}.\n\n- **Why it matters.** {}\n- **How to reproduce.** {}\n- **How to close.** {}\n",
            kind.id,
            format!("{:?}", kind.severity).to_lowercase(),
            kind.title,
            kind.why,
            kind.reproduce,
            kind.close
        );
    }
    page + "\n" + NOT_CLOSABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_page_is_the_tables() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/findings.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
            std::fs::write(path, page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), page(), "bless it with UPDATE=1");
    }

    #[test]
    fn ids_are_kebab_case_and_unique() {
        let mut ids: Vec<_> = KINDS.iter().map(|kind| kind.id).collect();
        assert!(
            ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
        );
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), KINDS.len());
    }
}
