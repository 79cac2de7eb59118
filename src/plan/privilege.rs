//! The privileges that PostgreSQL has, by the names `aclexplode` gives them
//! (<https://www.postgresql.org/docs/current/ddl-priv.html>).

use crate::sql::{Fragment, Keywords, Rendered};

/// One privilege.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// Connect to a database.
    Connect,
    /// Make schemas in a database, or objects in a schema.
    Create,
    /// Delete rows.
    Delete,
    /// Call a function.
    Execute,
    /// Insert rows.
    Insert,
    /// VACUUM, REINDEX and the like, from 17 on.
    Maintain,
    /// Make foreign keys to a table.
    References,
    /// Read rows.
    Select,
    /// Make temporary tables.
    Temporary,
    /// Make triggers.
    Trigger,
    /// Empty a table.
    Truncate,
    /// Change rows.
    Update,
    /// Look into a schema, take from a sequence, use a type.
    Usage,
    /// One that this version of martydb does not know: only all can be revoked.
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
    /// The privilege of that name.
    pub fn named(name: &str) -> Privilege {
        NAMES.iter().find(|row| row.1 == name).map_or(Privilege::Unknown, |row| row.0)
    }

    /// PostgreSQL's name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|row| row.0 == self).expect("every privilege has a row").1
    }
}

/// Several at once, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Privileges(Vec<Privilege>);

impl Privileges {
    /// Sorted, each once.
    pub fn new(all: impl IntoIterator<Item = Privilege>) -> Self {
        let set: std::collections::BTreeSet<_> = all.into_iter().collect();
        match set.contains(&Privilege::Unknown) {
            true => Privileges(vec![Privilege::Unknown]),
            false => Privileges(set.into_iter().collect()),
        }
    }

    /// Whether it is among them.
    pub fn contains(&self, privilege: Privilege) -> bool {
        self.0.contains(&privilege)
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|privilege| privilege.name()).collect()
    }
}

impl std::fmt::Display for Privileges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

impl Fragment for Privileges {
    fn render(&self) -> Rendered {
        Keywords(self.names()).render()
    }
}
