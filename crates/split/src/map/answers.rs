//! Kinds of edges, with the possible answers of each and their meaning for applications.

/// Kind of an edge that crosses the boundary of a service.
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

/// Answer, with its meaning for applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct EdgeChoice {
    pub answer: &'static str,
    pub meaning: &'static str,
}

/// Name and answers of a kind.
struct KindRow {
    kind: EdgeKind,
    name: &'static str,
    choices: &'static [EdgeChoice],
    /// Change of the map that would remove the edge.
    instead: &'static str,
}

const fn choice(answer: &'static str, meaning: &'static str) -> EdgeChoice {
    EdgeChoice { answer, meaning }
}

const REFERENCE: &str = "or change the map: the referenced table under `reference:`, so that the other service gets a copy of it, \
                         or both tables in one service";
const OWN_COPY: &str = "or change the map so that one service has all of these tables";

const JOINED: EdgeChoice =
    choice("call", "it is in no target; its readers query each service and join the results themselves");

const STAYS: EdgeChoice = choice(
    "leave",
    "it is in no target; it stays in the source, with the data of the cutover, until `split finish`",
);

const KINDS: &[KindRow] = &[
    KindRow {
        kind: EdgeKind::ForeignKey,
        name: "foreign-key",
        choices: &[
            choice(
                "drop",
                "the column stays without its foreign key: values may dangle, and no ON DELETE runs; the first cutover of the two services removes it from the source, too",
            ),
            choice(
                "call",
                "the same in the database; the service queries the other one before it writes, and is notified of deletions",
            ),
        ],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::Inheritance,
        name: "inheritance",
        choices: &[choice(
            "drop",
            "the child becomes a table of its own: queries of the parent no longer return its rows",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Partition,
        name: "partition",
        choices: &[choice(
            "drop",
            "the partition becomes a table of its own: the partitioned table neither returns nor accepts its rows",
        )],
        instead: OWN_COPY,
    },
    KindRow { kind: EdgeKind::View, name: "view", choices: &[STAYS, JOINED], instead: REFERENCE },
    KindRow {
        kind: EdgeKind::MaterializedView,
        name: "materialized-view",
        choices: &[STAYS, JOINED],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::Rule,
        name: "rule",
        choices: &[choice(
            "drop",
            "the target does not get the rule: its writes elsewhere stop; in the source, the cutover of the service into which it writes disables it",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Trigger,
        name: "trigger",
        choices: &[
            choice(
                "drop",
                "the target does not get the trigger: its effects elsewhere stop; in the source, the cutover of the service into which it writes disables it",
            ),
            choice(
                "call",
                "the same in the database; the service notifies the other one, for example through its outbox",
            ),
        ],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Function,
        name: "function",
        choices: &[
            choice(
                "leave",
                "it is in no target, and neither is what calls it, such as a default; it stays in the source until `split finish`, and fails there where it writes into a table that is cut over",
            ),
            choice(
                "copy",
                "every service that has one of the tables gets it unchanged: it fails at a table of another service",
            ),
        ],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Sequence,
        name: "sequence",
        choices: &[choice(
            "copy",
            "each service gets its own sequence, which continues above the highest number: from then on both generate the same numbers",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Type,
        name: "type",
        choices: &[choice(
            "copy",
            "each service gets its own type, that of a table's row as a composite one: a new value or column must be added to each of them",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Domain,
        name: "domain",
        choices: &[choice(
            "copy",
            "each service gets its own domain: a check must be changed in each of them",
        )],
        instead: OWN_COPY,
    },
    KindRow {
        kind: EdgeKind::Policy,
        name: "policy",
        choices: &[choice(
            "drop",
            "the target does not get the policy; row security stays on: a table without another policy returns no rows; if it writes elsewhere, cut over its own service first",
        )],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::Default,
        name: "default",
        choices: &[choice(
            "drop",
            "the column has no default in the target: the application must set the value; if it writes elsewhere, cut over its own service first",
        )],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::Check,
        name: "check",
        choices: &[choice(
            "drop",
            "the target does not get the constraint: the application must keep the rows valid; if it writes elsewhere, cut over its own service first",
        )],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::Index,
        name: "index",
        choices: &[choice("drop", "the target does not get the index: queries that use it become slower")],
        instead: REFERENCE,
    },
    KindRow {
        kind: EdgeKind::LargeObject,
        name: "large-object",
        choices: &[choice(
            "leave",
            "the OIDs are copied, but the large objects stay in the source: the application must copy them",
        )],
        instead: "or keep the bytes in a column of type bytea before the split",
    },
    KindRow {
        kind: EdgeKind::Publication,
        name: "publication",
        choices: &[choice(
            "leave",
            "it stays in the source, whose tables do not change after the cutover: subscribers must follow the targets",
        )],
        instead: "or drop the publication before the split",
    },
];

impl EdgeKind {
    fn row(self) -> &'static KindRow {
        KINDS.iter().find(|row| row.kind == self).expect("every kind has a row")
    }

    /// Returns the kind as the first word of an edge's name.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    pub fn choices(self) -> &'static [EdgeChoice] {
        self.row().choices
    }

    /// Returns the change of the map that would remove the edge.
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
