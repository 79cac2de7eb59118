//! Logins and their alternates: `rotate --overlap` makes an alternate, and clients move from one to the other.

use crate::{ActualServer, DesiredServer, DesiredService, FormerNames, RoleKind, RoleName, ServiceExposure};

pub const ALTERNATE_SUFFIX: &str = "_b";

/// Returns the alternate of a login. The manifest's length check leaves room for its name.
pub fn alternate_of(primary: &RoleName) -> Option<RoleName> {
    RoleName::found(format!("{primary}{ALTERNATE_SUFFIX}")).ok()
}

/// Returns the login whose alternate has this name.
pub fn primary_of(alternate: &str) -> Option<RoleName> {
    RoleName::found(alternate.strip_suffix(ALTERNATE_SUFFIX)?).ok()
}

/// Returns the service and kind of a managed role, or of the alternate of a login.
pub fn managed<'a>(desired: &'a DesiredServer, role: &RoleName) -> Option<(&'a DesiredService, RoleKind)> {
    let of_alternate = || desired.managed_role(&primary_of(role.as_str())?);
    let login = |(_, kind): &(&DesiredService, RoleKind)| kind.logs_in();
    desired.managed_role(role).or_else(|| of_alternate().filter(login))
}

/// Returns `true` if the role, or its primary, belonged to a service of this manifest before a rename.
pub fn was_managed(desired: &DesiredServer, role: &RoleName) -> bool {
    let former = desired.services.values().filter_map(|service| service.moved.as_ref());
    former.filter(|former| former.server.is_none()).any(|former| had(former, role))
}

/// Returns `true` if the role, or its primary, belonged to a service under its former names.
pub fn had(former: &FormerNames, role: &RoleName) -> bool {
    let primary = primary_of(role.as_str());
    former.roles.values().any(|one| one == role || Some(one) == primary.as_ref())
}

/// Returns the service's existing roles on the server, including alternate logins and those of its data service.
pub fn existing_roles(actual: &ActualServer, service: &DesiredService) -> Vec<RoleName> {
    let primary = RoleKind::ALL.into_iter().map(|kind| service.role(kind).clone());
    let alternate = RoleKind::LOGINS.into_iter().filter_map(|kind| alternate_of(service.role(kind)));
    let serving = service.serve.iter().flat_map(ServiceExposure::own_logins).cloned();
    primary.chain(alternate).chain(serving).filter(|role| actual.roles.contains_key(role)).collect()
}
