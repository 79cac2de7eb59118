//! Contents of one database, as facts.

use std::collections::{BTreeMap, BTreeSet};

use super::super::context::Audit;
use super::bodies::{Known, bodies};
use super::bounded::is_of_kernel;
use super::gather::{Gathered, ObjectName, Runner};
use super::search_paths::is_open_as_delivered;
use crate::reach::{DatabaseId, Object, ObjectId, Target};
use martydb_catalog::{
    CheckedDomain, DatabaseCatalog, PrivilegedCatalog, PrivilegedRelation, PrivilegedRoutine,
};
use martydb_model::Grantee;

/// C functions that give powers to each role that may call them, by the beginning of their name.
const POWERS: &[(&str, Target)] = &[
    ("pg_read_file", Target::Files),
    ("pg_read_binary_file", Target::Files),
    ("pg_file_", Target::Files),
    ("be_lo_import", Target::Files),
    ("be_lo_export", Target::Files),
    ("set_user", Target::Superuser),
    ("pg_get_wal_", Target::OtherDatabases),
];

/// Catalogs with secrets.
const SECRETS: &[(&str, Target)] = &[
    ("pg_catalog.pg_authid", Target::Verifiers),
    ("pg_catalog.pg_shadow", Target::Verifiers),
    ("pg_catalog.pg_subscription", Target::Verifiers),
    ("pg_catalog.pg_user_mapping", Target::Verifiers),
];

/// Tables whose rows control an extension: jobs that run as the role in a row, and folders that its functions
/// open to every role. Row security limits a role to its own rows.
const LEVERS: &[(&str, Target)] = &[
    ("cron.job", Target::Superuser),
    ("utl_file.utl_file_dir", Target::Files),
    ("pgagent.pga_jobstep", Target::Superuser),
];

/// SECURITY DEFINER functions that give their callers nothing, by database, with their arguments.
pub(crate) type BoundedFunctions = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn inside<'a>(mut contents: DatabaseContents<'a, '_>, catalog: &'a DatabaseCatalog) {
    let found = &catalog.privileged;
    let schemas = contents.schemas(found);
    let mut routines: BTreeMap<&str, ObjectId> = BTreeMap::new();
    for found in &found.routines {
        if let Some(schema) = schemas.get(found.schema.as_str()) {
            routines.insert(&found.display, contents.routine(*schema, found));
        }
    }
    let mut relations: BTreeMap<&str, ObjectId> = BTreeMap::new();
    for found in &found.relations {
        if let Some(schema) = schemas.get(found.schema.as_str()) {
            let relation = contents.relation(*schema, found);
            relations.insert(&found.display, relation.id);
            let fired = found.triggers.iter().filter_map(|routine| routines.get(routine.as_str()));
            contents.all.facts.triggers.extend(fired.map(|function| (relation, *function)));
        }
    }
    let domains = found.domains.iter().filter_map(|found| contents.domain(&schemas, found));
    let domains: Vec<_> = domains.collect();
    let leads = |found: &&PrivilegedRelation| {
        !found.invoker && !found.system && (found.filled || !found.materialized)
    };
    let DatabaseContents { audit, id, name, all, .. } = contents;
    for found in found.relations.iter().filter(leads) {
        let Some(view) = relations.get(found.display.as_str()) else { continue };
        let read = found.reads.iter().filter_map(|relation| relations.get(relation.as_str()));
        let edges = if found.materialized { &mut all.facts.copies } else { &mut all.facts.views };
        edges.extend(read.map(|relation| (*view, *relation)));
    }
    for found in &found.relations {
        let Some(table) = relations.get(found.display.as_str()) else { continue };
        let children = found.children.iter().filter_map(|child| relations.get(child.as_str()));
        all.facts.routes.extend(children.map(|child| (*table, *child)));
    }
    let objects = routines.into_iter().chain(relations).chain(domains).collect();
    bodies(audit, catalog, Known { database: id, database_name: name, schemas, objects }, all);
}

/// Contents of a database that become facts.
pub(crate) struct DatabaseContents<'a, 'b> {
    pub audit: &'b Audit<'a>,
    pub id: DatabaseId,
    pub name: &'a str,
    pub bounded: &'b BTreeSet<String>,
    /// Foreign tables that no role reads.
    pub locked: BTreeSet<&'a str>,
    pub all: &'b mut Gathered<'a>,
}

impl<'a> DatabaseContents<'a, '_> {
    /// Adds a domain, to which its owner may add a CHECK.
    fn domain(
        &mut self,
        schemas: &BTreeMap<&'a str, ObjectId>,
        found: &'a CheckedDomain,
    ) -> Option<(&'a str, ObjectId)> {
        let schema = *schemas.get(found.schema.as_str())?;
        let run_by = found.run_by.as_deref().map(Runner::Object);
        let id = self.all.name(ObjectName {
            database: self.name,
            kind: "domain",
            display: &found.display,
            owner: &found.owner,
            run_by,
            ..ObjectName::default()
        });
        let owner = self.all.role_id(&found.owner);
        if run_by.is_some() && !self.all.facts.is_end(owner) {
            self.all.facts.visited_domains.push(Object { id, database: self.id, schema, owner });
        }
        Some((&found.display, id))
    }

    /// Collects the schemas by name: owners, and the roles that may use them and create in them.
    fn schemas(&mut self, found: &'a PrivilegedCatalog) -> BTreeMap<&'a str, ObjectId> {
        let paths = self.all.superuser_paths.in_database(self.audit, self.name);
        let mut schemas: BTreeMap<&'a str, ObjectId> = BTreeMap::new();
        for schema in &found.schemas {
            let object = self.all.name(ObjectName {
                database: self.name,
                kind: "schema",
                display: &schema.name,
                owner: &schema.owner,
                system: schema.name.starts_with("pg_"),
                acl: &schema.acl,
                ..ObjectName::default()
            });
            let (usage, create) =
                (self.all.holders(object, &["USAGE"]), self.all.holders(object, &["CREATE"]));
            self.all.facts.schemas.push((object, self.id));
            let owner = self.all.role_id(&schema.owner);
            if !self.all.facts.is_end(owner) {
                self.all.facts.schema_owners.push((object, owner));
            }
            self.all.facts.usage.extend(usage);
            self.all.facts.create.extend(create);
            if paths.contains(&schema.name) {
                self.all.facts.superuser_paths.push((self.id, object));
            } else if is_open_as_delivered(self.audit, self.name, &schema.name) {
                self.all.facts.superuser_paths.push((self.id, object));
                let public = self.all.grantee(&Grantee::Public);
                self.all.facts.delivered.push((object, public));
            }
            schemas.insert(&schema.name, object);
        }
        schemas
    }

    fn routine(&mut self, schema: ObjectId, found: &'a PrivilegedRoutine) -> ObjectId {
        let run_by = found.run_by.as_deref().map(Runner::Object);
        let id = self.all.name(ObjectName {
            database: self.name,
            kind: if found.grant_on.starts_with("PROCEDURE") { "procedure" } else { "function" },
            display: &found.display,
            owner: &found.owner,
            grant_on: Some(&found.grant_on),
            extension: found.extension.as_deref(),
            system: found.schema == "pg_catalog",
            acl: &found.acl,
            run_by: run_by.or(found.event.as_deref().map(Runner::EventTrigger)),
        });
        let owner = self.all.role_id(&found.owner);
        let object = Object { id, database: self.id, schema, owner };
        // A SECURITY DEFINER function that the extension's own script created counts as part of a trusted base.
        let is_base = found.extension.as_deref().is_some_and(is_known);
        if found.definer && found.executes && !is_base && !self.bounded.contains(&found.display) {
            self.all.facts.definers.push(object);
        }
        // One C symbol serves both directions: back to the session's own role it gives nothing.
        let leads_back = found.display.contains("reset_user(");
        let symbol = found.symbol.as_ref().filter(|_| !leads_back);
        let power = symbol.and_then(|symbol| POWERS.iter().find(|row| symbol.starts_with(row.0)));
        self.all.facts.powers.extend(power.map(|row| (object, row.1)));
        if found.trigger {
            self.all.facts.trigger_functions.push(id);
        }
        if found.called {
            self.all.facts.called_by_server.push(id);
        }
        if found.untrusted && !is_base {
            self.all.facts.powers.push((object, Target::Files));
        }
        if found.event.is_some() {
            self.all.facts.event_functions.push(id);
        }
        if self.all.object(id).run_by.is_some() && !self.all.facts.is_end(owner) {
            self.all.facts.visited_functions.push(object);
        }
        let holders = self.all.holders(id, &["EXECUTE"]);
        self.all.facts.execute.extend(holders);
        id
    }

    fn relation(&mut self, schema: ObjectId, found: &'a PrivilegedRelation) -> Object {
        let id = self.all.name(ObjectName {
            database: self.name,
            kind: match (&found.wrapper, found.reads.is_empty() && !found.view) {
                (Some(_), _) => "foreign table",
                (None, false) => "view",
                (None, true) => "table",
            },
            display: &found.display,
            owner: &found.owner,
            grant_on: Some(&found.grant_on),
            system: found.system,
            acl: &found.acl,
            run_by: found.run_by.as_deref().map(Runner::Object),
            ..ObjectName::default()
        });
        let object = Object { id, database: self.id, schema, owner: self.all.role_id(&found.owner) };
        self.all.relation(object);
        // A superuser writes to its own tables.
        let of_superuser = !found.system && !found.view && self.all.facts.superusers.contains(&object.owner);
        let visited = found.run_by.is_some() && !self.all.facts.is_end(object.owner);
        if visited && found.view {
            self.all.facts.visited_functions.push(object);
        } else if of_superuser || visited {
            self.all.facts.visited_tables.push(object);
        }
        let secret = SECRETS.iter().find(|row| row.0 == found.display).map(|row| row.1);
        let is_locked = self.locked.contains(found.display.as_str());
        let target = secret.or_else(|| away(self.audit, found).filter(|_| !is_locked));
        self.all.facts.secrets.extend(target.map(|target| (id, target)));
        let lever = LEVERS.iter().find(|row| row.0 == found.display && !found.row_security);
        self.all.facts.levers.extend(
            lever.map(|row| row.1).or(found.steers.then_some(Target::Superuser)).map(|target| (id, target)),
        );
        object
    }
}

/// Returns `true` for a table whose rows an extension executes.
pub(crate) fn is_lever(shown: &str) -> bool {
    LEVERS.iter().any(|row| row.0 == shown)
}

/// Returns `true` for an extension of PostgreSQL or one in wide use, whose script many people have reviewed.
/// Any other extension is as trustworthy as the role that installed it.
fn is_known(extension: &str) -> bool {
    KNOWN.split_whitespace().any(|known| known == extension)
}

const KNOWN: &str = "address_standardizer adminpack age amcheck apg_plan_mgmt autoinc aws_commons aws_lambda aws_s3 azure \
    azure_ai azure_storage bloom bool_plperl bool_plperlu btree_gin btree_gist citext citus citus_columnar columnar cube \
    dblink dict_int dict_xsyn earthdistance file_fdw fuzzystrmatch google_columnar_engine google_ml_integration \
    h3 hll hstore hstore_plperl hstore_plpython3u http hypopg insert_username intagg intarray ip4r isn jsonb_plperl \
    jsonb_plpython3u lo log_fdw ltree moddatetime mysql_fdw neon ogr_fdw old_snapshot oracle_fdw orafce pageinspect \
    periods pgagent pgaudit pgauditlogtofile pgcrypto pgjwt pglogical pgmq pgq pgrouting pgrowlocks pgsodium pgstattuple pgtap \
    pg_background pg_bigm pg_buffercache pg_cron pg_curl pg_dirtyread pg_failover_slots pg_freespacemap pg_graphql pg_hashids \
    pg_hint_plan pg_ivm pg_jsonschema pg_logicalinspect pg_net pg_partman pg_permissions pg_prewarm pg_proctab pg_profile \
    pg_qualstats pg_rational pg_repack pg_roaringbitmap pg_search pg_show_plans pg_similarity pg_sphere pg_squeeze \
    pg_stat_kcache pg_stat_monitor pg_stat_statements pg_store_plans pg_surgery pg_textsearch pg_tle pg_track_settings \
    pg_trgm pg_uuidv7 pg_visibility pg_wait_sampling pg_walinspect pldbgapi plperl plperlu plpgsql plpgsql_check plproxy plpython3u plr plv8 pointcloud postgis postgis_raster postgis_sfcgal postgis_tiger_geocoder \
    postgis_topology postgres_fdw powa prefix rdkit \
    refint repmgr seg semver set_user sslinfo supabase_vault system_stats tablefunc tcn tds_fdw temporal_tables timescaledb timescaledb_osm timescaledb_toolkit tsm_system_rows \
    tsm_system_time unaccent uuid-ossp vector vectorscale wal2json wrappers xml2 zhparser";

/// Returns the target of a foreign table.
fn away(audit: &Audit<'_>, found: &PrivilegedRelation) -> Option<Target> {
    if found.wrapper.as_deref() == Some("file_fdw") {
        return (!found.file.as_deref().is_some_and(is_of_kernel)).then_some(Target::Files);
    }
    let name = found.database.as_deref()?;
    audit.service_of(name)?;
    let at = audit.actual.databases.keys().position(|other| other.as_str() == name)?;
    Some(Target::ServiceDatabase(DatabaseId::try_from(at).ok()?))
}
