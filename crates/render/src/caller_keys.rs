//! Logins of a deployed data service, and the keys of its callers, the same for all targets: digests from the secret store, and
//! variables that the manifest names.

use std::collections::BTreeSet;

use super::deployment::{DeploymentPlan, LoginNode};
use martydb_model::TokenKeys;
use martydb_secrets::CredentialKey;

/// Secret with the digests of the callers' keys, by caller.
pub const CALLER_KEYS: &str = "martydb-serve-keys";

/// Returns `true` if the data service logs in with it.
pub(crate) fn is_login(plan: &DeploymentPlan<'_>, login: &LoginNode<'_>) -> bool {
    plan.exposed().any(|node| {
        let own = node.service.serve.as_ref().is_some_and(|own| own.own_logins().contains(&&login.key.role));
        let mut callers = plan.manifest.serve.callers_of(&node.service.name);
        let further = callers.any(|(_, caller)| caller.login.as_ref() == Some(&login.key.role));
        login.key.server == node.service.server && (own || further)
    })
}

/// Returns the callers of deployed services whose digests are in the store.
pub(crate) fn stored<'p>(plan: &'p DeploymentPlan<'_>) -> impl Iterator<Item = (&'p str, CredentialKey)> {
    let all = CredentialKey::of_callers(&plan.manifest.serve.callers, &plan.manifest.services);
    all.filter(|(_, key)| plan.exposed().any(|node| node.service.name == key.service))
}

/// Returns the variables that the manifest names for callers and tokens.
pub(crate) fn named<'p>(plan: &'p DeploymentPlan<'_>) -> BTreeSet<&'p str> {
    let serve = &plan.manifest.serve;
    let callers = plan.exposed().flat_map(|node| serve.callers_of(&node.service.name));
    let keys = callers.filter_map(|(_, caller)| caller.key_env.as_deref());
    let tokens = serve.tokens.iter().filter_map(|tokens| match &tokens.keys {
        TokenKeys::Secret(variable) => Some(variable.as_str()),
        TokenKeys::Set(_) => None,
    });
    keys.chain(tokens).collect()
}
