//! Rotation of one login.

use secrecy::{ExposeSecret, SecretString};

use super::planner::{PlanSteps, RotationPlanner, sets_password};
use super::rotation::{LoginRotation, Rotated, Rotation, RotationMode};
use crate::converge::{Converged, Policy, converge};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Literal, stmt};
use martydb_model::{ActualServer, Jobs, RoleName};
use martydb_pg::server::{Login, query_one};
use martydb_pg::wire::{ATTEMPT_TIMEOUT, Address, Credentials, LoginRequest, Outcome, is_kept};
use martydb_plan::rotate;
use martydb_secrets::CredentialKey;

impl LoginRotation<'_> {
    pub(crate) async fn rotate(&mut self, rotation: &Rotation<'_>) -> Rotated {
        let mut rotated = Rotated {
            label: self.key.label.clone(),
            login: self.key.role.clone(),
            other: None,
            sessions: None,
            changed: false,
            error: None,
        };
        let end = match rotation.turn {
            RotationMode::InPlace => self.in_place(rotation, &mut rotated).await,
            RotationMode::Overlap => self.overlap(rotation, &mut rotated).await,
            RotationMode::Finish => self.finish(rotation, &mut rotated).await,
        };
        rotated.error = end.err();
        rotated
    }

    /// Returns the login in use and the other one of the pair.
    async fn pair(&self) -> Result<(RoleName, RoleName)> {
        let CredentialKey { server, role, .. } = &self.key;
        if !self.actual.roles.contains_key(role) {
            let name = &self.service.name;
            return Err(Error::operation(format!("the role \"{role}\" does not exist"))
                .hint(format!("run `martydb apply --service {name}` first")));
        }
        let secrets = self.store.store.read(std::slice::from_ref(&self.key)).await?;
        let (current, _) = secrets.require(server, role)?;
        let other = secrets.other(server, role).expect("one is current, so there is another");
        Ok((current, other))
    }

    fn is_open(&self, login: &RoleName) -> bool {
        self.actual.roles.get(login).is_some_and(|found| found.login)
    }

    async fn in_place(&mut self, rotation: &Rotation<'_>, rotated: &mut Rotated) -> Result<()> {
        let (current, _) = self.pair().await?;
        let password = self.store.renew(&self.key, &current).await?;
        rotated.login = current.clone();
        if self.store.store.is_read_only() && self.is_in_force(&current, &password).await? {
            let variable = self.store.store.variable_of(&self.key, false);
            return Err(Error::operation(format!("the password of \"{current}\" was not rotated"))
                .cause(format!("the variable {variable} holds the password that the server has"))
                .hint("set the variable to a new password, then run the same command again"));
        }
        rotation.record.begin().await;
        let (desired, service) = (self.desired, self.service);
        let steps = |actual: &ActualServer| {
            rotate::in_place(desired, actual, service, &current, rotation.valid_until)
        };
        let done = self.converge(&steps, &current, Some(&password), true).await;
        rotated.changed = sets_password(&done.steps, &current);
        done.end?;
        self.prove(&current, &password).await
    }

    async fn overlap(&mut self, rotation: &Rotation<'_>, rotated: &mut Rotated) -> Result<()> {
        let (current, other) = self.pair().await?;
        rotated.login = current.clone();
        if self.is_open(&other) {
            let name = &self.service.name;
            return Err(Error::usage(format!("\"{current}\" and \"{other}\" are both in use already"))
                .cause("clients may still log in with the older one, and a new password would lock them out")
                .hint(format!(
                    "when none does, run `martydb rotate --service {name} --finish`, then this again"
                )));
        }
        let password = self.store.prepare(&self.key, &other).await?;
        rotation.record.begin().await;
        let (desired, service, kind) = (self.desired, self.service, self.key.kind);
        let steps = |actual: &ActualServer| {
            rotate::overlap(desired, actual, service, kind, &other, rotation.valid_until)
        };
        self.converge(&steps, &other, Some(&password), false).await.end?;
        self.prove(&other, &password).await?;
        // Clients that read at a replica get the new login only when it works there.
        self.replay.wait(&format!("the login \"{other}\" does not work")).await.map_err(|error| {
            let name = &self.service.name;
            error.hint(format!(
                "\"{current}\" is still the one in use; once the replicas have caught up, run `martydb rotate --service \
                 {name} --finish`, then this again"
            ))
        })?;
        self.store.publish(&self.key, &other, &password).await?;
        rotated.login = other;
        rotated.other = Some(current);
        rotated.changed = true;
        Ok(())
    }

    async fn finish(&mut self, rotation: &Rotation<'_>, rotated: &mut Rotated) -> Result<()> {
        let (current, other) = self.pair().await?;
        rotated.login = current.clone();
        if !self.is_open(&other) {
            return Ok(());
        }
        if !self.is_open(&current) {
            return Err(Error::operation(format!("\"{current}\", the login in use, cannot log in"))
                .hint(format!("run `martydb apply --service {}` first", self.service.name)));
        }
        rotation.record.begin().await;
        let service = self.service;
        self.converge(&|_| rotate::finish(service, &other), &other, None, false).await.end?;
        self.store.close(&self.key, &other).await?;
        rotated.sessions = self.sessions(&other).await;
        rotated.other = Some(other);
        rotated.changed = true;
        Ok(())
    }

    async fn converge(
        &mut self,
        steps: &PlanSteps<'_>,
        login: &RoleName,
        password: Option<&SecretString>,
        waits: bool,
    ) -> Converged {
        let access = self.access;
        let mut planner = RotationPlanner { of: self, login, steps, password, fresh: true, waits };
        // The caller holds the server's lock for all logins.
        converge(access, &mut planner, &Policy { lock_wait: None, jobs: Jobs::ONE, record: None }).await
    }

    /// Returns `true` if the server has this password already: by its verifier, if the admin may read it, else by a login.
    async fn is_in_force(&self, login: &RoleName, password: &SecretString) -> Result<bool> {
        if let Some(kept) = self.actual.passwords.get(login) {
            return Ok(is_kept(password.expose_secret(), kept));
        }
        let attempt = self.attempt(login, password).await?;
        Ok(match attempt {
            Outcome::Accepted(_) => true,
            Outcome::Rejected(refused) => !refused.sqlstate.starts_with("28"),
            Outcome::Failed(broken) => {
                let message = format!("cannot tell which password \"{login}\" has");
                return Err(Error::new(Kind::Unreachable, message).cause(broken));
            }
        })
    }

    async fn attempt(&self, login: &RoleName, password: &SecretString) -> Result<Outcome> {
        let address = Address::resolve(&self.access.endpoint).await?;
        let mut credentials = Credentials::new(Login::with_password(login.as_str(), password.clone()));
        let database = self.service.database.as_str();
        let request = LoginRequest { database, parameters: &[], queries: &[], timeout: ATTEMPT_TIMEOUT };
        Ok(address.attempt(&mut credentials, &request).await.outcome)
    }

    /// Logs in with the new password: a server stores a malformed verifier as a plain password, which only a login
    /// detects.
    async fn prove(&self, login: &RoleName, password: &SecretString) -> Result<()> {
        let refused = match self.attempt(login, password).await? {
            Outcome::Accepted(_) => return Ok(()),
            // The server checks these only after the password was accepted.
            Outcome::Rejected(refused) if !refused.sqlstate.starts_with("28") => return Ok(()),
            Outcome::Rejected(refused) => refused.to_string(),
            Outcome::Failed(broken) => broken.to_string(),
        };
        let message = format!("the new password of \"{login}\" does not work");
        let error = Error::new(Kind::Unreachable, message).cause(refused);
        let expired = self.actual.roles.get(login).filter(|found| found.expired);
        Err(match expired.and_then(|found| found.valid_until.as_ref()) {
            Some(until) => error
                .cause(format!("its VALID UNTIL, {until}, has passed"))
                .hint("give it another with --valid-until, such as 2027-01-31 or infinity"),
            None => error,
        })
    }

    /// Returns the number of sessions, which outlive the LOGIN attribute. It is only informative, so an error is
    /// ignored.
    async fn sessions(&self, login: &RoleName) -> Option<i64> {
        let ask = stmt!(
            "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usename = {login}",
            login = Literal(login.to_string()),
        );
        let mut connection = self.access.read(&self.access.maintenance).await.ok()?;
        query_one(&mut connection, &ask).await.ok()
    }
}
