//! The OpenAPI document of a caller, from what the database says about its logins now.

use std::collections::BTreeMap;

use martydb_model::sql::Statement;
use serde::de::DeserializeOwned;

use crate::answer::etag::conditional;
use crate::answer::{HttpAnswer, JSON};
use crate::callers::{ANONYMOUS, CallerRight, RequestCaller, ServeCaller};
use crate::catalog::ServedCatalog;
use crate::catalog::statements::{callable, describe};
use crate::catalog::value_types::{ValueTypes, value_types};
use crate::error::HttpResult;
use crate::face::api::unsupported;
use crate::face::http_request::RestRequest;
use crate::handlers::rest_params::schema;
use crate::openapi::{CallerPrivileges, DescribedRelation, DocumentSource};
use crate::run::ask;
use crate::run::service::ServedService;
use crate::typescript::database;

/// Answers with the document of the request's caller.
pub(crate) async fn respond_openapi(
    service: &ServedService,
    caller: &RequestCaller,
    request: &RestRequest,
) -> HttpResult<HttpAnswer> {
    if !["GET", "HEAD"].contains(&request.method.as_str()) {
        return Err(unsupported(&request.method, "GET"));
    }
    let schema = schema(&service.exposure, request)?.0;
    let text = service.document(&caller.identity, &schema).await?;
    let headers = vec![("Content-Type".into(), JSON.to_owned())];
    Ok(conditional(request, HttpAnswer { status: 200, headers, body: text.into_bytes() }))
}

impl ServedService {
    /// Returns the text of the document of an exposed schema for a caller.
    ///
    /// # Errors
    /// If the database cannot be asked, or the document is too large.
    pub async fn document(&self, caller: &ServeCaller, schema: &str) -> HttpResult<String> {
        let _alone = self.documents.lock().await;
        let catalog = self.catalog().await?;
        let privileges = self.privileges(&catalog, caller, schema).await?;
        let types = self.ask_as(caller, false, value_types()).await?.into_iter().collect();
        self.source(caller, &catalog, (schema, &privileges, &types)).document()
    }

    /// Returns the types of all exposed schemas for a caller, in TypeScript.
    ///
    /// # Errors
    /// If the database cannot be asked.
    pub async fn typescript(&self, caller: &ServeCaller) -> HttpResult<String> {
        let catalog = self.catalog().await?;
        let types = self.ask_as(caller, false, value_types()).await?.into_iter().collect();
        let mut privileges = vec![];
        for schema in &self.exposure.schemas {
            privileges.push(self.privileges(&catalog, caller, schema).await?);
        }
        let schemas = self.exposure.schemas.iter().zip(&privileges);
        let sources = schemas.map(|(schema, held)| self.source(caller, &catalog, (schema, held, &types)));
        Ok(database(&sources.collect::<Vec<_>>()))
    }

    fn source<'a>(
        &'a self,
        caller: &'a ServeCaller,
        catalog: &'a ServedCatalog,
        (schema, privileges, types): (&'a str, &'a CallerPrivileges, &'a ValueTypes),
    ) -> DocumentSource<'a> {
        DocumentSource {
            service: &self.name,
            caller,
            exposure: &self.exposure,
            catalog,
            schema,
            privileges,
            types,
            monitored: self.statistics.are_available(),
        }
    }

    async fn privileges(
        &self,
        catalog: &ServedCatalog,
        caller: &ServeCaller,
        schema: &str,
    ) -> HttpResult<CallerPrivileges> {
        let relations = || -> Vec<u32> {
            catalog.relations().filter(|one| one.schema == schema).map(|one| one.oid).collect()
        };
        let functions: Vec<u32> =
            catalog.functions().filter(|one| one.schema == schema).map(|one| one.oid).collect();
        let writes = caller.right == CallerRight::Write;
        let mut privileges = CallerPrivileges::default();
        if !relations().is_empty() {
            privileges.read = by_oid(self.ask_as(caller, false, describe(relations())).await?);
            if writes {
                privileges.write = by_oid(self.ask_as(caller, true, describe(relations())).await?);
            }
        }
        if !functions.is_empty() {
            privileges.callable =
                self.ask_as(caller, writes, callable(functions)).await?.into_iter().collect();
        }
        Ok(privileges)
    }

    /// Returns the values that the rows of a statement have in their first column, as the login of a caller.
    pub(crate) async fn ask_as<T: DeserializeOwned>(
        &self,
        caller: &ServeCaller,
        writes: bool,
        statement: Statement,
    ) -> HttpResult<Vec<T>> {
        let rows = ask(self.pool_of(caller, writes)?, &statement, &[]).await?;
        let rows = rows.map_err(|error| error.answer(caller.name != ANONYMOUS, true))?;
        let text = |row: &tokio_postgres::Row| row.try_get::<_, String>(0).ok();
        Ok(rows.iter().filter_map(text).filter_map(|text| serde_json::from_str(&text).ok()).collect())
    }
}

fn by_oid(relations: Vec<DescribedRelation>) -> BTreeMap<u32, DescribedRelation> {
    relations.into_iter().map(|one| (one.oid, one)).collect()
}
