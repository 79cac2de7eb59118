//! The OpenAPI document of a caller, from what the database says about its logins now.

use std::collections::BTreeMap;

use martydb_model::sql::Statement;
use serde::de::DeserializeOwned;

use crate::answer::etag::conditional;
use crate::answer::{HttpAnswer, JSON};
use crate::callers::{ANONYMOUS, CallerRight, RequestCaller, ServeCaller};
use crate::catalog::ServedCatalog;
use crate::catalog::statements::{callable, describe};
use crate::error::HttpResult;
use crate::face::api::unsupported;
use crate::face::http_request::RestRequest;
use crate::handlers::rest_params::schema;
use crate::openapi::{CallerPrivileges, DescribedRelation, DocumentSource};
use crate::run::ask;
use crate::run::service::ServedService;

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
    let mut answer = conditional(request, HttpAnswer { status: 200, headers, body: text.into_bytes() });
    if request.method == "HEAD" {
        answer.body.clear();
    }
    Ok(answer)
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
        let source = DocumentSource {
            service: &self.name,
            caller,
            exposure: &self.exposure,
            catalog: &catalog,
            schema,
            privileges: &privileges,
            monitored: self.statistics.are_available(),
        };
        source.document()
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
