//! Rotation: the store first, then the server, then a login that proves it.
//!
//! In place, the old password fails as soon as the server has the new one; until then it is what the store gives to
//! clients, so that a rotation that fails or is killed costs no login. With an overlap two logins take turns: the one that is not in use is
//! made ready and proven before the store names it, so that clients that read the store again never meet a login
//! that does not work; `finish` closes the one that nobody is told to use any more.

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::error::{Error, Kind, Result};
use crate::model::{ActualServer, DesiredServer, DesiredService, RoleKind, RoleName};
use crate::plan::authority::Authority;
use crate::plan::{Step, rotate};
use crate::probe::ATTEMPT_TIMEOUT;
use crate::provision;
use crate::run::Run;
use crate::secrets::{Held, Slot};
use crate::server::apply::{Tools, apply};
use crate::server::{Access, Login, inspect, lock, query};
use crate::stmt;
use crate::wire::{Address, Credentials, Outcome, Request};

/// What kind of rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A new password for the login in use.
    InPlace,
    /// The other login comes into use, the old one stays good.
    Overlap,
    /// The old one is closed.
    Finish,
}

/// What became of one login.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// Which of the service's logins.
    pub kind: RoleKind,
    /// The login to use from now on.
    pub login: RoleName,
    /// The one that was left or closed, where there is one.
    pub other: Option<RoleName>,
    /// Sessions that the closed one still has.
    pub sessions: Option<i64>,
    /// Whether anything was done.
    pub changed: bool,
    /// What stopped it.
    pub error: Option<Error>,
}

/// The rotations to make on one server.
pub struct Job<'a> {
    /// The services, all of this server.
    pub services: &'a [DesiredService],
    /// Their logins.
    pub kinds: &'a [RoleKind],
    /// How.
    pub turn: Turn,
    /// When the new passwords expire.
    pub valid_until: Option<&'a str>,
}

/// One server, under its lock, login by login.
///
/// `held` is the lock of the secret store, taken before any server's.
pub async fn server(
    run: &Run,
    server: &str,
    job: &Job<'_>,
    held: &Held,
) -> Result<Vec<(DesiredService, Rotated)>> {
    let access = run.admin(server).await?;
    let _lock = lock::server(&access, run.lock_wait).await?;
    let desired = run.manifest.desired(server);
    let mut done = vec![];
    for service in job.services {
        for kind in job.kinds {
            let actual = inspect::inspect_cluster(&access).await?;
            let one =
                One { run, held, access: &access, desired: &desired, actual: &actual, service, kind: *kind };
            done.push((service.clone(), one.rotate(job).await));
        }
    }
    Ok(done)
}

struct One<'a> {
    run: &'a Run,
    held: &'a Held,
    access: &'a Access,
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    service: &'a DesiredService,
    kind: RoleKind,
}

impl One<'_> {
    async fn rotate(&self, job: &Job<'_>) -> Rotated {
        let role = self.service.role(self.kind).clone();
        let mut rotated = Rotated {
            kind: self.kind,
            login: role,
            other: None,
            sessions: None,
            changed: false,
            error: None,
        };
        let end = match job.turn {
            Turn::InPlace => self.in_place(job, &mut rotated).await,
            Turn::Overlap => self.overlap(job, &mut rotated).await,
            Turn::Finish => self.finish(&mut rotated).await,
        };
        rotated.error = end.err();
        rotated
    }

    fn slot(&self) -> Slot {
        Slot {
            server: self.service.server.clone(),
            role: self.service.role(self.kind).clone(),
            service: self.service.name.clone(),
            kind: self.kind,
        }
    }

    /// The login in use and the other one of the pair.
    async fn pair(&self) -> Result<(RoleName, RoleName)> {
        let slot = self.slot();
        if !self.actual.roles.contains_key(&slot.role) {
            let name = &self.service.name;
            return Err(Error::operation(format!("the role \"{}\" does not exist", slot.role))
                .hint(format!("run `martydb apply --service {name}` first")));
        }
        let secrets = self.run.store.read(std::slice::from_ref(&slot)).await?;
        let (current, _) = secrets.require(&slot.server, &slot.role)?;
        let other = secrets.other(&slot.server, &slot.role).expect("one is current, so there is another");
        Ok((current, other))
    }

    fn is_open(&self, login: &RoleName) -> bool {
        self.actual.roles.get(login).is_some_and(|found| found.login)
    }

    async fn in_place(&self, job: &Job<'_>, rotated: &mut Rotated) -> Result<()> {
        let (current, _) = self.pair().await?;
        let (slot, store) = (self.slot(), &self.run.store);
        let password = store.renew(self.held, &slot, &current).await?;
        rotated.login = current.clone();
        let steps = |_: &ActualServer| rotate::in_place(self.service, &current, job.valid_until);
        self.act(&steps, &current, Some(&password)).await?;
        rotated.changed = true;
        store.settle(self.held, &slot, &current, &password).await.map_err(|error| {
            error
                .while_doing(format!(
                    "the server has a new password for \"{current}\", clients still read the old one"
                ))
                .hint(format!("the secret store keeps the new one as \"{current}.next\""))
                .hint("when the store takes passwords again, run the same command again")
        })?;
        self.prove(&current, &password).await
    }

    async fn overlap(&self, job: &Job<'_>, rotated: &mut Rotated) -> Result<()> {
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
        let slot = self.slot();
        let password = self.run.store.prepare(self.held, &slot, &other).await?;
        let steps = |actual: &ActualServer| {
            rotate::overlap(self.desired, actual, self.service, self.kind, &other, job.valid_until)
        };
        self.act(&steps, &other, Some(&password)).await?;
        self.prove(&other, &password).await?;
        self.run.store.publish(self.held, &slot, &other, &password).await?;
        rotated.login = other;
        rotated.other = Some(current);
        rotated.changed = true;
        Ok(())
    }

    async fn finish(&self, rotated: &mut Rotated) -> Result<()> {
        let (current, other) = self.pair().await?;
        rotated.login = current.clone();
        if !self.is_open(&other) {
            return Ok(());
        }
        if !self.is_open(&current) {
            return Err(Error::operation(format!("\"{current}\", the login to use, may not log in"))
                .hint(format!("run `martydb apply --service {}` first", self.service.name)));
        }
        self.act(&|_| rotate::finish(self.service, &other), &other, None).await?;
        rotated.sessions = self.sessions(&other).await;
        rotated.other = Some(other);
        rotated.changed = true;
        Ok(())
    }

    /// Does the steps; where somebody else was at the same objects, looks again and does what is left.
    async fn act(
        &self,
        steps: &(dyn Fn(&ActualServer) -> Vec<Step> + Sync),
        login: &RoleName,
        password: Option<&SecretString>,
    ) -> Result<()> {
        let mut end = self.once(&steps(self.actual), login, password).await;
        for races in 0..provision::RETRIES {
            match &end {
                Err(error) if provision::is_race(error) => {}
                _ => break,
            }
            tokio::time::sleep(provision::FIRST_PAUSE * 2u32.pow(races)).await;
            let actual = inspect::inspect_cluster(self.access).await?;
            end = self.once(&steps(&actual), login, password).await;
        }
        end
    }

    async fn once(&self, steps: &[Step], login: &RoleName, password: Option<&SecretString>) -> Result<()> {
        let passwords: BTreeMap<_, _> =
            password.into_iter().map(|password| (login.clone(), password.clone())).collect();
        let authority = Authority::new(self.desired, self.actual);
        let tools = Tools {
            access: self.access,
            major: self.actual.major(),
            authority: Some(&authority),
            password: &|role| passwords.get(role).cloned(),
            parallel: 1,
        };
        let (_, end) = apply(&tools, steps, &|step| {
            tracing::info!(target: "martydb", "{} {}: {}", step.action.verb().name(), step.action.object(), step.reason);
        })
        .await;
        end
    }

    /// Logs in once: a server takes a malformed verifier for a password, and only a login tells.
    async fn prove(&self, login: &RoleName, password: &SecretString) -> Result<()> {
        let as_login = Login::with_password(login.as_str(), password.clone());
        let address = Address::resolve(&self.access.endpoint).await?;
        let database = self.service.database.as_str();
        let request = Request { database, parameters: &[], queries: &[], timeout: ATTEMPT_TIMEOUT };
        let refused = match address.attempt(&mut Credentials::new(as_login), &request).await.outcome {
            Outcome::LetIn(_) => return Ok(()),
            // Looked at only after the password was right.
            Outcome::Refused(refused) if !refused.sqlstate.starts_with("28") => return Ok(()),
            Outcome::Refused(refused) => refused.to_string(),
            Outcome::Broken(broken) => broken.to_string(),
        };
        let error = Error::new(Kind::Unreachable, format!("the new password of \"{login}\" does not work"))
            .cause(refused);
        let expired = self.actual.roles.get(login).filter(|found| found.expired);
        Err(match expired.and_then(|found| found.valid_until.clone()) {
            Some(until) => error
                .cause(format!("its VALID UNTIL, {until}, has passed"))
                .hint("give it another with --valid-until, such as 2027-01-31 or infinity"),
            None => error,
        })
    }

    /// Sessions outlive the right to begin them. Nothing depends on the number, so an error is none.
    async fn sessions(&self, login: &RoleName) -> Option<i64> {
        let ask = stmt!(
            "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usename = {login}",
            login = crate::sql::Literal(login.to_string()),
        );
        let mut connection = self.access.read(&self.access.maintenance).await.ok()?;
        query(&mut connection, &ask).await.ok()?.first()?.try_get(0).ok()
    }
}
