//! From facts to conclusions, each with its shortest path.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::ids::RoleId;
use super::rules::Rules;
use super::state::{Conclusion, Target};
use super::step::PathStep;

/// How a login reaches a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    pub login: RoleId,
    pub target: Target,
    /// In order; none of them says only that the login is inside.
    pub steps: Vec<PathStep>,
}

/// What the logins reach, by login and target.
pub fn conclude(facts: &Facts) -> Vec<Path> {
    let rules = run(facts);
    let mut by_login: BTreeMap<RoleId, Vec<Derivation>> = BTreeMap::new();
    for (login, conclusion, step, first, second) in rules.because {
        let derivation = Derivation { conclusion, step, premises: [first, second] };
        by_login.entry(login).or_default().push(derivation);
    }
    by_login.into_iter().flat_map(|(login, all)| shortest(login, &all)).collect()
}

struct Derivation {
    conclusion: Conclusion,
    step: PathStep,
    premises: [Conclusion; 2],
}

impl Derivation {
    /// Steps that only say that something was there before cost nothing.
    fn cost(&self) -> u32 {
        u32::from(!matches!(self.step, PathStep::Inside | PathStep::LogsIn))
    }
}

/// Knuth's generalisation of Dijkstra's algorithm: the cheapest derivation of each state, where a derivation costs its
/// own step and what its premises cost.
fn shortest(login: RoleId, all: &[Derivation]) -> Vec<Path> {
    let mut uses: BTreeMap<Conclusion, Vec<usize>> = BTreeMap::new();
    for (at, derivation) in all.iter().enumerate() {
        for premise in derivation.premises {
            uses.entry(premise).or_default().push(at);
        }
    }
    let mut best: BTreeMap<Conclusion, (u32, Option<usize>)> =
        BTreeMap::from([(Conclusion::Start, (0, None))]);
    let mut queue = BTreeSet::from([(0, Conclusion::Start)]);
    let mut done = BTreeSet::new();
    while let Some((_, state)) = queue.pop_first() {
        if !done.insert(state) {
            continue;
        }
        for &at in uses.get(&state).into_iter().flatten() {
            let derivation = &all[at];
            if !derivation.premises.iter().all(|premise| done.contains(premise)) {
                continue;
            }
            let premises: u32 = derivation.premises.iter().map(|premise| best[premise].0).sum();
            let cost = premises.saturating_add(derivation.cost());
            let known = best.get(&derivation.conclusion).map(|known| known.0);
            if known.is_none_or(|known| cost < known) && !done.contains(&derivation.conclusion) {
                best.insert(derivation.conclusion, (cost, Some(at)));
                queue.insert((cost, derivation.conclusion));
            }
        }
    }
    let targets = done.iter().filter_map(|state| match state {
        Conclusion::Reaches(target) => Some((*state, *target)),
        _ => None,
    });
    targets.map(|(state, target)| Path { login, target, steps: steps(state, all, &best) }).collect()
}

/// The steps of the cheapest derivation, premises first, each once.
fn steps(
    end: Conclusion,
    all: &[Derivation],
    best: &BTreeMap<Conclusion, (u32, Option<usize>)>,
) -> Vec<PathStep> {
    fn walk(
        state: Conclusion,
        all: &[Derivation],
        best: &BTreeMap<Conclusion, (u32, Option<usize>)>,
        seen: &mut BTreeSet<Conclusion>,
        out: &mut Vec<PathStep>,
    ) {
        let Some(at) = best.get(&state).and_then(|found| found.1) else { return };
        if !seen.insert(state) {
            return;
        }
        for premise in all[at].premises {
            walk(premise, all, best, seen, out);
        }
        if all[at].cost() > 0 {
            out.push(all[at].step);
        }
    }
    let mut out = vec![];
    walk(end, all, best, &mut BTreeSet::new(), &mut out);
    out
}

fn run(facts: &Facts) -> Rules {
    let mut rules = Rules::default();
    let all = |roles: &[RoleId]| roles.iter().map(|role| (*role,)).collect();
    rules.principal = all(&facts.principals);
    rules.role = all(&facts.roles);
    for row in &facts.members {
        rules.member.push((row.member, row.role));
        if row.inherit {
            rules.inherits.push((row.member, row.role));
        }
        if row.set {
            rules.sets.push((row.member, row.role));
        }
        if row.admin {
            rules.admin.push((row.member, row.role));
        }
    }
    rules.major.push((facts.major,));
    rules.inheriting = all(&facts.inheriting);
    rules.superuser = all(&facts.superusers);
    rules.createrole = all(&facts.createrole);
    rules.server_role = all(&facts.server_roles);
    rules.server_admin = all(&facts.admins);
    rules.service_role.clone_from(&facts.service_roles);
    rules.database = facts.databases.iter().map(|database| (*database,)).collect();
    rules.service_database.clone_from(&facts.service_databases);
    rules.connect.clone_from(&facts.connect);
    rules.grants_connect.clone_from(&facts.grants_connect);
    rules.temporary.clone_from(&facts.temporary);
    rules.schema.clone_from(&facts.schemas);
    rules.usage.clone_from(&facts.usage);
    rules.create.clone_from(&facts.create);
    rules.definer = facts.definers.iter().map(|it| (it.id, it.database, it.schema, it.owner)).collect();
    rules.power = facts.powers.iter().map(|(it, target)| (it.id, it.database, it.schema, *target)).collect();
    rules.execute.clone_from(&facts.execute);
    rules.trigger_function = facts.trigger_functions.iter().map(|it| (*it,)).collect();
    rules.called_by_server = facts.called_by_server.iter().map(|it| (*it,)).collect();
    rules.trigger =
        facts.triggers.iter().map(|(it, function)| (it.id, it.database, it.schema, *function)).collect();
    rules.write.clone_from(&facts.write);
    rules.table = facts.relations.iter().map(|it| (it.id, it.database, it.schema, it.owner)).collect();
    rules.select.clone_from(&facts.select);
    rules.view.clone_from(&facts.views);
    rules.copy.clone_from(&facts.copies);
    rules.secret.clone_from(&facts.secrets);
    rules.superuser_path.clone_from(&facts.superuser_paths);
    rules.event_trigger.clone_from(&facts.event_triggers);
    rules.add_public();
    rules.run();
    rules
}
