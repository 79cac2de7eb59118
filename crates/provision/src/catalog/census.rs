//! The questions about one database, no longer than what is there asks for: planning all of them in a new session costs
//! more than reading the answers, and most databases have no code and few kinds of objects.

/// What a database holds at all: where it holds none of these, nothing is asked about them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Census {
    /// Extensions, event triggers, foreign data, large objects, triggers, or privileges on columns.
    pub rare: bool,
    /// Functions, views, rules, foreign tables, triggers, partitions or subscriptions.
    pub code: bool,
}

/// One statement of the files of a folder.
macro_rules! question {
    ($folder:literal: $($part:literal),+) => {
        concat!($(include_str!(concat!("sql/", $folder, "/", $part, ".sql"))),+)
    };
}

impl Census {
    /// The question about everything that can give a role a privilege.
    pub fn objects(self) -> &'static str {
        if self.rare {
            question!("database": "objects", "rare_objects", "rights", "rare_sections")
        } else {
            question!("database": "objects", "rights")
        }
    }

    /// The question about what can take a role further than its own privileges.
    pub fn reach(self) -> &'static str {
        if self.code {
            question!("reach": "start", "code", "end")
        } else {
            question!("reach": "start", "no_code", "end")
        }
    }

    /// The question about the texts that may hold a password.
    pub fn texts(self) -> &'static str {
        match (self.code, self.rare) {
            (true, true) => question!("texts": "start", "code", "rare", "end"),
            (true, false) => question!("texts": "start", "code", "end"),
            (false, true) => question!("texts": "start", "rare", "end"),
            (false, false) => question!("texts": "start", "end"),
        }
    }
}
