//! The positive controls and the matrix, at the address where the services' logins can log in: Debian's pg_hba.conf
//! asks for a password over TCP only, and over the socket for the account of the operating system.

use super::listeners::loopback;
use super::observations::{Extent, ServerContext};
use crate::catalog::{NotExamined, Unread};
use crate::error::Result;
use crate::probe::{self, LoginAttempts, Task};
use crate::server::{Endpoint, Host};
use crate::sqlstate;
use crate::wire::{Outcome, Stage};

pub struct FirstLogins {
    /// Empty where no logins were tried, or none can prove anything.
    pub attempts: Vec<LoginAttempts>,
    pub notes: Vec<NotExamined>,
}

/// Where the socket refuses every login as the wrong account, the same server's TCP address is tried; where that helps,
/// the task names it from then on.
pub async fn attempts(context: &mut ServerContext, extent: Extent) -> Result<FirstLogins> {
    if extent == Extent::None {
        return Ok(FirstLogins { attempts: vec![], notes: standby_note(context).into_iter().collect() });
    }
    if let Some(unread) = standby(context) {
        context.catalogue.unread.push(unread);
        return Ok(FirstLogins { attempts: vec![], notes: vec![] });
    }
    let attempts = matrix(&context.task, extent).await?;
    if !asks_for_account(&context.task.endpoint, &attempts) {
        return Ok(FirstLogins { attempts, notes: vec![] });
    }
    let socket = context.task.endpoint.to_string();
    for endpoint in loopback(&context.task.endpoint, &context.catalogue.state.parameters.settings) {
        let task = Task { endpoint, ..context.task.clone() };
        let Ok(attempts) = matrix(&task, extent).await else { continue };
        if attempts.iter().any(LoginAttempts::logged_in) {
            let what = format!("what the logins of the services can reach at {socket}");
            let why = format!(
                "pg_hba.conf asks there for the account of the operating system, so that they were tried at {} instead: \
                 name that address in the manifest",
                task.endpoint
            );
            context.task = task;
            return Ok(FirstLogins { attempts, notes: vec![NotExamined::new(what, why)] });
        }
    }
    context.catalogue.unread.push(Unread {
        what: "what the logins of the services can reach".into(),
        why: format!(
            "pg_hba.conf asks at {socket} for the account of the operating system, and the services log in with \
             passwords: put a host address into the server's url, such as 127.0.0.1, and give it a line with scram-sha-256"
        ),
        ..of_server(context)
    });
    Ok(FirstLogins { attempts: vec![], notes: vec![] })
}

async fn matrix(task: &Task, extent: Extent) -> Result<Vec<LoginAttempts>> {
    match extent {
        Extent::None => Ok(vec![]),
        Extent::Sample => probe::try_all(&task.sampled()).await,
        Extent::Gentle | Extent::Full | Extent::Exhaustive => probe::try_all(task).await,
    }
}

/// Whether every login was refused over a socket by a method that asks for no password.
fn asks_for_account(endpoint: &Endpoint, attempts: &[LoginAttempts]) -> bool {
    let by_account = |outcome: &Outcome| {
        matches!(outcome, Outcome::Refused(refused) if refused.sqlstate == sqlstate::INVALID_AUTHORIZATION
            && refused.routine.as_deref() == Some("auth_failed"))
    };
    let is_socket = matches!(endpoint.host, Host::Socket(_));
    is_socket && !attempts.is_empty() && attempts.iter().all(|login| by_account(&login.control.outcome))
}

/// Whether an attempt ended because the server was gone.
pub fn is_lost(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Broken(broken) => {
            matches!(broken.stage, Stage::Reach | Stage::Speak | Stage::Wait | Stage::NotTried)
        }
        Outcome::Refused(refused) => refused.sqlstate.starts_with("57P"),
        Outcome::LetIn(_) => false,
    }
}

const STANDBY: &str =
    "the server is a standby (it is in recovery) and takes no writes: name the primary in the manifest";

fn standby(context: &ServerContext) -> Option<Unread> {
    let what = "what the logins of the services can do".into();
    context.catalogue.actual.standby.then(|| Unread { what, why: STANDBY.into(), ..of_server(context) })
}

/// The catalogues of a standby are those of its primary, and its pg_hba.conf is its own.
fn standby_note(context: &ServerContext) -> Option<NotExamined> {
    let note = || NotExamined::new("the settings and pg_hba.conf of the primary", STANDBY);
    context.catalogue.actual.standby.then(note)
}

fn of_server(context: &ServerContext) -> Unread {
    let server = context.task.server.clone();
    Unread { service: None, server, database: None, what: String::new(), why: String::new() }
}
