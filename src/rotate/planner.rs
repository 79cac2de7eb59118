//! The steps of a rotation on the loop of [`converge`](crate::converge::converge).

use secrecy::SecretString;

use crate::catalog::inspect;
use crate::converge::{Passwords, Planner, Remaining, StepOutcome};
use crate::error::{Error, Result};
use crate::model::{ActualServer, DesiredServer, RoleName};
use crate::plan::admin_capabilities::AdminCapabilities;
use crate::plan::{Action, Step};
use crate::secrets::{CredentialKey, LockedStore};
use crate::server::Access;

pub type PlanSteps<'a> = dyn Fn(&ActualServer) -> Vec<Step> + Send + Sync + 'a;

pub struct RotationPlanner<'a> {
    pub access: &'a Access,
    pub desired: &'a DesiredServer,
    pub login: &'a RoleName,
    pub steps: &'a PlanSteps<'a>,
    pub passwords: Passwords,
    pub actual: ActualServer,
    /// `actual` was inspected under the lock, and nothing was done since.
    pub fresh: bool,
    /// Gives clients the new password of the login in use; `None` once it is done, or where clients use another login.
    pub settle: Option<Settle<'a>>,
}

/// The place in the secret store where the new password waits.
pub struct Settle<'a> {
    pub store: &'a LockedStore<'a>,
    pub key: &'a CredentialKey,
    pub password: &'a SecretString,
}

impl Planner for RotationPlanner<'_> {
    /// What a server shows of a password does not tell which one it is, so steps that set it count as done once they
    /// were executed; the login that follows proves them.
    async fn remaining(&mut self, done: &[Step]) -> Result<Remaining> {
        if !std::mem::take(&mut self.fresh) {
            self.actual = inspect::inspect_cluster(self.access).await?;
        }
        let mut steps = (self.steps)(&self.actual);
        let renewed = done.iter().any(|step| gives_password(step, self.login));
        let opens =
            |step: &Step| matches!(&step.action, Action::AlterRole { role, .. } if role == self.login);
        steps.retain(|step| {
            !done.contains(step) && !(renewed && (gives_password(step, self.login) || opens(step)))
        });
        Ok(steps.into())
    }

    fn actual(&self) -> &ActualServer {
        &self.actual
    }

    fn authority(&self) -> Option<AdminCapabilities<'_>> {
        Some(AdminCapabilities::new(self.desired, &self.actual))
    }

    async fn passwords(&mut self, _steps: &[Step]) -> Result<Passwords> {
        Ok(self.passwords.clone())
    }

    /// Once the new password is committed, the old one is of no use to clients, whatever fails afterwards.
    async fn executed(&mut self, done: &[(Step, StepOutcome)]) -> Result<()> {
        if sets_password(done, self.login)
            && let Some(settle) = self.settle.take()
        {
            let login = self.login;
            let settled = settle.store.settle(settle.key, login, settle.password).await;
            settled.map_err(|error| {
                let what =
                    format!("the server has a new password for \"{login}\", clients still read the old one");
                error
                    .while_doing(what)
                    .hint(format!("the secret store keeps the new one as \"{login}.next\""))
                    .hint("when the store takes passwords again, run the same command again")
            })?;
        }
        Ok(())
    }

    fn unfinished(&self, left: &[Step]) -> Error {
        Error::operation(format!("login \"{}\" still differs from what a rotation makes", self.login))
            .cause(left[0].reason.clone())
            .hint("something on the server undoes the change: look for an event trigger or another tool")
    }
}

/// Whether one of the steps that were done has set the login's password.
pub fn sets_password(done: &[(Step, StepOutcome)], login: &RoleName) -> bool {
    done.iter().any(|(step, outcome)| *outcome == StepOutcome::Ok && gives_password(step, login))
}

fn gives_password(step: &Step, login: &RoleName) -> bool {
    matches!(&step.action, Action::CreateRole { role, .. } | Action::SetPassword { role } if role == login)
}
