//! A collation whose library has another version than the one that its indexes were built with.

use martydb_model::units::counted;
use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedCollation {
    /// Schema and name; `None` is the database's own.
    pub collation: Option<String>,
    /// Version that the catalog records.
    pub recorded: String,
    /// Version of the library; `None` if it reports none.
    pub present: Option<String>,
    /// Indexes and partitioned tables that depend on it, with their schemas.
    pub relations: Vec<String>,
    /// Statements that mend it, in order: the recorded version is the only trace of the change, and goes last.
    pub fix: Vec<String>,
}

/// Relations that are named; of others only the number is.
const MAX_NAMED: usize = 3;

impl ChangedCollation {
    /// Describes the change, the indexes included.
    pub fn in_words(&self) -> String {
        let what = self.collation.as_ref().map_or_else(
            || "the order of texts of the database".to_owned(),
            |name| format!("the order of texts of collation {name}"),
        );
        let present = self.present.as_deref().unwrap_or("of unknown version");
        format!(
            "{what} may have changed: its indexes were built with version {}, the library is {present}; {}",
            self.recorded,
            self.dependents()
        )
    }

    fn dependents(&self) -> String {
        match &self.relations[..] {
            [] => "no index depends on it".to_owned(),
            few if few.len() <= MAX_NAMED => format!("it decides {}", few.join(", ")),
            many => {
                let others = counted(many.len() - MAX_NAMED, "other");
                format!("it decides {} and {others}", many[..MAX_NAMED].join(", "))
            }
        }
    }

    /// Returns the statements, with who may run them: the admin owns the database, and the service's owner its collations.
    pub fn hint(&self) -> String {
        let statements = self.fix.join("; ");
        format!(
            "in the database, each as the owner of what it names: {statements}: `martydb explain MartydbCollationChanged`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(collation: Option<&str>, relations: &[&str]) -> ChangedCollation {
        ChangedCollation {
            collation: collation.map(str::to_owned),
            recorded: "2.31".into(),
            present: Some("2.36".into()),
            relations: relations.iter().map(|name| (*name).to_owned()).collect(),
            fix: vec![],
        }
    }

    #[test]
    fn a_change_names_what_depends_on_it() {
        assert_eq!(
            changed(None, &["public.a"]).in_words(),
            "the order of texts of the database may have changed: its indexes were built with version 2.31, the library is 2.36; it decides \
             public.a"
        );
        let many = changed(Some("public.de"), &["s.a", "s.b", "s.c", "s.d", "s.e"]).in_words();
        assert!(many.ends_with("it decides s.a, s.b, s.c and 2 others"), "{many}");
        assert!(changed(None, &[]).in_words().ends_with("no index depends on it"));
    }
}
