//! Queries about one database, cut to the kinds of objects in it: planning all of them in a new session costs
//! more than reading the answers, and most databases have no code and few kinds of objects.

/// Kinds of objects in a database; queries about kinds that it does not have are skipped.
#[derive(Debug, Clone, Copy, Default)]
pub struct Census {
    /// `true` if there are extensions, event triggers, foreign data, large objects, triggers, column privileges or privileges on
    /// superusers' tables.
    pub rare: bool,
    /// `true` if there are functions, views, rules, foreign tables, triggers, partitions or subscriptions.
    pub code: bool,
    /// `true` if there are policies of row security.
    pub policies: bool,
}

/// Joins the files of a folder into one statement.
macro_rules! question {
    ($folder:literal: $($part:literal),+) => {
        concat!($(include_str!(concat!("sql/", $folder, "/", $part, ".sql"))),+)
    };
    (member, $folder:literal: $($part:literal),+) => {
        martydb_model::with_members!(", ", question!($folder: $($part),+))
    };
}

impl Census {
    /// Returns the query for everything that can give a role a privilege.
    pub fn objects(self) -> &'static str {
        match (self.code, self.rare) {
            (true, true) => {
                question!(
                    member, "database": "start", "aggregates", "objects", "rare_objects", "rights", "code_properties", "end",
                    "rare_sections"
                )
            }
            (true, false) => {
                question!(member, "database": "start", "aggregates", "objects", "rights", "code_properties", "end")
            }
            (false, true) => {
                question!(
                    member, "database": "start", "no_aggregates", "objects", "rare_objects", "rights", "end", "rare_sections"
                )
            }
            (false, false) => {
                question!(member, "database": "start", "no_aggregates", "objects", "rights", "end")
            }
        }
    }

    /// Returns the query for everything that can take a role beyond its own privileges.
    pub fn reach(self) -> &'static str {
        match (self.code, self.policies) {
            (true, true) => question!(member, "reach": "start", "code", "end", "code_sections", "policies"),
            (true, false) => question!(member, "reach": "start", "code", "end", "code_sections"),
            (false, true) => question!(member, "reach": "start", "no_code", "end", "policies"),
            (false, false) => question!(member, "reach": "start", "no_code", "end"),
        }
    }

    /// Returns the query for texts that may contain a password.
    pub fn texts(self) -> &'static str {
        match (self.code, self.rare) {
            (true, true) => question!("texts": "start", "code", "rare", "end"),
            (true, false) => question!("texts": "start", "code", "end"),
            (false, true) => question!("texts": "start", "rare", "end"),
            (false, false) => question!("texts": "start", "end"),
        }
    }
}
