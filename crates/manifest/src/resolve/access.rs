//! Further roles: checks each one and assigns its privileges to the services that they concern.

use std::collections::BTreeMap;

use super::names;
use super::scope::Scope;
use super::unique::ServiceMap;
use crate::checked::ServerSpec;
use crate::raw::{RawAccess, RawLike};
use martydb_model::contract::{ALTERNATE_SUFFIX, primary_of};
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::{
    AccessExtent, AccessGrant, AccessLevel, AccessRole, DesiredPublication, DesiredService, RoleKind,
    RoleName, SchemaName, ServerName, ServiceName, project_roles,
};

type RolesByServer = BTreeMap<ServerName, BTreeMap<RoleName, AccessRole>>;

/// Tables of one service whose changes a role follows.
type FollowedTables = (ServiceName, Vec<(SchemaName, String)>);

const DEFAULT_LIMIT: i32 = 10;

/// Returns the further roles of each server: every server with a service of a role has that role.
pub(crate) fn all(
    scope: &Scope,
    servers: &BTreeMap<String, ServerSpec>,
    services: &mut ServiceMap,
) -> Result<RolesByServer> {
    let mut found = RolesByServer::new();
    for (name, raw) in &scope.raw.access {
        let entry = DeclaredAccess { scope, path: vec!["access", name], name, raw, home: None };
        entry.add(servers, services, &mut found)?;
    }
    for (service, own) in &scope.raw.services {
        for (name, raw) in own.iter().flat_map(|own| &own.access) {
            let path = vec!["services", service, "access", name];
            let entry = DeclaredAccess { scope, path, name, raw, home: Some(service) };
            entry.add(servers, services, &mut found)?;
        }
    }
    Ok(found)
}

/// A role as declared in the manifest.
struct DeclaredAccess<'a> {
    scope: &'a Scope<'a>,
    path: Vec<&'a str>,
    name: &'a str,
    raw: &'a RawAccess,
    /// Service that declares it.
    home: Option<&'a str>,
}

impl DeclaredAccess<'_> {
    fn add(
        &self,
        servers: &BTreeMap<String, ServerSpec>,
        services: &mut ServiceMap,
        found: &mut RolesByServer,
    ) -> Result<()> {
        let role = self.role(services)?;
        let expired = self.expired()?;
        let mut grants = self.grants(services)?;
        let followed = self.followed(services)?;
        let tables =
            followed.iter().flat_map(|(service, tables)| tables.iter().map(move |table| (service, table)));
        grants.extend(tables.map(|(service, (schema, table))| {
            (service.clone(), AccessLevel::Read, AccessExtent::Table(schema.clone(), table.clone()))
        }));
        if grants.is_empty() {
            let hint = "give it a privilege: connect, read, write, replicate, or `of` a service";
            return Err(self.error("reason", "the role has no privileges").hint(hint));
        }
        for (service, level, extent) in grants {
            let Some(service) = services.get_mut(&service) else { continue };
            names::not_the_admin(self.scope, &self.path, &role.name, &servers[&service.server].location)?;
            let here = found.entry(service.server.clone()).or_default();
            let declared = match here.get(&role.name) {
                Some(other) => other.merge(&role),
                None => Some(role.clone()),
            };
            let declared = declared.ok_or_else(|| self.error("reason", "the role is declared twice"))?;
            here.insert(role.name.clone(), declared);
            if !expired {
                service.access.push(AccessGrant { role: role.name.clone(), level, extent });
            }
        }
        for (service, tables) in followed {
            if let Some(service) = services.get_mut(&service).filter(|_| !expired) {
                service.publications.push(DesiredPublication { login: role.name.clone(), tables });
            }
        }
        Ok(())
    }

    fn role(&self, services: &ServiceMap) -> Result<AccessRole> {
        let raw = self.raw;
        let of = self.service_of(services)?;
        let login = match (raw.login, raw.group, &of) {
            (Some(true), None | Some(false), _) | (None, None | Some(false), Some(_)) => true,
            (None | Some(false), Some(true), None) => false,
            _ => {
                let hint = "`login: true` is a role that logs in, `group: true` a role whose members do";
                return Err(self.error("login", "the role is either a login or a group").hint(hint));
            }
        };
        if login && !raw.members.is_empty() {
            return Err(self
                .error("members", "a login has no members")
                .hint("make it a group: `group: true`"));
        }
        if !raw.replicate.is_empty() && (!login || of.is_some()) {
            return Err(self
                .error("replicate", "only a login of its own follows changes")
                .hint("declare it with `login: true`, and without `of`"));
        }
        let reason = raw.reason.clone().unwrap_or_default();
        if reason.trim().is_empty() && of.is_none() {
            return Err(self.error("reason", "a role that may use services needs a reason"));
        }
        let member = |name: &String| {
            let wrong = |why: &dyn std::fmt::Display| self.error("members", format!("role \"{name}\" {why}"));
            let member = RoleName::new(name.clone()).map_err(|error| wrong(&error))?;
            self.check_member(name)?;
            match owner_of(&member, services) {
                None => Ok(member),
                Some(service) => Err(wrong(&format!("belongs to service \"{service}\""))
                    .hint("the logins of services stay in their own databases")),
            }
        };
        Ok(AccessRole {
            name: self.checked_name(login, services)?,
            login,
            members: raw.members.iter().map(member).collect::<Result<_>>()?,
            connection_limit: raw.connection_limit.unwrap_or(DEFAULT_LIMIT),
            of,
            homes: self.home.and_then(|home| ServiceName::new(home).ok()).into_iter().collect(),
            expired: self.expired()?,
            replicates: !raw.replicate.is_empty(),
            monitors: false,
            reason,
        })
    }

    /// Returns the name, unless it is that of a service's role or of its alternate login.
    fn checked_name(&self, login: bool, services: &ServiceMap) -> Result<RoleName> {
        let wrong = |why: &dyn std::fmt::Display| {
            self.scope.sources.error_at(&self.path, format!("role \"{}\" {why}", self.name))
        };
        let name = RoleName::new(self.name).map_err(|error| wrong(&error))?;
        if login {
            names::login(self.name).map_err(|(why, fix)| wrong(&why).hint(fix))?;
        }
        if let Some(service) = owner_of(&name, services) {
            return Err(wrong(&format!("belongs to service \"{service}\""))
                .hint(format!("{{role}}{ALTERNATE_SUFFIX} is the second login of `rotate --overlap`")));
        }
        if name == project_roles::orphans(&self.scope.project()) {
            return Err(wrong(&"owns the objects of removed services").hint("choose another name"));
        }
        Ok(name)
    }

    fn service_of(&self, services: &ServiceMap) -> Result<Option<ServiceName>> {
        let home = self.home.filter(|_| self.raw.like.is_some());
        let Some(name) = self.raw.of.as_deref().or(home) else {
            return match self.raw.like {
                None => Ok(None),
                Some(_) => Err(self.error("like", "`like` needs `of`: the service whose login it equals")),
            };
        };
        self.service("of", name, services).map(|service| Some(service.name.clone()))
    }

    fn expired(&self) -> Result<bool> {
        let Some(until) = &self.raw.until else { return Ok(false) };
        let day = time::macros::format_description!("[year]-[month]-[day]");
        match time::Date::parse(until, day) {
            Ok(until) => Ok(until < time::OffsetDateTime::now_utc().date()),
            Err(_) => Err(self.error("until", "not a date such as 2027-01-31")),
        }
    }

    fn grants(&self, services: &ServiceMap) -> Result<Vec<(ServiceName, AccessLevel, AccessExtent)>> {
        let raw = self.raw;
        let mut all = vec![];
        if let Some(service) = self.service_of(services)? {
            let kind = match raw.like {
                None | Some(RawLike::App) => RoleKind::App,
                Some(RawLike::Readonly) => RoleKind::Readonly,
            };
            all.push((service, AccessLevel::Like(kind), AccessExtent::Whole));
        }
        let levels = [
            ("connect", &raw.connect, AccessLevel::Connect),
            ("read", &raw.read, AccessLevel::Read),
            ("write", &raw.write, AccessLevel::Write),
        ];
        for (key, entries, level) in levels {
            for text in entries {
                let (service, extent) = self.extent(key, text, services)?;
                all.push((service, level, extent));
            }
        }
        Ok(all)
    }

    /// Returns the tables of each service whose changes it may follow.
    fn followed(&self, services: &ServiceMap) -> Result<Vec<FollowedTables>> {
        let one = |(name, tables): (&String, &Vec<String>)| {
            let table = |text: &String| match self.extent("replicate", &format!("{name}.{text}"), services)?.1
            {
                AccessExtent::Table(schema, table) => Ok((schema, table)),
                _ => Err(self.error("replicate", format!("\"{text}\" is not a schema.table"))),
            };
            let service = self.service("replicate", name, services)?.name.clone();
            if tables.is_empty() {
                let message = format!("no table of service \"{name}\" is named");
                return Err(self.error("replicate", message).hint("such as `[public.outbox]`"));
            }
            Ok((service, tables.iter().map(table).collect::<Result<_>>()?))
        };
        self.raw.replicate.iter().map(one).collect()
    }

    /// Parses `service`, `service.schema` or `service.schema.table`.
    fn extent(&self, key: &str, text: &str, services: &ServiceMap) -> Result<(ServiceName, AccessExtent)> {
        let parts: Vec<&str> = text.split('.').collect();
        let service = self.service(key, parts[0], services)?;
        let schema = |name: &str| {
            let schema = SchemaName::new(name)
                .map_err(|error| self.error(key, format!("schema \"{name}\" {error}")))?;
            if service.schemas.contains(&schema) {
                return Ok(schema);
            }
            let declared: Vec<&str> = service.schemas.iter().map(SchemaName::as_str).collect();
            let message = format!("service \"{}\" declares no schema \"{name}\"", service.name);
            Err(self.error(key, message).hint(hint(name, "schemas", &declared)))
        };
        let extent = match parts[1..] {
            [] => AccessExtent::Whole,
            _ if key == "connect" => {
                return Err(self.error(key, format!("\"{text}\": a login connects to a whole database")));
            }
            [name] => AccessExtent::Schema(schema(name)?),
            [name, table] if !table.is_empty() => AccessExtent::Table(schema(name)?, table.to_owned()),
            _ => {
                let message = format!("\"{text}\" is not a service, service.schema or service.schema.table");
                return Err(self.error(key, message));
            }
        };
        Ok((service.name.clone(), extent))
    }

    fn service<'s>(&self, key: &str, name: &str, services: &'s ServiceMap) -> Result<&'s DesiredService> {
        let found = services.values().find(|service| service.name.as_str() == name).ok_or_else(|| {
            let known: Vec<&str> = services.keys().map(ServiceName::as_str).collect();
            self.error(key, format!("unknown service \"{name}\"")).hint(hint(name, "services", &known))
        })?;
        let path: Vec<&str> = self.path.iter().copied().chain([key]).collect();
        match self.scope.sources.file_of_value(&path) {
            Some(file) if self.scope.sources.file_of(name) != Some(file) => Err(self
                .error(key, format!("service \"{name}\" is declared in another file"))
                .hint("access of an included file reaches only the services of that file: declare it in the manifest itself")),
            _ => Ok(found),
        }
    }

    /// Refuses a member that another file declares, if this entry is an included file's.
    fn check_member(&self, name: &str) -> Result<()> {
        let path: Vec<&str> = self.path.iter().copied().chain(["members"]).collect();
        let (sources, raw) = (self.scope.sources, self.scope.raw);
        let Some(file) = sources.file_of_value(&path) else { return Ok(()) };
        let own = raw.services.iter().flat_map(|(service, own)| {
            let declared = own.iter().flat_map(|own| own.access.keys());
            declared.map(move |role| (role, sources.file_of(service)))
        });
        let further = raw.access.keys().map(|role| (role, sources.included_with(&["access", role])));
        let elsewhere = further.chain(own).any(|(role, from)| role == name && from != Some(file));
        match elsewhere {
            false => Ok(()),
            true => Err(self.error("members", format!("role \"{name}\" is declared in another file")).hint(
                "a group of an included file has logins of that file, or logins that no file declares",
            )),
        }
    }

    fn error(&self, key: &str, message: impl std::fmt::Display) -> Error {
        let path: Vec<&str> = self.path.iter().copied().chain([key]).collect();
        self.scope.sources.error_at(&path, message)
    }
}

/// Returns the service that has the role as one of its four, or as an alternate login.
fn owner_of<'a>(role: &RoleName, services: &'a ServiceMap) -> Option<&'a ServiceName> {
    let primary = primary_of(role.as_str());
    let is_its = |service: &&DesiredService| {
        let kind = |role: &RoleName| service.kind_of(role);
        kind(role).is_some() || primary.as_ref().and_then(kind).is_some_and(RoleKind::logs_in)
    };
    services.values().find(is_its).map(|service| &service.name)
}
