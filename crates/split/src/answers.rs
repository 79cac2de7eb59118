//! The kinds of edges, and for each the answers that it can have with what they mean for the applications.

/// What crosses the boundary of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    ForeignKey,
    Inheritance,
    Partition,
    View,
    MaterializedView,
    Rule,
    Trigger,
    Function,
    Sequence,
    Type,
    Domain,
    Policy,
    Default,
    Check,
    Index,
    LargeObject,
    Publication,
}

/// An answer, and what it means for the applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeChoice {
    pub answer: &'static str,
    pub meaning: &'static str,
}

/// One row for each kind: what it is called, and its choices.
struct KindRow {
    kind: EdgeKind,
    name: &'static str,
    choices: &'static [EdgeChoice],
    /// What could be changed in the map so that nothing crosses.
    instead: &'static str,
}

const fn choice(answer: &'static str, meaning: &'static str) -> EdgeChoice {
    EdgeChoice { answer, meaning }
}

const REFERENCE: &str = "or change the map: the table that is pointed at under `reference:`, so that the other service has a copy of it, \
                         or both tables in one service";
const OWN_COPY: &str = "or change the map so that one service has all of these tables";
const STAYS: EdgeChoice = choice(
    "leave",
    "it is not in any target; it stays in the source, where it shows what was there at the cutover, until `split finish`",
);

const KINDS: &[KindRow] = &[
    KindRow {
        kind: EdgeKind::ForeignKey,
        name: "foreign-key",
        choices: &[
            choice(
                "drop",
                "the column stays and the constraint goes: rows may name what is not there, and no ON DELETE runs",
            ),
            choice(
                "call",
                "the same in the database; the service asks the other one before it writes, and hears of deletions",
            ),
        ],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::Inheritance,
        name: "inheritance",
        choices: &[choice(
            "drop",
            "the child becomes a table of its own: a query of the parent no longer shows its rows",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Partition,
        name: "partition",
        choices: &[choice(
            "drop",
            "the partition becomes a table of its own: the partitioned table no longer shows its rows and takes none for it",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::View,
        name: "view",
        choices: &[
            STAYS,
            choice(
                "call",
                "it is not in any target; its readers ask each service and join the answers themselves",
            ),
        ],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::MaterializedView,
        name: "materialized-view",
        choices: &[
            STAYS,
            choice(
                "call",
                "it is not in any target; its readers ask each service and join the answers themselves",
            ),
        ],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::Rule,
        name: "rule",
        choices: &[choice(
            "drop",
            "the rule is not made in the target: what it wrote elsewhere is no longer written",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Trigger,
        name: "trigger",
        choices: &[
            choice("drop", "the trigger is not made in the target: what it did elsewhere is no longer done"),
            choice(
                "call",
                "the same in the database; the service tells the other one, for example through its outbox",
            ),
        ],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Function,
        name: "function",
        choices: &[
            STAYS,
            choice(
                "copy",
                "every service that has one of the tables gets it as it is: it fails where it touches a table of another service",
            ),
        ],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Sequence,
        name: "sequence",
        choices: &[choice(
            "copy",
            "each service gets a sequence of its own that goes on above the highest number: from then on two services give the same numbers",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Type,
        name: "type",
        choices: &[choice(
            "copy",
            "each service gets a type of its own: a new value has to be added in each of them",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Domain,
        name: "domain",
        choices: &[choice(
            "copy",
            "each service gets a domain of its own: a changed check has to be changed in each of them",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Policy,
        name: "policy",
        choices: &[choice(
            "drop",
            "the policy is not made in the target; row security stays on, so that a table without another policy shows no rows",
        )],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::Default,
        name: "default",
        choices: &[choice(
            "drop",
            "the column has no default in the target: the application gives the value",
        )],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::Check,
        name: "check",
        choices: &[choice(
            "drop",
            "the constraint is not made in the target: the application keeps the rows right",
        )],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::Index,
        name: "index",
        choices: &[choice("drop", "the index is not made in the target: queries that used it become slower")],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::LargeObject,
        name: "large-object",
        choices: &[choice(
            "leave",
            "the numbers are copied and the large objects are not: they stay in the source until the application has fetched them",
        )],
        instead: "or keep the bytes in a column of type bytea before the split",
    },
    KindRow {
        kind: EdgeKind::Publication,
        name: "publication",
        choices: &[choice(
            "leave",
            "it stays in the source, whose tables do not change after the cutover: subscribers have to follow the targets",
        )],
        instead: "or drop the publication before the split",
    },
];

impl EdgeKind {
    fn row(self) -> &'static KindRow {
        KINDS.iter().find(|row| row.kind == self).expect("every kind has a row")
    }

    /// As it begins the name of an edge.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    pub fn choices(self) -> &'static [EdgeChoice] {
        self.row().choices
    }

    /// What could be changed so that nothing has to be answered.
    pub fn instead(self) -> &'static str {
        self.row().instead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row_in_order() {
        for (at, row) in KINDS.iter().enumerate() {
            assert_eq!(row.kind as usize, at, "{}", row.name);
            assert!(!row.choices.is_empty());
        }
        assert_eq!(KINDS.len(), EdgeKind::Publication as usize + 1);
    }
}
