//! A closer look at the tables before anything is written: whose they are, who else may touch them, and whether
//! another tool has kept a history in the database. A run that finds nothing to do never asks.

use super::authority::{self, Authority};
use super::foreign::{self, Foreign};
use super::session::{Session, query, unreadable};
use super::tables;
use super::target::Target;
use crate::error::Result;
use crate::server::{Row, Unreadable};
use crate::sql::{Idents, Literal, Statement, split_name_list};
use crate::stmt;

/// One of our tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its owner.
    pub owner: String,
    /// Whether anyone but the owner holds a right on it.
    pub shared: bool,
}

/// What a database holds of histories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// martydb's.
    pub history: Option<Found>,
    /// refinery's, the one that is used.
    pub refinery: Option<Found>,
    /// Other tools'.
    pub foreign: Vec<Foreign>,
    /// The number of the newest event in martydb's history.
    pub last: i64,
    /// Who this session could act as.
    pub authority: Authority,
}

/// Looks, in one round trip.
pub async fn take(session: &mut Session, target: &Target) -> Result<Inventory> {
    let mut asked = vec![find(), authority::ask(&target.owner)];
    asked.extend(session.present.history.then(tables::last_event));
    let results = query(&mut session.connection, &Statement::join(asked)).await?;
    let rows = |at: usize| results.get(at).map_or(&[] as &[Row], Vec::as_slice);
    let all = rows(0).iter().map(table).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let authority = authority::read(rows(1)).map_err(unreadable)?;
    let last = rows(2).first().map_or(Ok(0), |row| row.try_get(0)).map_err(unreadable)?;
    let ours = |schema: &str, name: &str| {
        all.iter().find(|table| table.schema == schema && table.name == name).map(Table::found)
    };
    let refinery = session.present.refinery.as_ref().map(crate::model::SchemaName::as_str);
    Ok(Inventory {
        history: ours(crate::HISTORY_SCHEMA, "history"),
        refinery: refinery.and_then(|schema| ours(schema, crate::REFINERY_TABLE)),
        foreign: all
            .iter()
            .filter(|table| refinery != Some(table.schema.as_str()))
            .filter_map(|table| foreign::known(&table.name, &table.schema))
            .collect(),
        last,
        authority,
    })
}

/// Tables by their names, in every schema. As few functions as can be: a new session looks each of them up, and
/// that is most of what such a query costs.
fn find() -> Statement {
    let names = foreign::names().chain(["history"]).map(|name| Literal(name.into())).collect();
    stmt!(
        "SELECT relname, relnamespace::pg_catalog.regnamespace, relowner::pg_catalog.regrole, relacl
         FROM pg_catalog.pg_class WHERE relkind = 'r' AND relname IN ({names})",
        names = Idents(names)
    )
}

struct Table {
    name: String,
    schema: String,
    owner: String,
    acl: Option<String>,
}

/// The names of schemas and roles come quoted, as `regnamespace` and `regrole` print them.
fn table(row: &Row) -> Result<Table, Unreadable> {
    let bare = |text: String| split_name_list(&text).pop().unwrap_or_default();
    Ok(Table {
        name: row.try_get(0)?,
        schema: bare(row.try_get(1)?),
        owner: bare(row.try_get(2)?),
        acl: row.try_get(3)?,
    })
}

impl Table {
    fn found(&self) -> Found {
        let strangers = self.acl.as_deref().map(grantees).unwrap_or_default();
        Found { owner: self.owner.clone(), shared: strangers.iter().any(|grantee| *grantee != self.owner) }
    }
}

/// Who holds rights, from an array of ACL items as the server prints it; PUBLIC is the empty name.
/// <https://www.postgresql.org/docs/current/ddl-priv.html>
fn grantees(acl: &str) -> Vec<String> {
    let items = crate::wire::array(acl).unwrap_or_default();
    items.iter().flatten().map(|item| grantee(item)).collect()
}

/// The name before the equals sign, which may be quoted and hold one.
fn grantee(item: &str) -> String {
    let Some(rest) = item.strip_prefix('"') else {
        return item.split('=').next().unwrap_or_default().to_owned();
    };
    let mut name = String::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if chars.peek() == Some(&'"') => name.extend(chars.next()),
            '"' => break,
            c => name.push(c),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grantees_are_read_as_the_server_prints_them() {
        for (acl, expected) in [
            ("{}", vec![]),
            ("{o=arwdDxt/o}", vec!["o"]),
            ("{o=ar/o,=r/o,app=r/o}", vec!["o", "", "app"]),
            (r#"{"\"a b\"=r/o","\"x=\"\"y\"=r/o"}"#, vec!["a b", "x=\"y"]),
            (r#"{"\"a,b\"=r/o",c=r/o}"#, vec!["a,b", "c"]),
        ] {
            assert_eq!(grantees(acl), expected, "{acl}");
        }
    }
}
