//! Kinds of objects, and the statements of the grammar that create, alter, drop and use objects of each.

use squawk_syntax::SyntaxKind::{self, *};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LintedKind {
    AccessMethod,
    Cast,
    Collation,
    Conversion,
    Database,
    EventTrigger,
    Extension,
    ForeignDataWrapper,
    Index,
    Language,
    MaterializedView,
    Operator,
    OperatorClass,
    OperatorFamily,
    Policy,
    PropertyGraph,
    Publication,
    Role,
    Routine,
    Rule,
    Schema,
    Sequence,
    Server,
    Statistics,
    Subscription,
    /// A table of any kind: ALTER TABLE changes a foreign table too.
    Table,
    Tablespace,
    TextSearchConfiguration,
    TextSearchDictionary,
    TextSearchParser,
    TextSearchTemplate,
    Transform,
    Trigger,
    /// A type or a domain: DROP TYPE drops both.
    Type,
    UserMapping,
    View,
}

/// Space in which a name is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameSpace {
    Schema,
    /// The table to which the object belongs.
    Table,
    /// The database or the server.
    Whole,
}

/// Statements of a kind, by their nodes.
pub(crate) struct ObjectKindRow {
    pub kind: LintedKind,
    pub names: NameSpace,
    pub create: &'static [SyntaxKind],
    pub alter: &'static [SyntaxKind],
    pub drop: &'static [SyntaxKind],
    /// Further statements whose first object is one of the kind.
    pub uses: &'static [SyntaxKind],
}

const fn row(
    kind: LintedKind,
    names: NameSpace,
    create: &'static [SyntaxKind],
    alter: &'static [SyntaxKind],
    drop: &'static [SyntaxKind],
) -> ObjectKindRow {
    ObjectKindRow { kind, names, create, alter, drop, uses: &[] }
}

impl ObjectKindRow {
    const fn used_by(self, uses: &'static [SyntaxKind]) -> ObjectKindRow {
        ObjectKindRow { uses, ..self }
    }
}

use LintedKind as K;
use NameSpace::{Schema as InSchema, Table as OfTable, Whole};

/// All kinds. A test compares the rows with the grammar.
pub(crate) const KINDS: &[ObjectKindRow] = &[
    row(
        K::Table,
        InSchema,
        &[CREATE_TABLE, CREATE_TABLE_AS, SELECT_INTO, CREATE_FOREIGN_TABLE],
        &[ALTER_TABLE, ALTER_FOREIGN_TABLE],
        &[DROP_TABLE, DROP_FOREIGN_TABLE],
    )
    .used_by(&[TRUNCATE, CLUSTER, LOCK, VACUUM, REPACK, UPDATE, DELETE, MERGE, INSERT, COPY]),
    row(K::View, InSchema, &[CREATE_VIEW], &[ALTER_VIEW], &[DROP_VIEW]),
    row(
        K::MaterializedView,
        InSchema,
        &[CREATE_MATERIALIZED_VIEW],
        &[ALTER_MATERIALIZED_VIEW],
        &[DROP_MATERIALIZED_VIEW],
    )
    .used_by(&[REFRESH]),
    row(K::Sequence, InSchema, &[CREATE_SEQUENCE], &[ALTER_SEQUENCE], &[DROP_SEQUENCE]),
    row(K::Index, InSchema, &[CREATE_INDEX], &[ALTER_INDEX], &[DROP_INDEX]),
    row(
        K::Type,
        InSchema,
        &[CREATE_TYPE, CREATE_DOMAIN],
        &[ALTER_TYPE, ALTER_DOMAIN],
        &[DROP_TYPE, DROP_DOMAIN],
    ),
    row(
        K::Routine,
        InSchema,
        &[CREATE_FUNCTION, CREATE_PROCEDURE, CREATE_AGGREGATE],
        &[ALTER_FUNCTION, ALTER_PROCEDURE, ALTER_AGGREGATE, ALTER_ROUTINE],
        &[DROP_FUNCTION, DROP_PROCEDURE, DROP_AGGREGATE, DROP_ROUTINE],
    ),
    row(K::Schema, Whole, &[CREATE_SCHEMA], &[ALTER_SCHEMA], &[DROP_SCHEMA]),
    row(K::Trigger, OfTable, &[CREATE_TRIGGER], &[ALTER_TRIGGER], &[DROP_TRIGGER]),
    row(K::Policy, OfTable, &[CREATE_POLICY], &[ALTER_POLICY], &[DROP_POLICY]),
    row(K::Rule, OfTable, &[CREATE_RULE], &[ALTER_RULE], &[DROP_RULE]),
    row(K::Statistics, InSchema, &[CREATE_STATISTICS], &[ALTER_STATISTICS], &[DROP_STATISTICS]),
    row(K::Collation, InSchema, &[CREATE_COLLATION], &[ALTER_COLLATION], &[DROP_COLLATION]),
    row(K::Conversion, InSchema, &[CREATE_CONVERSION], &[ALTER_CONVERSION], &[DROP_CONVERSION]),
    row(K::Operator, InSchema, &[CREATE_OPERATOR], &[ALTER_OPERATOR], &[DROP_OPERATOR]),
    row(
        K::OperatorClass,
        InSchema,
        &[CREATE_OPERATOR_CLASS],
        &[ALTER_OPERATOR_CLASS],
        &[DROP_OPERATOR_CLASS],
    ),
    row(
        K::OperatorFamily,
        InSchema,
        &[CREATE_OPERATOR_FAMILY],
        &[ALTER_OPERATOR_FAMILY],
        &[DROP_OPERATOR_FAMILY],
    ),
    row(
        K::PropertyGraph,
        InSchema,
        &[CREATE_PROPERTY_GRAPH],
        &[ALTER_PROPERTY_GRAPH],
        &[DROP_PROPERTY_GRAPH],
    ),
    row(
        K::TextSearchConfiguration,
        InSchema,
        &[CREATE_TEXT_SEARCH_CONFIGURATION],
        &[ALTER_TEXT_SEARCH_CONFIGURATION],
        &[DROP_TEXT_SEARCH_CONFIG],
    ),
    row(
        K::TextSearchDictionary,
        InSchema,
        &[CREATE_TEXT_SEARCH_DICTIONARY],
        &[ALTER_TEXT_SEARCH_DICTIONARY],
        &[DROP_TEXT_SEARCH_DICT],
    ),
    row(
        K::TextSearchParser,
        InSchema,
        &[CREATE_TEXT_SEARCH_PARSER],
        &[ALTER_TEXT_SEARCH_PARSER],
        &[DROP_TEXT_SEARCH_PARSER],
    ),
    row(
        K::TextSearchTemplate,
        InSchema,
        &[CREATE_TEXT_SEARCH_TEMPLATE],
        &[ALTER_TEXT_SEARCH_TEMPLATE],
        &[DROP_TEXT_SEARCH_TEMPLATE],
    ),
    row(K::AccessMethod, Whole, &[CREATE_ACCESS_METHOD], &[], &[DROP_ACCESS_METHOD]),
    row(K::Cast, Whole, &[CREATE_CAST], &[], &[DROP_CAST]),
    row(K::Database, Whole, &[CREATE_DATABASE], &[ALTER_DATABASE], &[DROP_DATABASE]),
    row(K::EventTrigger, Whole, &[CREATE_EVENT_TRIGGER], &[ALTER_EVENT_TRIGGER], &[DROP_EVENT_TRIGGER]),
    row(K::Extension, Whole, &[CREATE_EXTENSION], &[ALTER_EXTENSION], &[DROP_EXTENSION]),
    row(
        K::ForeignDataWrapper,
        Whole,
        &[CREATE_FOREIGN_DATA_WRAPPER],
        &[ALTER_FOREIGN_DATA_WRAPPER],
        &[DROP_FOREIGN_DATA_WRAPPER],
    ),
    row(K::Language, Whole, &[CREATE_LANGUAGE], &[ALTER_LANGUAGE], &[DROP_LANGUAGE]),
    row(K::Publication, Whole, &[CREATE_PUBLICATION], &[ALTER_PUBLICATION], &[DROP_PUBLICATION]),
    row(
        K::Role,
        Whole,
        &[CREATE_ROLE, CREATE_USER, CREATE_GROUP],
        &[ALTER_ROLE, ALTER_USER, ALTER_GROUP],
        &[DROP_ROLE, DROP_USER, DROP_GROUP],
    ),
    row(K::Server, Whole, &[CREATE_SERVER], &[ALTER_SERVER], &[DROP_SERVER]),
    row(K::Subscription, Whole, &[CREATE_SUBSCRIPTION], &[ALTER_SUBSCRIPTION], &[DROP_SUBSCRIPTION]),
    row(K::Tablespace, Whole, &[CREATE_TABLESPACE], &[ALTER_TABLESPACE], &[DROP_TABLESPACE]),
    row(K::Transform, Whole, &[CREATE_TRANSFORM], &[], &[DROP_TRANSFORM]),
    row(K::UserMapping, Whole, &[CREATE_USER_MAPPING], &[ALTER_USER_MAPPING], &[DROP_USER_MAPPING]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatementVerb {
    Create,
    Alter,
    Drop,
    Use,
}

/// Returns the row of a statement, and its verb.
pub(crate) fn row_and_verb(statement: SyntaxKind) -> Option<(&'static ObjectKindRow, StatementVerb)> {
    KINDS.iter().find_map(|row| {
        let verbs = [
            (row.create, StatementVerb::Create),
            (row.alter, StatementVerb::Alter),
            (row.drop, StatementVerb::Drop),
            (row.uses, StatementVerb::Use),
        ];
        let (_, verb) = verbs.into_iter().find(|(nodes, _)| nodes.contains(&statement))?;
        Some((row, verb))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use squawk_syntax::ast::{self, AstNode};

    /// Statements that create, alter or drop no single object.
    const OF_NO_OBJECT: &[SyntaxKind] =
        &[ALTER_DEFAULT_PRIVILEGES, ALTER_LARGE_OBJECT, ALTER_SYSTEM, DROP_OWNED];

    #[test]
    fn every_statement_of_the_grammar_that_makes_or_changes_an_object_has_a_row() {
        let mut seen = 0;
        for kind in
            (0..SyntaxKind::__LAST as u16).map(SyntaxKind::from).filter(|kind| ast::Stmt::can_cast(*kind))
        {
            let name = format!("{kind:?}");
            let verb = match name.split('_').next() {
                Some("CREATE") => StatementVerb::Create,
                Some("ALTER") => StatementVerb::Alter,
                Some("DROP") => StatementVerb::Drop,
                _ => continue,
            };
            seen += 1;
            if !OF_NO_OBJECT.contains(&kind) {
                assert_eq!(row_and_verb(kind).map(|(_, found)| found), Some(verb), "{name}");
            }
        }
        assert!(seen > 120, "{seen}");
    }
}
