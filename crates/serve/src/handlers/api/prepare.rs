//! Operations planned against the catalog, and compiled. Pure but for the ids of new documents.

mod collection;
mod documents;

use crate::catalog::{CachedTable, ExposedRelation, ServedCatalog};
use crate::compile::{
    GroupedRows, WrittenRows, aggregate_statement, page_statement, planned_statement, read_statement,
    write_statement,
};
use crate::error::{HttpError, HttpResult};
use crate::face::api::{AggregateRequest, ApiAction, PageRequest, RowId, RowTarget, check_key, page_order};
use crate::handlers::api::prepared::{OperationOutcome, PreparedOperation};
use crate::plan::{PlannedTree, RequestSize, plan_tree};
use crate::request::{
    BodyForm, ColumnFilter, FieldPath, FilterOperation, FilterTree, RowAction, RowQuery, RowRange, RowsBody,
    SelectEntry,
};
use crate::run::records::operation;
use crate::run::service::cursor::{CursorKey, after};
use crate::run::service::document_ids::DocumentIds;
use crate::settings::RequestLimits;

/// Form of one row, and of rows.
const SINGLE: BodyForm = BodyForm::Single { strip_nulls: false };
const ROWS: BodyForm = BodyForm::Rows { strip_nulls: false };

/// All that operations of a collection are prepared with.
pub(super) struct OperationPlanner<'a> {
    pub catalog: &'a ServedCatalog,
    pub limits: &'a RequestLimits,
    pub cursors: &'a CursorKey,
    /// Relation of the collection.
    pub relation: &'a ExposedRelation,
    pub ids: &'a DocumentIds,
    /// `true` if the answer has the written rows.
    pub returns: bool,
}

/// Returns the filter of the row with an id.
pub(super) fn id_filter(relation: &ExposedRelation, id: &RowId) -> HttpResult<Vec<FilterTree>> {
    let (name, key) = (&relation.name, collection::address(relation));
    if key.is_empty() {
        let message = format!("{name} has no primary key, so its rows have no id");
        return Err(HttpError::new(400, "PGRST100", message).hint("use it below /rest/"));
    }
    if key.len() != id.len() {
        let message = format!("the key of {name} is {}, and the id has {} values", key.join(","), id.len());
        return Err(HttpError::new(400, "PGRST100", message));
    }
    let one = |(column, value): (&String, &String)| {
        let operation = FilterOperation::Binary { operator: "=", quantifier: None, value: value.clone() };
        FilterTree::Leaf(ColumnFilter { field: FieldPath::column(column.clone()), negated: false, operation })
    };
    Ok(key.iter().zip(id).map(one).collect())
}

/// Returns the query of rows by a filter.
pub(super) fn filtered(select: &[SelectEntry], filters: Vec<FilterTree>) -> RowQuery {
    let filters = filters.into_iter().map(|tree| (vec![], tree)).collect();
    RowQuery { select: select.to_vec(), filters, ..RowQuery::default() }
}

impl OperationPlanner<'_> {
    /// Prepares an operation.
    pub(super) fn prepare(&self, action: &ApiAction) -> HttpResult<PreparedOperation> {
        match action {
            ApiAction::Insert { rows, select } => self.insert(rows, select),
            ApiAction::InsertDocuments { new, select } => self.insert_documents(new, select),
            ApiAction::ChangeDocuments { target, change, select } => {
                self.change_documents(target, change, select)
            }
            ApiAction::Get { id, select } => self.get(id, select),
            ApiAction::Replace { id, row, select } => self.replace(id, row, select),
            ApiAction::Update { target, row, select } => {
                let action = RowAction::Update { rows: row.clone(), missing_default: false };
                self.change(target, action, select)
            }
            ApiAction::Delete { target } => self.change(target, RowAction::Delete, &[]),
            ApiAction::Page(page) => self.page(page),
            ApiAction::Count { query, planned } => self.count(query, *planned),
            ApiAction::Aggregate(aggregate) => self.aggregate(aggregate),
        }
    }

    /// Returns the tables of a read whose answer may be kept.
    fn cached(&self, tree: &PlannedTree<'_>) -> Option<Vec<CachedTable>> {
        Some(tree.cached(self.catalog)?.into_iter().cloned().collect())
    }

    fn reading(&self) -> PreparedOperation {
        let name = format!("{}.{}", self.relation.schema, self.relation.name);
        let key = collection::address(self.relation).to_vec();
        PreparedOperation { key, ..PreparedOperation::reading(name, self.limits.answer()) }
    }

    fn get(&self, id: &RowId, select: &[SelectEntry]) -> HttpResult<PreparedOperation> {
        let query = filtered(&collection::shown(self.relation, select), id_filter(self.relation, id)?);
        let tree = plan_tree(self.catalog, self.limits, self.relation, &query, false)?;
        Ok(PreparedOperation {
            compiled: read_statement(self.catalog, &tree, SINGLE, None)?,
            tagged: collection::are_whole(self.relation, select),
            form: SINGLE,
            outcome: OperationOutcome::One,
            cached: self.cached(&tree),
            filters: Some(id.join(",")),
            ..self.reading()
        })
    }

    fn page(&self, page: &PageRequest) -> HttpResult<PreparedOperation> {
        let mut order = page_order(page, &self.relation.name, &self.relation.key)?;
        order.iter_mut().for_each(|term| term.field = collection::field(self.relation, &term.field));
        let mut query = page.query.clone();
        self.check_patterns(&query)?;
        query.select = collection::shown(self.relation, &query.select);
        query.order.push((vec![], order.clone()));
        let mut tree = plan_tree(self.catalog, self.limits, self.relation, &query, false)?;
        let prepared = self.reading();
        if tree.root.select.iter().any(|field| field.aggregate.is_some()) {
            return Err(HttpError::new(400, "PGRST100", "a page has rows and no aggregates"));
        }
        if let Some(cursor) = &page.after {
            let place = self.cursors.open(&prepared.relation, &order, cursor)?;
            // A view's key is that of its table, and may be NULL beside an outer join.
            let required = if self.relation.is_view { &[][..] } else { &self.relation.key };
            tree.root.filters.push(after(&order, &place, required));
        }
        // The statement of a page has a limit of its own.
        tree.root.range = RowRange::default();
        let most = page.limit.unwrap_or_else(|| self.limits.rows()).min(self.limits.rows());
        if most < 1 {
            return Err(HttpError::new(400, "PGRST100", "a page has at least one row"));
        }
        Ok(PreparedOperation {
            compiled: page_statement(self.catalog, &tree, most)?,
            outcome: OperationOutcome::Page(order),
            cached: self.cached(&tree),
            ..prepared
        })
    }

    fn count(&self, query: &RowQuery, planned: bool) -> HttpResult<PreparedOperation> {
        self.check_patterns(query)?;
        let mut tree = plan_tree(self.catalog, self.limits, self.relation, query, false)?;
        tree.root.range = RowRange { offset: 0, limit: Some(0) };
        let compiled = match planned {
            true => planned_statement(self.catalog, &tree)?,
            false => read_statement(self.catalog, &tree, BodyForm::Nothing, Some(None))?,
        };
        Ok(PreparedOperation {
            compiled,
            form: BodyForm::Nothing,
            outcome: if planned { OperationOutcome::Planned } else { OperationOutcome::Count },
            cached: if planned { None } else { self.cached(&tree) },
            ..self.reading()
        })
    }

    fn aggregate(&self, wanted: &AggregateRequest) -> HttpResult<PreparedOperation> {
        self.check_patterns(&wanted.query)?;
        let mut query = wanted.query.clone();
        query.select =
            query.select.iter().map(|entry| collection::aggregated(self.relation, entry)).collect();
        let mut tree = plan_tree(self.catalog, self.limits, self.relation, &query, false)?;
        let mut size = RequestSize::default();
        wanted.having.iter().for_each(|tree| size.add_tree(tree));
        size.add_order(&wanted.order);
        size.check(self.limits)?;
        tree.root.range = RowRange::default();
        let limit = wanted.limit.unwrap_or_else(|| self.limits.rows()).min(self.limits.rows());
        let groups = GroupedRows { having: wanted.having.as_ref(), order: &wanted.order, limit };
        Ok(PreparedOperation {
            compiled: aggregate_statement(self.catalog, &tree, &groups, ROWS)?,
            cached: self.cached(&tree),
            ..self.reading()
        })
    }

    fn insert(&self, rows: &RowsBody, select: &[SelectEntry]) -> HttpResult<PreparedOperation> {
        let action = RowAction::Insert { rows: rows.clone(), resolution: None, missing_default: true };
        let one = if rows.is_object { OperationOutcome::New } else { OperationOutcome::Rows };
        let prepared = self.write(&filtered(select, vec![]), &action, rows.is_object)?;
        Ok(PreparedOperation { outcome: one, ..prepared })
    }

    /// Prepares a replacement: an update of all columns that can be given beside those of the key.
    fn replace(&self, id: &RowId, row: &RowsBody, select: &[SelectEntry]) -> HttpResult<PreparedOperation> {
        if let Some(unknown) = row.keys.iter().find(|name| self.relation.column(name).is_none()) {
            return Err(HttpError::no_column(&self.relation.name, unknown));
        }
        check_key(row, &self.relation.key, id)?;
        let given =
            self.relation.columns.iter().filter(|one| !one.fixed && !self.relation.key.contains(&one.name));
        let keys: Vec<String> = given.map(|one| one.name.clone()).collect();
        let row = RowsBody { keys, ..row.clone() };
        let action = RowAction::Update { rows: row, missing_default: true };
        let prepared = self.change(&RowTarget::Id(id.clone()), action, select)?;
        Ok(PreparedOperation { word: "put", ..prepared })
    }

    fn change(
        &self,
        target: &RowTarget,
        action: RowAction,
        select: &[SelectEntry],
    ) -> HttpResult<PreparedOperation> {
        let conditional = matches!(target, RowTarget::Versioned(..));
        let (filters, one, key) = match target {
            RowTarget::Id(id) => (id_filter(self.relation, id)?, true, Some(id.join(","))),
            RowTarget::Versioned(id, versions) => {
                let mut filters = id_filter(self.relation, id)?;
                filters.extend(versions.as_deref().map(collection::version_filter));
                (filters, true, Some(id.join(",")))
            }
            RowTarget::Where(tree, text) => (vec![tree.clone()], false, Some(text.clone())),
        };
        let query = filtered(select, filters);
        self.check_patterns(&query)?;
        let prepared = self.write(&query, &action, one)?;
        let outcome = match (&action, one) {
            (RowAction::Delete, one) => OperationOutcome::Removed { one },
            (_, true) => OperationOutcome::One,
            (_, false) => OperationOutcome::Rows,
        };
        Ok(PreparedOperation { outcome, filters: key, conditional, ..prepared })
    }

    fn write(&self, query: &RowQuery, action: &RowAction, one: bool) -> HttpResult<PreparedOperation> {
        let tree = plan_tree(self.catalog, self.limits, self.relation, query, true)?;
        let returns = self.returns && *action != RowAction::Delete;
        let form = match (returns, one) {
            (false, _) => BodyForm::Nothing,
            (true, true) => SINGLE,
            (true, false) => ROWS,
        };
        let locates = returns && matches!(action, RowAction::Insert { .. });
        let written =
            WrittenRows { catalog: self.catalog, relation: self.relation, query, action, returns, locates };
        Ok(PreparedOperation {
            compiled: write_statement(&written, &tree, form)?,
            form,
            word: operation(action),
            writes: true,
            ..self.reading()
        })
    }
}
