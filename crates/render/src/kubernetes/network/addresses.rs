//! Contents of the Secrets, the same for all targets.

use secrecy::SecretString;

use crate::deployment::{DeploymentPlan, LoginNode};
use crate::kubernetes::servers::PASSWORD;
use martydb_manifest::connection_string::Parts;

/// Returns the address for this login. Migrations connect directly to the server. `user` is the login of the pair
/// that is in use.
pub(crate) fn address(
    plan: &DeploymentPlan<'_>,
    login: &LoginNode<'_>,
    user: &str,
    password: SecretString,
) -> Parts {
    let (manifest, service, kind) = (plan.manifest, login.service, login.key.kind);
    let (database, password) = (login.database.as_str(), Some(password));
    let is_apps = kind.is_for_applications() && database == service.database.as_str();
    let url = manifest.app_urls[&service.name].write.as_ref().filter(|_| is_apps);
    match url {
        Some(url) => Parts::through(url, user, password, database),
        None => Parts::new(&plan.server(&service.server).url.endpoint(), user, password, database),
    }
}

/// Returns an admin's credentials in the form that CloudNativePG accepts too.
pub(crate) fn admin_data(user: &str, password: &str) -> [(String, String); 2] {
    [("username".to_owned(), user.to_owned()), (PASSWORD.to_owned(), password.to_owned())]
}
