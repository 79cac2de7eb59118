//! Reads a server into an [`ActualServer`], from the rows of `cluster.sql` and the folder `contents`. Every session is
//! read-only by a setting of its own.

mod run_record;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use serde::Deserialize;

use super::owner_code;
use super::rows::{self, CatalogRow};
use martydb_model::acl::null_as_default;
use martydb_model::error::Result;
use martydb_model::sql::with_members;
use martydb_model::sqlstate;
use martydb_model::{
    self, ActualRecords, ActualServer, CollationVersions, Contents, DbName, DesiredServer, Holdings,
    HostExtensions, Jobs, RoleName, RoleSetting, StoredPassword,
};
use martydb_pg::server::{Access, Connection};
use martydb_ui::report::progress;

pub use run_record::run_record;

/// Reads the shared catalogs and the contents of the named databases, as many at a time as [`Jobs::of_reads`]. An error of one database is kept in
/// [`unread`](martydb_model::ActualDatabase::unread) and does not stop the others. Roles with the manifest's
/// marker as their comment are searched for in every database.
#[martydb_pg::boxed]
pub async fn inspect(
    access: &Access,
    desired: &DesiredServer,
    inside: &[DbName],
    jobs: Jobs,
) -> Result<ActualServer> {
    let mut actual = whole_cluster(access, desired).await?;
    let is_open = |name: &&DbName| actual.databases.get(name).is_some_and(|found| found.allow_connections);
    let open: Vec<DbName> = inside.iter().filter(is_open).cloned().collect();
    let parallel = jobs.of_reads(&actual.capacity);
    let reading = progress("reading", "databases");
    reading.expect(open.len());
    let reading = &reading;
    let read =
        stream::iter(owner_code::settled_owners(desired, &actual, open)).map(|(settled, name)| async move {
            let found = inspect_database(access, &name, &settled);
            (reading.run(name.as_str(), found).await, name)
        });
    let read: Vec<(Result<Option<Contents>>, DbName)> = read.buffer_unordered(parallel).collect().await;
    for (contents, name) in read {
        let Some(database) = actual.databases.get_mut(&name) else { continue };
        match contents {
            Ok(contents) => {
                database.shut = contents.is_none();
                database.contents = contents;
            }
            // Services of other databases continue.
            Err(error) => {
                let what = format!("cannot read the contents of database {name}");
                database.unread = Some(error.while_doing(what));
            }
        }
    }
    Ok(actual)
}

#[martydb_pg::boxed]
pub async fn inspect_cluster(access: &Access) -> Result<ActualServer> {
    cluster(&mut access.read(&access.maintenance).await?).await
}

/// Reads the shared catalogs on a connection to the maintenance database.
#[martydb_pg::boxed]
pub async fn cluster(connection: &mut Connection) -> Result<ActualServer> {
    let mut actual = cluster_outside(connection).await?;
    if !actual.admin.superuser {
        let sql = match actual.major() {
            15.. => include_str!("sql/limited.sql"),
            _ => include_str!("sql/limited_before_15.sql"),
        };
        let limited: LimitedAdmin = rows::document(connection, sql).await?;
        actual.admin.forbidden_settings = limited.forbidden_settings;
        actual.admin.dotted_settings = limited.dotted_settings;
    }
    Ok(actual)
}

/// Reads the shared catalogs without the limits of the admin.
pub async fn cluster_outside(connection: &mut Connection) -> Result<ActualServer> {
    let mut rows = ClusterRows::default();
    rows::read_all(connection, include_str!("sql/cluster.sql"), |row| rows.add_row(row)).await?;
    Ok(rows.finish())
}

/// Reads which extensions are installed on the host, and what the admin may do with them. That takes longer than all
/// shared catalogs, so an inspection does it only for a manifest that declares extensions.
pub async fn host_extensions(connection: &mut Connection) -> Result<HostExtensions> {
    rows::document(connection, include_str!("sql/host_extensions.sql")).await
}

/// Reads the shared catalogs with passwords, and with the holdings of marked roles.
async fn whole_cluster(access: &Access, desired: &DesiredServer) -> Result<ActualServer> {
    let mut connection = access.read(&access.maintenance).await?;
    let mut actual = cluster(&mut connection).await?;
    if desired.services.values().any(|service| !service.extensions.is_empty()) {
        actual.host_extensions = host_extensions(&mut connection).await?;
    }
    actual.run_record = Some(run_record(&mut connection).await?);
    if actual.admin.sees_passwords {
        actual.passwords = kept_passwords(&mut connection).await?;
    }
    if actual.major() >= 15 {
        let differing: BTreeMap<DbName, CollationVersions> =
            rows::document(&mut connection, include_str!("sql/collations.sql")).await?;
        for (name, versions) in differing {
            actual.databases.entry(name).and_modify(|found| found.collation = Some(versions));
        }
    }
    if actual.roles.values().any(|role| desired.marks(role.comment.as_deref())) {
        actual.holdings = read_holdings(&mut connection).await?;
    }
    Ok(actual)
}

/// Returns how each login's password is stored; fails if the admin lacks the privilege to read that.
pub(crate) async fn kept_passwords(
    connection: &mut Connection,
) -> Result<BTreeMap<RoleName, StoredPassword>> {
    let mut kept = BTreeMap::new();
    let sql = include_str!("sql/passwords.sql");
    rows::read_all(connection, sql, |row| {
        kept.extend(row.parse::<Named<_, _>>()?.entry());
        Ok(())
    })
    .await?;
    Ok(kept)
}

/// Reads what roles own or hold; called only if a role has our marker.
async fn read_holdings(connection: &mut Connection) -> Result<BTreeMap<RoleName, Holdings>> {
    let mut all: BTreeMap<RoleName, Holdings> = BTreeMap::new();
    rows::read_all(connection, include_str!("sql/holdings.sql"), |row| {
        let row: HoldingRow = row.parse()?;
        let holdings = all.entry(row.role).or_default();
        holdings.stuck.extend(row.stuck.map(|what| (row.database.clone(), what)));
        match row.database {
            Some(database) => *holdings.inside.entry(database).or_default() |= row.owned,
            None => holdings.shared |= row.owned,
        }
        Ok(())
    })
    .await?;
    Ok(all)
}

/// Queries about the contents of one database.
const COMMON: &str =
    with_members!(", ", include_str!("sql/contents/start.sql"), include_str!("sql/contents/common.sql"));
const RARE: &str =
    with_members!(", ", include_str!("sql/contents/start.sql"), include_str!("sql/contents/rare.sql"));

/// Reads the contents of one database; `None` if the admin lacks CONNECT because another admin owns it.
async fn inspect_database(
    access: &Access,
    name: &DbName,
    settled: &BTreeSet<String>,
) -> Result<Option<Contents>> {
    let mut connection = match access.read(name.as_str()).await {
        Ok(connection) => connection,
        Err(error) if error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut contents = Contents::default();
    let mut rare = false;
    rows::read_all(&mut connection, COMMON, |row| take_contents(&mut contents, &mut rare, row)).await?;
    if rare {
        rows::read_all(&mut connection, RARE, |row| take_contents(&mut contents, &mut rare, row)).await?;
    }
    let owners = contents.objects.iter().map(|object| object.owner.as_str());
    contents.owner_code = owner_code::read(&mut connection, owners, settled).await?;
    contents.objects.sort_by_cached_key(|object| {
        (object.kind, object.schema.clone(), object.name.clone(), object.signature.clone())
    });
    Ok(Some(contents))
}

#[derive(Default)]
pub(crate) struct ClusterRows {
    /// The one row about the whole server.
    server: ActualServer,
    /// All sections with one row per item.
    actual: ActualServer,
    settings: Vec<SettingRow>,
}

#[derive(Deserialize)]
pub struct Named<N, T> {
    name: N,
    #[serde(flatten)]
    item: T,
}

impl<N, T> Named<N, T> {
    pub fn entry(self) -> [(N, T); 1] {
        [(self.name, self.item)]
    }
}

#[derive(Deserialize)]
struct SettingRow {
    role: Option<RoleName>,
    database: Option<DbName>,
    name: String,
    value: String,
    /// Length of a value that was cut, in bytes.
    bytes: Option<u64>,
}

/// Limits of an admin that is not a superuser.
#[derive(Deserialize)]
pub(crate) struct LimitedAdmin {
    #[serde(deserialize_with = "null_as_default")]
    pub forbidden_settings: BTreeSet<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub dotted_settings: BTreeSet<String>,
}

/// A database in which a role owns or holds something; `None` is for shared objects.
#[derive(Deserialize)]
pub(crate) struct HoldingRow {
    pub role: RoleName,
    pub database: Option<DbName>,
    pub owned: bool,
    /// Object that only a superuser may own.
    pub stuck: Option<String>,
}

impl ClusterRows {
    pub(crate) fn add_row(&mut self, row: &CatalogRow) -> Result<()> {
        let actual = &mut self.actual;
        match row.section.as_str() {
            "server" => self.server = row.parse()?,
            "role" => actual.roles.extend(row.parse::<Named<_, _>>()?.entry()),
            "membership" => actual.memberships.push(row.parse()?),
            "database" => actual.databases.extend(row.parse::<Named<_, _>>()?.entry()),
            "setting" => self.settings.push(row.parse()?),
            "activity" => actual.activity.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }

    /// Assigns settings last: their row may come before that of their database.
    pub(crate) fn finish(self) -> ActualServer {
        let ActualServer { roles, memberships, databases, activity, .. } = self.actual;
        let mut actual = ActualServer { roles, memberships, databases, activity, ..self.server };
        self.settings.into_iter().for_each(|row| row.place(&mut actual));
        actual.memberships.sort();
        actual.role_settings.values_mut().for_each(|of_role| of_role.sort());
        actual
    }
}

impl SettingRow {
    fn place(self, actual: &mut ActualServer) {
        let SettingRow { role, database, name, value, bytes } = self;
        let value = bytes.map_or(value.clone(), |bytes| martydb_model::cut(&value, bytes));
        match (role, database) {
            (Some(role), database) => {
                let of_role = actual.role_settings.entry(role.clone()).or_default();
                of_role.push(RoleSetting { role, database, name, value });
            }
            (None, Some(database)) => {
                if let Some(found) = actual.databases.get_mut(&database) {
                    found.settings.push((name, value));
                }
            }
            // ALTER ROLE ALL SET.
            (None, None) => actual.everyones_settings.push((name, value)),
        }
    }
}

fn take_contents(contents: &mut Contents, rare: &mut bool, row: &CatalogRow) -> Result<()> {
    #[derive(Deserialize)]
    struct InSchema {
        schema: String,
    }
    match row.section.as_str() {
        "extension" => {
            let Named { name, item: InSchema { schema } } = row.parse()?;
            contents.extensions.insert(name, schema);
        }
        "schema" => contents.schemas.extend(row.parse::<Named<_, _>>()?.entry()),
        "publication" => contents.publications.extend(row.parse::<Named<_, _>>()?.entry()),
        "default" => contents.default_acls.push(row.parse()?),
        "object" => contents.objects.push(row.parse()?),
        "record" => contents.records.extend([row.parse::<ActualRecords>()?.entry()]),
        "counter" => contents.counters.push(row.parse()?),
        "rare" => *rare = row.parse()?,
        _ => return row.unknown(),
    }
    Ok(())
}
