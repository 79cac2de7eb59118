//! A login with the new password: a server takes a malformed verifier for a password, and only a login tells.

use secrecy::SecretString;

use crate::error::{Error, Kind, Result};
use crate::model::{ActualServer, DbName, RoleName};
use crate::probe::ATTEMPT_TIMEOUT;
use crate::server::{Access, Login};
use crate::wire::{Address, Credentials, LoginRequest, Outcome};

pub async fn prove(
    access: &Access,
    database: &DbName,
    actual: &ActualServer,
    login: &RoleName,
    password: &SecretString,
) -> Result<()> {
    let address = Address::resolve(&access.endpoint).await?;
    let mut credentials = Credentials::new(Login::with_password(login.as_str(), password.clone()));
    let request =
        LoginRequest { database: database.as_str(), parameters: &[], queries: &[], timeout: ATTEMPT_TIMEOUT };
    let refused = match address.attempt(&mut credentials, &request).await.outcome {
        Outcome::LetIn(_) => return Ok(()),
        // Looked at only after the password was right.
        Outcome::Refused(refused) if !refused.sqlstate.starts_with("28") => return Ok(()),
        Outcome::Refused(refused) => refused.to_string(),
        Outcome::Broken(broken) => broken.to_string(),
    };
    let error = Error::new(Kind::Unreachable, format!("the new password of \"{login}\" does not work"))
        .cause(refused);
    let expired = actual.roles.get(login).filter(|found| found.expired);
    Err(match expired.and_then(|found| found.valid_until.clone()) {
        Some(until) => error
            .cause(format!("its VALID UNTIL, {until}, has passed"))
            .hint("give it another with --valid-until, such as 2027-01-31 or infinity"),
        None => error,
    })
}
