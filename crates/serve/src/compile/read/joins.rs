//! Lateral joins of embedded relations, and the conditions that tie rows together.

use martydb_model::sql::{Keyword, Qualified, Statement, stmt};

use super::names::{alias, embedded_alias, junction_alias, key, parent_alias};
use super::order::ordered;
use super::spread::spread_fields;
use crate::catalog::ServedCatalog;
use crate::compile::field::FieldScope;
use crate::compile::reads::{RootSource, StatementReads};
use crate::compile::values::StatementValues;
use crate::error::{HttpError, HttpResult};
use crate::plan::PlanNode;

impl StatementReads<'_> {
    /// Compiles the joins of a relation's children.
    pub(super) fn joins(&mut self, node: &PlanNode<'_>) -> HttpResult<Statement> {
        let joins = node.children.iter().map(|child| self.join(node, child));
        Ok(Statement::concat(joins.collect::<HttpResult<Vec<_>>>()?))
    }

    fn join(&mut self, node: &PlanNode<'_>, child: &PlanNode<'_>) -> HttpResult<Statement> {
        let rows = self.rows(child, RootSource::Relation)?;
        let name = embedded_alias(child);
        let join = Keyword(if child.inner { "INNER" } else { "LEFT" });
        if child.is_to_one() {
            if !child.is_joined_by_key() {
                self.values.note_join();
            }
            return Ok(stmt!(" {join} JOIN LATERAL ({rows}) AS {name} ON TRUE"));
        }
        let columns = if child.spread {
            if spread_fields(child).iter().any(|field| field.aggregate.is_some()) {
                let details = "Aggregates are not implemented for one-to-many or many-to-many spreads.";
                return Err(HttpError::new(400, "PGRST127", "Feature not implemented").details(details));
            }
            spread_json(self.catalog, child, self.values)?
        } else {
            stmt!("")
        };
        let on = if child.inner { stmt!("{name} IS NOT NULL") } else { stmt!("TRUE") };
        let comparable = comparable(node);
        Ok(stmt!(
            " {join} JOIN LATERAL (SELECT pg_catalog.json_agg({name}){comparable} AS {name}{columns} FROM ({rows}) AS {name}) AS {name} ON {on}"
        ))
    }
}

/// Returns the cast of what is embedded in the rows of a relation.
pub(super) fn comparable(node: &PlanNode<'_>) -> Keyword {
    Keyword(if node.may_be_grouped() { "::jsonb" } else { "" })
}

/// Returns the conditions between a relation and its parent.
pub(super) fn joined(node: &PlanNode<'_>) -> Vec<Statement> {
    let Some(relationship) = node.relationship else { return vec![] };
    let parent = parent_alias(node);
    let pair = |one: (&str, &str), other: (&str, &str)| {
        let one = Qualified([one.0, one.1]);
        let other = Qualified([other.0, other.1]);
        stmt!("{one} = {other}")
    };
    let own = alias(node);
    match &relationship.junction {
        None => {
            relationship.columns.iter().map(|(theirs, ours)| pair((&own, ours), (&parent, theirs))).collect()
        }
        Some(junction) => {
            let between = junction_alias(node);
            let target = junction.target.iter().map(|(ours, column)| pair((&own, ours), (&between, column)));
            let source =
                junction.source.iter().map(|(theirs, column)| pair((&parent, theirs), (&between, column)));
            target.chain(source).collect()
        }
    }
}

/// Returns the arrays of a spread relation with several rows, one for each column.
fn spread_json(
    catalog: &ServedCatalog,
    node: &PlanNode<'_>,
    values: &mut StatementValues,
) -> HttpResult<Statement> {
    let embedded = embedded_alias(node);
    let alias = format!("martydb_e{}", node.number);
    let scope = FieldScope { catalog, relation: node.relation, alias: &alias };
    let mut columns = vec![];
    for field in spread_fields(node) {
        let name = key(&field.name)?;
        let order = ordered(&scope, node, values)?;
        columns
            .push(stmt!(", COALESCE(pg_catalog.json_agg({embedded}.{name}{order}), '[]')::jsonb AS {name}"));
    }
    Ok(Statement::concat(columns))
}
