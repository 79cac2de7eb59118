//! The exposed relations of a database, as its catalogs describe them: every identifier of a statement comes from here.

mod cached;
mod code;
mod functions;
mod relations;
mod relationships;
mod routines;
pub(crate) mod statements;
mod types;
pub(crate) mod value_types;
mod views;

pub(crate) use cached::{CachedTable, UncachedRelation};
pub use functions::ExposedFunction;
pub(crate) use functions::{CallBody, FunctionParameter, MediaAggregate, VALUE};
pub use relations::ExposedRelation;
pub(crate) use relations::{
    Cardinality, CatalogName, DOCUMENT, ExposedColumn, Relationship, RowFunction, TableKey,
};

pub(crate) use types::CastType;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::closest_name::closest;
use crate::error::{HttpError, HttpResult};
use crate::settings::ServedExposure;
use relationships::KeyedRelations;

/// Least similarity of a suggested relation.
const SIMILAR: f64 = 0.75;

/// Relations, relationships and types of one database.
#[derive(Debug, Default)]
pub struct ServedCatalog {
    relations: BTreeMap<(String, String), ExposedRelation>,
    relationships: Vec<Relationship>,
    /// Types that a cast may name.
    types: BTreeMap<String, CastType>,
    /// Text search configurations.
    languages: BTreeSet<String>,
    /// Functions of one row that act as columns: schema and name of the row's relation, and name of the function, with the
    /// name of the type without domains.
    computed: BTreeMap<(String, String, String), String>,
    functions: Vec<ExposedFunction>,
    media: Vec<MediaAggregate>,
    cached: cached::CachedTables,
    /// Fingerprint of the catalogs that it was read from.
    pub version: String,
    /// Version of the server, such as 150004.
    pub(crate) server_version: i32,
}

/// The catalogs as the statement of [`statements::read`] returns them.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RawCatalog {
    relations: Vec<ExposedRelation>,
    keys: Vec<TableKey>,
    rules: Vec<(u32, String)>,
    types: Vec<(String, String, bool)>,
    languages: Vec<String>,
    computed: Vec<(String, String, String, String)>,
    row_functions: Vec<RowFunction>,
    functions: Vec<ExposedFunction>,
    media: Vec<MediaAggregate>,
    #[serde(default)]
    cached: Vec<cached::RawCached>,
    version: i32,
}

impl ServedCatalog {
    /// Parses the answer of [`statements::read`], and leaves out what the service does not expose.
    pub fn parse(json: &str, exposure: &ServedExposure) -> Result<ServedCatalog, serde_json::Error> {
        Ok(ServedCatalog::new(serde_json::from_str(json)?, exposure))
    }

    fn new(raw: RawCatalog, exposure: &ServedExposure) -> ServedCatalog {
        let exposed = |relation: &ExposedRelation| {
            let all = exposure.only.is_empty() && !relation.is_internal();
            let named = all || exposure.only.contains(&relation.name);
            named && !exposure.hide.contains(&relation.name)
        };
        let mut all: BTreeMap<_, _> = raw
            .relations
            .into_iter()
            .filter(exposed)
            .map(|one| ((one.schema.clone(), one.name.clone()), one))
            .collect();
        let origins = views::origins(&raw.rules);
        let keyed = KeyedRelations { relations: &all, origins: &origins, keys: &raw.keys };
        let primary: Vec<Vec<String>> = all.values().map(|relation| keyed.primary_key(relation)).collect();
        all.values_mut().zip(primary).for_each(|(relation, key)| relation.key = key);
        let sources = raw.computed.iter().map(|(schema, relation, ..)| (schema.clone(), relation.clone()));
        for source in sources.chain(raw.row_functions.iter().map(|one| one.source.clone())) {
            if let Some(relation) = all.get_mut(&source) {
                relation.runs_code = true;
            }
        }
        // Domain casts may run the service's code.
        for relation in all.values_mut() {
            relation.runs_code |= relation.columns.iter().any(|column| {
                column.to_json.is_some() || column.from_json.is_some() || column.from_text.is_some()
            });
        }
        let mut relationships =
            KeyedRelations { relations: &all, origins: &origins, keys: &raw.keys }.relationships();
        relationships.extend(relationships::computed(&raw.row_functions, &all));
        let cached = cached::CachedTables::new(raw.cached, &all, exposure);
        ServedCatalog {
            cached,
            version: String::new(),
            relationships,
            relations: all,
            types: types::by_name(raw.types),
            languages: raw.languages.into_iter().collect(),
            computed: raw
                .computed
                .into_iter()
                .map(|(schema, relation, name, base)| ((schema, relation, name), base))
                .collect(),
            media: raw.media,
            functions: raw.functions.into_iter().map(with_value).collect(),
            server_version: raw.version,
        }
    }

    /// Returns an exposed relation.
    pub fn relation(&self, schema: &str, name: &str) -> HttpResult<&ExposedRelation> {
        let found = self.relations.get(&(schema.to_owned(), name.to_owned()));
        found.ok_or_else(|| {
            let known = self.relations.keys().filter(|(of, _)| of == schema).map(|(_, name)| name.as_str());
            let error = HttpError::no_table(schema, name);
            match closest(name, known, SIMILAR) {
                Some(near) => error.hint(format!("Perhaps you meant the table '{schema}.{near}'")),
                None => error,
            }
        })
    }

    /// Returns a table whose answers are kept.
    pub(crate) fn cached(&self, table: &CatalogName) -> Option<&CachedTable> {
        self.cached.get(table)
    }

    /// Returns `true` if answers of no table are kept.
    pub(crate) fn keeps_no_answers(&self) -> bool {
        self.cached.is_empty()
    }

    /// Returns the relations listed under `cache:` that cannot be cached.
    pub fn uncached(&self) -> &[UncachedRelation] {
        self.cached.left_out()
    }

    /// Returns all exposed relations.
    pub fn relations(&self) -> impl Iterator<Item = &ExposedRelation> {
        self.relations.values()
    }

    /// Returns the relationships that begin at a relation.
    pub(crate) fn relationships_of(
        &self,
        schema: &str,
        name: &str,
    ) -> impl Iterator<Item = &Relationship> + Clone {
        self.relationships.iter().filter(move |one| one.table.0 == schema && one.table.1 == name)
    }

    /// Returns the function that a call means.
    pub(crate) fn function(
        &self,
        schema: &str,
        name: &str,
        names: &BTreeSet<String>,
        body: CallBody,
    ) -> HttpResult<&ExposedFunction> {
        functions::find(&self.functions, (schema, name), names, body)
    }

    /// Returns the number of the aggregate that makes answers of a media type from a relation's rows.
    pub(crate) fn media_aggregate(
        &self,
        relation: Option<&ExposedRelation>,
        media_type: &str,
    ) -> Option<usize> {
        let of = relation.map(|one| (one.schema.clone(), one.name.clone()));
        self.media.iter().position(|one| one.relation == of && one.media_type == media_type)
    }

    /// Returns an aggregate by its number.
    pub(crate) fn media(&self, number: usize) -> Option<&MediaAggregate> {
        self.media.get(number)
    }

    /// Returns the functions that callers may call.
    pub fn functions(&self) -> impl Iterator<Item = &ExposedFunction> {
        self.functions.iter()
    }

    /// Returns the rows of a function: an exposed relation, or the columns that only the function has.
    pub(crate) fn rows_of<'c>(&'c self, function: &'c ExposedFunction) -> &'c ExposedRelation {
        self.relations
            .get(&function.row_name())
            .filter(|one| one.oid == function.row.oid)
            .unwrap_or(&function.row)
    }

    /// Returns the type that a cast names.
    pub(crate) fn cast(&self, name: &str) -> HttpResult<&CastType> {
        let missing = || HttpError::new(400, "42704", format!("type \"{name}\" does not exist"));
        self.types.get(&name.to_lowercase()).ok_or_else(missing)
    }

    /// Checks a text search configuration.
    pub fn language(&self, name: &str) -> HttpResult<()> {
        if self.languages.contains(name) {
            return Ok(());
        }
        let message = format!("text search configuration \"{name}\" does not exist");
        Err(HttpError::new(400, "42704", message))
    }

    /// Returns `true` if the column is a function of the relation's row.
    pub(crate) fn is_computed(&self, relation: &ExposedRelation, column: &str) -> bool {
        self.computed_type(relation, column).is_some()
    }

    /// Returns `true` if a function of this name acts as a column, or as an embedded relation.
    pub fn has_row_function(&self, name: &str) -> bool {
        self.computed.keys().any(|(_, _, own)| own == name)
            || self.relationships.iter().any(|one| one.function.as_ref().is_some_and(|(_, own)| own == name))
    }

    /// Returns the type of a function of the relation's row, without domains.
    pub(crate) fn computed_type(&self, relation: &ExposedRelation, column: &str) -> Option<&str> {
        let key = (relation.schema.clone(), relation.name.clone(), column.to_owned());
        self.computed.get(&key).map(String::as_str)
    }
}

/// Adds the column of the value to a function without columns.
fn with_value(mut function: ExposedFunction) -> ExposedFunction {
    if function.is_scalar() {
        let column =
            ExposedColumn { number: 1, name: VALUE.into(), builtin: true, ..ExposedColumn::default() };
        function.row.columns = vec![column];
    }
    function
}
