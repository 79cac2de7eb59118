//! Inspection of servers and comparison with the manifest, shared by `plan`, `apply`, `doctor` and `status`.

use futures_util::future::join_all;

use super::copies::{self, Copies};
use super::passwords::ServicePasswords;
use super::scope::{PlanOptions, PlanScope};
use martydb_catalog::inspect;
use martydb_context::Context;
use martydb_model::error::{Error, Result};
use martydb_model::{ActualServer, DbName, DesiredServer, DesiredService, ServiceName};
use martydb_pg::server::{Access, pooler_check};
use martydb_plan::{Plan, Selection, StoredLogins, diff, impossible};
use martydb_secrets::CredentialKey;

pub struct PlannedServer {
    pub server: String,
    pub access: Access,
    pub desired: DesiredServer,
    pub actual: ActualServer,
    pub plan: Plan,
    /// Databases on other servers that its services are copied from.
    pub copies: Copies,
}

impl PlannedServer {
    /// Returns services whose database could not be read, with the reason: their plan is incomplete.
    pub fn unread(&self) -> Vec<(ServiceName, Error)> {
        unread(&self.desired, &self.actual)
    }
}

pub(crate) fn unread(desired: &DesiredServer, actual: &ActualServer) -> Vec<(ServiceName, Error)> {
    let of_service = |service: &DesiredService| {
        let error = actual.databases.get(&service.database)?.unread.clone()?;
        let what = format!("cannot compare service \"{}\" with the manifest", service.name);
        Some((service.name.clone(), error.while_doing(what)))
    };
    desired.services.values().filter_map(of_service).collect()
}

/// Each server with its plan, or the error.
pub type Plans = [(String, Result<PlannedServer>)];

/// Returns the servers that have a plan.
pub fn planned(plans: &Plans) -> impl Iterator<Item = (&str, &PlannedServer)> {
    plans.iter().filter_map(|(server, planned)| Some((server.as_str(), planned.as_ref().ok()?)))
}

/// Plans all servers of the services concurrently.
#[martydb_pg::boxed]
pub async fn plan(
    context: &Context,
    services: &[DesiredService],
    options: PlanOptions,
) -> Vec<(String, Result<PlannedServer>)> {
    let scope = PlanScope::new(context, services, options, false);
    let all = context.servers_of(services).into_iter().map(|server| {
        let scope = &scope;
        async move {
            let planned = plan_server(context, scope, &server).await;
            (server, planned)
        }
    });
    join_all(all).await
}

/// Rejects standbys that differ from the manifest: only the primary can be changed.
pub fn refuse_standbys(plans: Vec<(String, Result<PlannedServer>)>) -> Vec<(String, Result<PlannedServer>)> {
    let refused = |planned: PlannedServer| {
        if !planned.actual.standby || planned.plan.steps.is_empty() {
            return Ok(planned);
        }
        let server = format!("server \"{}\"", planned.server);
        Err(pooler_check::standby(server, planned.actual.primary.as_deref()))
    };
    plans.into_iter().map(|(server, planned)| (server, planned.and_then(refused))).collect()
}

async fn plan_server(context: &Context, scope: &PlanScope<'_>, server: &str) -> Result<PlannedServer> {
    let (access, desired) = (context.admin(server).await?, context.manifest.desired(server));
    let (actual, stored) = inspected(scope, &access, &desired).await?;
    let copies = copies::due(context, scope, &desired, &actual).await?;
    let plan = diff(&desired, &actual, &stored, &selection(scope, &copies));
    Ok(PlannedServer { server: desired.name.clone(), access, desired, actual, plan, copies })
}

fn selection(scope: &PlanScope<'_>, copies: &Copies) -> Selection {
    Selection { services: scope.services.clone(), prune: scope.options.prune, copies: copies.clone() }
}

pub(crate) async fn inspect_and_compare(
    scope: &PlanScope<'_>,
    access: &Access,
    desired: &DesiredServer,
    copies: &Copies,
) -> Result<(ActualServer, Plan)> {
    let (actual, stored) = inspected(scope, access, desired).await?;
    let plan = diff(desired, &actual, &stored, &selection(scope, copies));
    Ok((actual, plan))
}

async fn inspected(
    scope: &PlanScope<'_>,
    access: &Access,
    desired: &DesiredServer,
) -> Result<(ActualServer, StoredLogins)> {
    let keys = credential_keys(desired);
    if scope.options.check_logins {
        scope.store.check_present(&keys)?;
    }
    let secrets = scope.store.read_present(&keys).await?;
    let inside: Vec<DbName> = scope.services_of(desired).map(|service| service.database.clone()).collect();
    let mut actual = inspect::inspect(access, desired, &inside, scope.jobs).await?;
    let passwords = ServicePasswords { scope, desired, actual: &actual, secrets: &secrets };
    let mut refused = passwords.differing().await?;
    if scope.options.check_logins {
        refused.extend(passwords.refused(access).await?);
    }
    actual.refused_logins = refused;
    refuse_superusers(desired, &actual)?;
    if let Some(error) = scope.services_of(desired).find_map(|service| impossible(&actual, service)) {
        return Err(error);
    }
    let mut stored = secrets.logins(&desired.name);
    if scope.store.is_read_only() {
        // A variable that is not set here is set where the application runs; `apply` requires those that it sends.
        stored.extend(keys.into_iter().map(|key| key.role));
    }
    Ok((actual, StoredLogins::These(stored)))
}

/// Rejects a manifest that declares the server's own superuser as a service's role: it would lose its powers.
fn refuse_superusers(desired: &DesiredServer, actual: &ActualServer) -> Result<()> {
    let own = [&actual.admin.name, &actual.bootstrap];
    let own_roles = desired.services.values().flat_map(|service| service.roles.values());
    let mut roles = own_roles.chain(desired.access.keys());
    match roles.find(|role| own.iter().any(|name| *name == role.as_str())) {
        None => Ok(()),
        Some(role) => Err(Error::manifest(format!(
            "role \"{role}\" runs server \"{}\", and cannot be declared",
            desired.name
        ))
        .hint("choose another role")),
    }
}

pub fn credential_keys(desired: &DesiredServer) -> Vec<CredentialKey> {
    let further = desired.access.values().filter(|role| role.login && !role.expired);
    let further = further.filter_map(|role| CredentialKey::of_access(&desired.name, role));
    desired.services.values().flat_map(CredentialKey::for_service).chain(further).collect()
}
