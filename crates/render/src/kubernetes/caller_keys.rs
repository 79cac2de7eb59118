//! Variables of the data service's pod with the keys of its callers.

use serde_json::{Value, json};

use super::objects::secret_variable;
use crate::caller_keys::{CALLER_KEYS, named, stored};
use crate::deployment::DeploymentPlan;
use martydb_manifest::SecretsSpec;
use martydb_secrets::{CredentialKey, variable_name};

/// Secret with the variables that the manifest names: `key_env` and `secret_env`.
const VARIABLES: &str = "martydb-serve-variables";

/// Returns the variables of the pod. A caller may have no key yet.
pub(crate) fn variables(plan: &DeploymentPlan<'_>) -> Vec<Value> {
    let digest = |template: &str, caller: &str, key: &CredentialKey| {
        let mut variable = secret_variable(&variable_name(template, key, &key.label), CALLER_KEYS, caller);
        variable["valueFrom"]["secretKeyRef"]["optional"] = json!(true);
        variable
    };
    let digests: Vec<Value> = match &plan.manifest.secrets {
        SecretsSpec::Env { name } => stored(plan).map(|(caller, key)| digest(name, caller, &key)).collect(),
        _ => vec![],
    };
    let named = named(plan);
    digests.into_iter().chain(named.iter().map(|name| secret_variable(name, VARIABLES, name))).collect()
}
