//! PostgreSQL's privileges, by their names in `aclexplode`
//! (<https://www.postgresql.org/docs/current/ddl-priv.html>).

use crate::sql::{Fragment, Keyword, List, Statement};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    Connect,
    /// Create schemas in a database, or objects in a schema.
    Create,
    Delete,
    Execute,
    Insert,
    /// VACUUM, REINDEX and the like, since 17.
    Maintain,
    References,
    Select,
    Temporary,
    Trigger,
    Truncate,
    Update,
    /// Access a schema, use a sequence, use a type.
    Usage,
    /// One that this version of martydb does not know: only REVOKE ALL removes it.
    Unknown,
}

const NAMES: &[(Privilege, &str)] = &[
    (Privilege::Connect, "CONNECT"),
    (Privilege::Create, "CREATE"),
    (Privilege::Delete, "DELETE"),
    (Privilege::Execute, "EXECUTE"),
    (Privilege::Insert, "INSERT"),
    (Privilege::Maintain, "MAINTAIN"),
    (Privilege::References, "REFERENCES"),
    (Privilege::Select, "SELECT"),
    (Privilege::Temporary, "TEMPORARY"),
    (Privilege::Trigger, "TRIGGER"),
    (Privilege::Truncate, "TRUNCATE"),
    (Privilege::Update, "UPDATE"),
    (Privilege::Usage, "USAGE"),
    (Privilege::Unknown, "ALL"),
];

impl Privilege {
    pub fn named(name: &str) -> Privilege {
        NAMES.iter().find(|row| row.1 == name).map_or(Privilege::Unknown, |row| row.0)
    }

    pub fn name(self) -> &'static str {
        NAMES.iter().find(|row| row.0 == self).expect("every privilege has a row").1
    }
}

/// Several privileges in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Privileges(Vec<Privilege>);

impl Privileges {
    /// Sorts and deduplicates the privileges.
    pub fn new(all: impl IntoIterator<Item = Privilege>) -> Self {
        let set: std::collections::BTreeSet<_> = all.into_iter().collect();
        let unknown = set.contains(&Privilege::Unknown);
        Privileges(if unknown { vec![Privilege::Unknown] } else { set.into_iter().collect() })
    }

    pub fn contains(&self, privilege: Privilege) -> bool {
        self.0.contains(&privilege)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Privilege> {
        self.0.iter().copied()
    }
}

impl std::fmt::Display for Privileges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.render().shown())
    }
}

impl Fragment for Privileges {
    fn render(&self) -> Statement {
        List(self.0.iter().map(|privilege| Keyword(privilege.name())).collect()).render()
    }
}
