//! Limits of a bounded body, and the tables and schemas that it uses.

use std::collections::BTreeSet;

use super::super::pieces::UsedName;

/// Result of a function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returned {
    /// A single number, time or truth value, or nothing; the function has no argument.
    Figure,
    Nothing,
    Anything,
}

/// Limits of a body, by its function and the database in which it is.
#[derive(Clone, Copy)]
pub(crate) struct BodyLimits<'a> {
    /// Name of the function, with which its text may qualify its arguments.
    pub function: &'a str,
    pub returned: Returned,
    pub is_plpgsql: bool,
    /// Set where every caller is of one service, or none is of any: no row of a table is another service's.
    pub alone: bool,
    /// Returns the schema in which the search path finds a relation.
    pub find: &'a dyn Fn(&str) -> Option<String>,
    /// Set if the path names `pg_temp` last.
    pub ends_with_temp: bool,
    /// Returns `true` for a function of an extension that only computes.
    pub computes: &'a dyn Fn(&UsedName) -> bool,
}

impl<'a> BodyLimits<'a> {
    /// Returns limits that a body has in any database, with a path of the server's schemas alone.
    pub(crate) fn of_text(is_plpgsql: bool) -> BodyLimits<'a> {
        BodyLimits {
            function: "",
            returned: Returned::Anything,
            is_plpgsql,
            alone: false,
            find: &|_| None,
            ends_with_temp: true,
            computes: &|_| false,
        }
    }
}

/// Names that a bounded body uses, with their schemas.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BodyTables {
    /// Tables to which it adds rows, or whose rows it changes or removes.
    pub written: BTreeSet<UsedName>,
    /// Tables whose rows it reads.
    pub read: BTreeSet<UsedName>,
    /// Tables to which it adds partitions.
    pub parents: BTreeSet<UsedName>,
    /// Schemas in which it makes or drops tables.
    pub schemas: BTreeSet<String>,
    /// Set if it refreshes a materialized view.
    pub refreshes: bool,
    /// Schemas of which it reads or changes a table that an argument names.
    pub any_of: BTreeSet<String>,
}

impl BodyTables {
    pub(super) fn extend(&mut self, other: BodyTables) {
        self.written.extend(other.written);
        self.read.extend(other.read);
        self.parents.extend(other.parents);
        self.schemas.extend(other.schemas);
        self.any_of.extend(other.any_of);
        self.refreshes |= other.refreshes;
    }
}
