//! Audit of passwords without logging in: the verifiers that the server stores are compared with guesses and with
//! the stored passwords. An attempt could lock a login out and adds a line to the server's log; a comparison does
//! neither.

use std::collections::{BTreeSet, HashMap};

use secrecy::{ExposeSecret, SecretString};

use crate::audit::{Audit, verifier_readers};
use crate::probe::LoginAttempts;
use crate::proof::observations::{ComparedPasswords, KnownPassword, ServerContext};
use crate::proof::passwords::guesses::{Candidate, candidates, untried};
use martydb_model::contract::managed;
use martydb_model::error::{Error, Result};
use martydb_model::findings::{Finding, GUESSABLE, REUSED, Severity};
use martydb_model::{
    ActualRole, ActualServer, DbName, DesiredServer, FILE_ROLES, RoleGraph, RoleName, StoredPassword,
};
use martydb_pg::wire::is_kept_by;
use martydb_ui::report::progress;

/// Limit of hashing rounds for all comparisons of a run: about ten seconds of one core. A login may set itself a
/// verifier with a million rounds per guess.
const MOST_ROUNDS: u64 = 40_000_000;

/// Up to this number of rounds a verifier's own password is compared regardless of the limit. PostgreSQL's default
/// is 4096.
const USUAL_ROUNDS: u32 = 16_384;

/// Verifier of a role.
struct LoginVerifier {
    role: RoleName,
    kept: StoredPassword,
    importance: RoleImportance,
    /// Stored password of the login itself, if no attempt has tested it yet.
    own: Option<SecretString>,
}

impl LoginVerifier {
    fn has_own(&self) -> bool {
        let is_usual = self.kept.rounds.unwrap_or(1) <= USUAL_ROUNDS;
        let fits = |own: &SecretString| is_kept_by(self.role.as_str(), own.expose_secret(), &self.kept);
        is_usual && self.own.as_ref().is_some_and(fits)
    }
}

/// A verifier and the candidates to compare it with.
struct Comparison {
    verifier: LoginVerifier,
    candidates: Vec<Candidate>,
}

impl Comparison {
    fn rounds(&self) -> u64 {
        let each = u64::from(self.verifier.kept.rounds.unwrap_or(1));
        each.saturating_mul(self.candidates.len() as u64)
    }
}

/// Compares the verifiers; does nothing if the admin may not read them.
///
/// # Errors
/// If the comparison does not finish: its result is then unknown.
pub(crate) async fn known_passwords(
    context: &ServerContext,
    attempts: &[LoginAttempts],
) -> Result<ComparedPasswords> {
    // A login that has its own password, as nearly all have, needs no guesses. These would be as many as there are
    // stored passwords, for each login.
    let all = verifiers(context, attempts);
    let _comparing = progress("comparing passwords", "logins");
    let changed = on_all_cores(all, |one| (!one.has_own()).then_some(one)).await?;
    let compared = changed.into_iter().map(|verifier| {
        let is_powerful = verifier.importance == RoleImportance::Powerful;
        let candidates = candidates(context, attempts, &verifier.role, is_powerful);
        Comparison { verifier, candidates }
    });
    let compared = compared.filter(|one| !one.candidates.is_empty()).collect();
    let (chosen, left_out) = within_limit(compared);
    let mut known = on_all_cores(chosen, |one| solve(&one)).await?;
    known.sort_by(|a, b| a.role.cmp(&b.role));
    Ok(ComparedPasswords { known, left_out })
}

/// Runs `f` on all cores and returns the results in any order: each candidate costs thousands of rounds of hashing.
async fn on_all_cores<V: Send + 'static, T: Send + 'static>(
    all: Vec<V>,
    f: fn(V) -> Option<T>,
) -> Result<Vec<T>> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut parts: Vec<Vec<V>> = (0..workers).map(|_| vec![]).collect();
    all.into_iter().enumerate().for_each(|(at, one)| parts[at % workers].push(one));
    let part = |part: Vec<V>| move || part.into_iter().filter_map(f).collect::<Vec<T>>();
    let tasks: Vec<_> = parts.into_iter().map(|one| tokio::task::spawn_blocking(part(one))).collect();
    let mut found = vec![];
    for task in tasks {
        let part = task.await;
        found.extend(
            part.map_err(|error| {
                Error::operation("the comparison of passwords did not finish").cause(error)
            })?,
        );
    }
    Ok(found)
}

fn verifiers(context: &ServerContext, attempts: &[LoginAttempts]) -> Vec<LoginVerifier> {
    let ServerContext { desired, catalog, .. } = context;
    let Some(kept) = &catalog.kept else { return vec![] };
    let audit = Audit::new(desired, catalog);
    let importances = RoleImportances::of_audit(&audit);
    let untried = untried(&context.task, attempts);
    let logins = catalog.actual.roles.iter().filter(|(_, found)| found.login).map(|(role, _)| role);
    let compared = logins.filter_map(|role| {
        let kept = kept.get(role).filter(|kept| kept.digest.is_some())?.clone();
        let importance = importances.of(role);
        let own = untried.get(role).map(|password| (*password).clone());
        (importance != RoleImportance::Outside).then(|| LoginVerifier {
            role: role.clone(),
            kept,
            importance,
            own,
        })
    });
    compared.collect()
}

/// Returns the most important comparisons, cheapest first, within the limit, and the number left out.
fn within_limit(mut all: Vec<Comparison>) -> (Vec<Comparison>, usize) {
    all.sort_by_key(|one| (one.verifier.importance, one.rounds()));
    let count = all.len();
    let mut sum = 0_u64;
    all.retain(|one| {
        let next = sum.saturating_add(one.rounds());
        let fits = next <= MOST_ROUNDS;
        sum = if fits { next } else { sum };
        fits
    });
    let left = count - all.len();
    (all, left)
}

fn solve(one: &Comparison) -> Option<KnownPassword> {
    let LoginVerifier { role, kept, .. } = &one.verifier;
    let fits = |(password, _): &&Candidate| is_kept_by(role.as_str(), password.expose_secret(), kept);
    let (_, owner) = one.candidates.iter().find(fits)?;
    Some(KnownPassword { role: role.clone(), owner: owner.clone() })
}

/// Returns the findings that passwords of roles are known elsewhere.
pub(crate) fn findings(context: &ServerContext, known: &[KnownPassword]) -> Vec<Finding> {
    let audit = Audit::new(&context.desired, &context.catalog);
    let importances = RoleImportances::of_audit(&audit);
    known.iter().map(|one| finding(context, one, importances.of(&one.role))).collect()
}

fn finding(context: &ServerContext, known: &KnownPassword, importance: RoleImportance) -> Finding {
    let ServerContext { task, desired, .. } = context;
    let KnownPassword { role, owner } = known;
    let service = managed(desired, role).map(|(service, _)| service);
    let (kind, evidence) = match owner {
        Some(other) => (REUSED, format!("the password of {role} is that of {}", other.role)),
        None => (GUESSABLE, format!("the password of {role} is easily guessed")),
    };
    let severity = match importance {
        RoleImportance::Powerful => Severity::Critical,
        RoleImportance::OfService | RoleImportance::Enters => Severity::High,
        // It lets anyone log in as the service's login.
        _ if owner.is_some() => Severity::High,
        // No service's data is at risk: the server's administrator decides.
        RoleImportance::Elsewhere | RoleImportance::Outside => Severity::Low,
    };
    let found = kind.of(role.as_str()).at(severity).service_name(service.map(|service| &service.name));
    let words = importance.words();
    found.object(format!("role {role}")).evidence(format!("{evidence}{words}")).on(&task.server)
}

/// Importance of a role, in the order of comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RoleImportance {
    /// A role that can read or change every service, or become such a role.
    Powerful,
    /// A service's role.
    OfService,
    /// A role that may connect to a service's database, or become a service's role.
    Enters,
    /// A role that may connect only to other databases.
    Elsewhere,
    /// A role that may not connect to any database.
    Outside,
}

pub(crate) struct RoleImportances<'a> {
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    memberships: RoleGraph<'a>,
    /// Holders of CONNECT on databases that accept connections, `None` for PUBLIC; `true` if one is a service's.
    connecting: HashMap<Option<&'a RoleName>, bool>,
    /// Logins that read the verifiers of passwords.
    readers: BTreeSet<&'a str>,
}

impl RoleImportance {
    pub(crate) fn words(self) -> &'static str {
        match self {
            RoleImportance::Powerful => ", and it has power over the whole server",
            RoleImportance::Enters => ", and it can enter a service's database",
            RoleImportance::OfService | RoleImportance::Elsewhere | RoleImportance::Outside => "",
        }
    }
}

impl<'a> RoleImportances<'a> {
    pub(crate) fn new(desired: &'a DesiredServer, actual: &'a ActualServer) -> RoleImportances<'a> {
        let of_services: BTreeSet<&DbName> =
            desired.services.values().map(|service| &service.database).collect();
        let mut connecting: HashMap<Option<&RoleName>, bool> = HashMap::new();
        for (database, found) in actual.databases.iter().filter(|(_, found)| found.allow_connections) {
            for holder in found.connectors() {
                *connecting.entry(holder).or_default() |= of_services.contains(database);
            }
        }
        RoleImportances {
            desired,
            actual,
            memberships: RoleGraph::new(&actual.memberships),
            connecting,
            readers: BTreeSet::new(),
        }
    }

    /// The same, with what logins read through functions.
    fn of_audit(audit: &'a Audit<'a>) -> RoleImportances<'a> {
        let readers = verifier_readers(audit).into_iter().map(|(_, user)| user).collect();
        RoleImportances { readers, ..RoleImportances::new(audit.desired, audit.actual) }
    }

    pub(crate) fn of(&self, role: &RoleName) -> RoleImportance {
        let reached = self.memberships.reachable(role, |_| true).into_iter().map(|path| path.role);
        let all: BTreeSet<&RoleName> = reached.chain([role]).collect();
        if all.iter().any(|one| self.is_powerful(one)) {
            return RoleImportance::Powerful;
        }
        if managed(self.desired, role).is_some() {
            return RoleImportance::OfService;
        }
        let holders = all.iter().copied().map(Some).chain([None]);
        let connecting: Vec<bool> =
            holders.filter_map(|holder| self.connecting.get(&holder).copied()).collect();
        if connecting.contains(&true) || all.iter().any(|one| managed(self.desired, one).is_some()) {
            return RoleImportance::Enters;
        }
        if connecting.is_empty() { RoleImportance::Outside } else { RoleImportance::Elsewhere }
    }

    fn is_powerful(&self, role: &RoleName) -> bool {
        let found = self.actual.roles.get(role);
        let reads = self.readers.contains(role.as_str());
        reads || FILE_ROLES.contains(&role.as_str()) || found.is_some_and(ActualRole::has_server_power)
    }
}
