//! Search across collections. Those that the caller's login may not read are left out, and named.

use std::collections::BTreeMap;

use super::call::ApiCall;
use super::prepared::{OperationOutcome, PreparedOperation};
use crate::catalog::ExposedRelation;
use crate::catalog::statements::describe;
use crate::compile::{SearchedRelation, search_statement};
use crate::error::{HttpError, HttpResult};
use crate::face::api::{MOST_COLLECTIONS, SearchRequest, is_reserved, parse_search};
use crate::openapi::DescribedRelation;
use crate::run::Handled;

/// Results of a search that names no limit.
const USUAL_LIMIT: i64 = 20;

/// Template that makes a collection searchable.
const HINT: &str = "a stored generated tsvector column with a GIN index: martydb revision --template search";

impl<'a> ApiCall<'a> {
    /// Prepares a search.
    pub(super) async fn search(self) -> HttpResult<Handled<'a>> {
        self.check_right(false)?;
        let wanted = parse_search(&self.request.body)?;
        let candidates = self.candidates(&wanted)?;
        let oids = candidates.iter().map(|relation| relation.oid).collect();
        let described: Vec<DescribedRelation> =
            self.service.ask_as(&self.caller.identity, false, describe(oids)).await?;
        let described: BTreeMap<u32, DescribedRelation> =
            described.into_iter().map(|one| (one.oid, one)).collect();
        let (mut searched, mut left_out) = (vec![], vec![]);
        for relation in candidates {
            match described.get(&relation.oid).and_then(|described| readable(relation, described)) {
                Some(one) => searched.push(one),
                None => left_out.push(relation.name.clone()),
            }
        }
        if searched.is_empty() {
            let message = format!("the login may not read {}", left_out.join(", "));
            return Err(HttpError::new(403, "42501", message));
        }
        let prepared = self.searching(&wanted, &searched, left_out);
        self.single(prepared)
    }

    /// Returns the collections that a search means.
    fn candidates(&self, wanted: &SearchRequest) -> HttpResult<Vec<&ExposedRelation>> {
        let Some(names) = &wanted.collections else {
            let relations = self.catalog.relations().filter(|one| one.schema == self.schema);
            let all: Vec<_> =
                relations.filter(|one| !is_reserved(&one.name) && one.is_searchable()).collect();
            return match all.len() {
                0 => Err(HttpError::new(422, "MDB013", "no collection can be searched").hint(HINT)),
                number if number > MOST_COLLECTIONS => {
                    Err(HttpError::limit(format!("more than {MOST_COLLECTIONS} collections: name them")))
                }
                _ => Ok(all),
            };
        };
        let one = |name: &String| {
            let relation = self.relation(name)?;
            match relation.is_searchable() {
                true => Ok(relation),
                false => Err(HttpError::new(422, "MDB013", format!("{name} cannot be searched")).hint(HINT)),
            }
        };
        names.iter().map(one).collect()
    }

    fn searching(
        &self,
        wanted: &SearchRequest,
        searched: &[SearchedRelation<'_>],
        left_out: Vec<String>,
    ) -> PreparedOperation {
        let limits = &self.service.exposure.limits;
        let limit = wanted.limit.unwrap_or(USUAL_LIMIT).min(limits.rows());
        let name = |one: &SearchedRelation<'_>| format!("{}.{}", one.relation.schema, one.relation.name);
        PreparedOperation {
            compiled: search_statement(searched, &wanted.words, limit, limits.answer()),
            outcome: OperationOutcome::Found { left_out },
            ..PreparedOperation::reading(
                searched.iter().map(name).collect::<Vec<_>>().join(","),
                limits.answer(),
            )
        }
    }
}

/// Returns a relation with the columns that the login may read; `None` where its key and its words are not among them.
fn readable<'a>(
    relation: &'a ExposedRelation,
    described: &DescribedRelation,
) -> Option<SearchedRelation<'a>> {
    let may_read = |name: &str| {
        let column = described.columns.iter().find(|column| column.name == name);
        column.is_some_and(|column| column.privileges.iter().any(|held| held == "SELECT"))
    };
    let (vector, language) = relation.search_column()?;
    if !may_read(vector) || !relation.key.iter().all(|name| may_read(name)) {
        return None;
    }
    let shown = relation.columns.iter().filter(|column| column.base != "tsvector" && may_read(&column.name));
    Some(SearchedRelation { relation, vector, language, shown: shown.map(|one| one.name.as_str()).collect() })
}
