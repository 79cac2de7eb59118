//! Planner of a rotation for [`converge`](crate::converge::converge).

use secrecy::SecretString;

use super::rotation::LoginRotation;
use crate::converge::{Passwords, Planner, Remaining};
use martydb_catalog::inspect;
use martydb_model::error::{Error, Result};
use martydb_model::{ActualServer, RoleName};
use martydb_plan::admin_capabilities::AdminCapabilities;
use martydb_plan::{Action, Step, StepOutcome};

pub(crate) type PlanSteps<'a> = dyn Fn(&ActualServer) -> Vec<Step> + Send + Sync + 'a;

pub(crate) struct RotationPlanner<'a, 'b> {
    pub of: &'a mut LoginRotation<'b>,
    pub login: &'a RoleName,
    pub steps: &'a PlanSteps<'a>,
    pub password: Option<&'a SecretString>,
    /// `true` if `actual` was inspected under the lock and nothing has been executed since.
    pub fresh: bool,
    /// `true` if the secret store has the password for clients of this login that do not read it yet.
    pub waits: bool,
}

impl Planner for RotationPlanner<'_, '_> {
    /// Steps that set a password count as done once executed, because a verifier does not show which password it is
    /// for; the login that follows proves it.
    async fn remaining(&mut self, done: &[Step]) -> Result<Remaining> {
        if !std::mem::take(&mut self.fresh) {
            self.of.actual = inspect::inspect_cluster(self.of.access).await?;
        }
        let mut steps = (self.steps)(&self.of.actual);
        let renewed = done.iter().any(|step| gives_password(step, self.login));
        let opens =
            |step: &Step| matches!(&step.action, Action::AlterRole { role, .. } if role == self.login);
        steps.retain(|step| {
            !done.contains(step) && !(renewed && (gives_password(step, self.login) || opens(step)))
        });
        Ok(steps.into())
    }

    fn actual(&self) -> &ActualServer {
        &self.of.actual
    }

    fn authority(&self) -> Option<AdminCapabilities<'_>> {
        Some(AdminCapabilities::new(self.of.desired, &self.of.actual))
    }

    async fn passwords(&mut self, _steps: &[Step]) -> Result<Passwords> {
        let password = |password: &SecretString| (self.login.clone(), password.clone());
        Ok(self.password.into_iter().map(password).collect())
    }

    /// Activates the new password in the store once it is committed: from then on the old one is useless to
    /// clients, whatever fails afterwards.
    async fn executed(&mut self, done: &[(Step, StepOutcome)]) -> Result<()> {
        let Some(password) = self.password.filter(|_| self.waits && sets_password(done, self.login)) else {
            return Ok(());
        };
        self.waits = false;
        let login = self.login;
        self.of.store.settle(&self.of.key, login, password).await.map_err(|error| {
            let what =
                format!("the server has a new password for \"{login}\", but clients still read the old one");
            error
                .while_doing(what)
                .hint(format!("the secret store keeps the new one as \"{login}.next\""))
                .hint("when the store accepts passwords again, run the same command again")
        })
    }

    fn unfinished(&self, left: &[Step]) -> Error {
        Error::operation(format!("login \"{}\" still differs from the state after a rotation", self.login))
            .cause(left[0].reason.clone())
            .hint("something on the server undoes the change: look for an event trigger or another tool")
    }
}

/// Returns `true` if one of the executed steps set the login's password.
pub(crate) fn sets_password(done: &[(Step, StepOutcome)], login: &RoleName) -> bool {
    done.iter().any(|(step, outcome)| *outcome == StepOutcome::Ok && gives_password(step, login))
}

fn gives_password(step: &Step, login: &RoleName) -> bool {
    matches!(&step.action, Action::CreateRole { role, .. } | Action::SetPassword { role, .. } if role == login)
}
