//! One login in its own database, and what it is meant to be there.

use crate::catalog::{EventTrigger, Snapshot};
use crate::contract::{ALTERNATE_SUFFIX, acts_as};
use crate::isolation::observations::ServerContext;
use crate::model::{DesiredService, RoleKind};
use crate::probe::ProbeLogin;

pub struct LoginContext<'a> {
    pub login: &'a ProbeLogin,
    pub major: u32,
    /// Schemas in which it must not create anything: those that the manifest declares, and `public`.
    pub schemas: Vec<String>,
    /// The owner of its service.
    pub owner: String,
    /// Roles that it may become.
    pub own: Vec<String>,
    /// Roles that it must not become, one of each sort: its service's, and another's.
    pub forbidden: Vec<String>,
    /// Every role of every service.
    pub managed: &'a [String],
    /// Whether DDL would call a function that an event trigger names.
    pub event_trigger: bool,
}

/// Every role of every service that exists, alternate logins included.
pub fn managed_roles(context: &ServerContext) -> Vec<String> {
    let roles = context.desired.services.values().flat_map(|service| service.roles.values());
    let all = roles.flat_map(|role| [role.to_string(), format!("{role}{ALTERNATE_SUFFIX}")]);
    all.filter(|name| context.catalogue.actual.roles.keys().any(|role| role.as_str() == name)).collect()
}

impl<'a> LoginContext<'a> {
    pub fn new(context: &'a ServerContext, login: &'a ProbeLogin, managed: &'a [String]) -> LoginContext<'a> {
        let services = &context.desired.services;
        let service = &services[&login.service];
        let mut schemas: Vec<String> = service.schemas.iter().map(ToString::to_string).collect();
        if !schemas.iter().any(|schema| schema == "public") {
            schemas.push("public".into());
        }
        // The role itself may be the alternate login, a member of the primary one.
        let kinds = [login.kind, acts_as(login.kind)];
        let mut own = vec![login.role.to_string()];
        own.extend(kinds.map(|kind| service.role(kind).to_string()));
        // App has every privilege of readonly, and gains nothing by becoming it.
        own.extend((login.kind == RoleKind::App).then(|| service.role(RoleKind::Readonly).to_string()));
        let of = |service: &DesiredService| {
            [RoleKind::Owner, RoleKind::App].map(|kind| service.role(kind).to_string())
        };
        let other = services.values().find(|other| other.name != service.name);
        let roles = of(service).into_iter().chain(other.into_iter().flat_map(of));
        LoginContext {
            login,
            major: context.catalogue.actual.major(),
            schemas,
            owner: service.role(RoleKind::Owner).to_string(),
            forbidden: roles.filter(|role| !own.contains(role)).collect(),
            own,
            managed,
            event_trigger: has_event_trigger(&context.catalogue, login.database.as_str()),
        }
    }
}

/// Whether DDL there would call a function; assumed where the admin could not read it.
fn has_event_trigger(catalogue: &Snapshot, database: &str) -> bool {
    let runs = |trigger: &EventTrigger| trigger.enabled && trigger.event != "login";
    let found = catalogue.databases.get(database).filter(|inside| !inside.partial);
    found.is_none_or(|inside| inside.event_triggers.iter().any(runs))
}
