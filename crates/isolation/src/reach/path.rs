//! Conclusions from the facts, each with its shortest path.

use std::collections::{BTreeMap, BTreeSet};

use super::actor::Actor;
use super::facts::{Facts, Object};
use super::ids::{NO_SERVICE, PUBLIC, RoleId, ServiceId};
use super::rules::Rules;
use super::state::{Conclusion, Target};
use super::step::PathStep;

/// A path of a login to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    pub login: RoleId,
    pub target: Target,
    /// Steps in order, without [`PathStep::Inside`].
    pub steps: Vec<PathStep>,
}

/// Conclusions from the facts of one server.
#[derive(Debug, Default)]
pub(crate) struct Conclusions {
    /// Paths, by login and target.
    pub paths: Vec<Path>,
    /// Everything that a login enters and holds.
    pub states: Vec<(RoleId, Conclusion)>,
}

pub(crate) fn conclude(facts: &Facts) -> Conclusions {
    let rules = run(facts.clone());
    let because = rules.because.into_iter().map(|(login, conclusion, step, first, second)| Derivation {
        conclusion: (login, conclusion),
        step,
        premises: match step {
            // Another login's sessions begin with its password.
            PathStep::LogsIn if !login.is_principal() => {
                [(login.as_login(login.principal), Conclusion::Takes(login.login)); 2]
            }
            _ => [(login, first), (login, second)],
        },
    });
    let borrowed = rules.borrowed.into_iter().map(|(login, conclusion, other)| Derivation {
        conclusion: (login, conclusion),
        step: PathStep::Inside,
        premises: [(other, conclusion); 2],
    });
    let shortest = Shortest::among(because.chain(borrowed).collect());
    let is_state = |state: &Conclusion| {
        matches!(state, Conclusion::Enters(_) | Conclusion::Holds(..) | Conclusion::Takes(_))
    };
    let states = rules.is.iter().filter(|(_, state)| is_state(state));
    let states: BTreeSet<_> = states.map(|(login, state)| (login.principal, *state)).collect();
    Conclusions { paths: shortest.paths(), states: states.into_iter().collect() }
}

/// A conclusion and its login.
type Node = (Actor, Conclusion);

struct Derivation {
    conclusion: Node,
    step: PathStep,
    premises: [Node; 2],
}

impl Derivation {
    fn premises_once(&self) -> impl Iterator<Item = &Node> {
        let [first, second] = &self.premises;
        std::iter::once(first).chain((first != second).then_some(second))
    }

    /// Returns the cost of the step; those that only refer to an earlier state are free.
    fn cost(&self) -> u32 {
        u32::from(!matches!(self.step, PathStep::Inside | PathStep::LogsIn))
    }
}

/// Cheapest derivation of each conclusion; a derivation costs its own step plus its premises.
struct Shortest {
    all: Vec<Derivation>,
    /// The cost, and the derivation's index.
    best: BTreeMap<Node, (u32, Option<usize>)>,
}

impl Shortest {
    /// Runs Knuth's generalization of Dijkstra's algorithm.
    fn among(all: Vec<Derivation>) -> Shortest {
        let mut uses: BTreeMap<Node, Vec<usize>> = BTreeMap::new();
        for (at, derivation) in all.iter().enumerate() {
            for premise in derivation.premises {
                uses.entry(premise).or_default().push(at);
            }
        }
        let start = all.iter().map(|derivation| (derivation.conclusion.0, Conclusion::Start));
        let mut best: BTreeMap<Node, (u32, Option<usize>)> = start.map(|node| (node, (0, None))).collect();
        let mut queue: BTreeSet<(u32, Node)> = best.keys().map(|node| (0, *node)).collect();
        let mut done = BTreeSet::new();
        while let Some((_, node)) = queue.pop_first() {
            if !done.insert(node) {
                continue;
            }
            for &at in uses.get(&node).into_iter().flatten() {
                let derivation = &all[at];
                if done.contains(&derivation.conclusion)
                    || !derivation.premises.iter().all(|it| done.contains(it))
                {
                    continue;
                }
                let premises = derivation.premises_once().map(|premise| best[premise].0).sum::<u32>();
                let cost = premises.saturating_add(derivation.cost());
                if best.get(&derivation.conclusion).is_none_or(|known| cost < known.0) {
                    best.insert(derivation.conclusion, (cost, Some(at)));
                    queue.insert((cost, derivation.conclusion));
                }
            }
        }
        Shortest { all, best }
    }

    fn paths(&self) -> Vec<Path> {
        let targets = self.best.keys().filter_map(|node| match node.1 {
            Conclusion::Reaches(target) if node.0.is_principal() => Some((*node, target)),
            _ => None,
        });
        targets.map(|(node, target)| Path { login: node.0.login, target, steps: self.steps(node) }).collect()
    }

    /// Returns the steps to a conclusion, premises first, each once.
    fn steps(&self, end: Node) -> Vec<PathStep> {
        let (mut seen, mut out) = (BTreeSet::new(), vec![]);
        self.walk(end, &mut seen, &mut out);
        out
    }

    fn walk(&self, node: Node, seen: &mut BTreeSet<Node>, out: &mut Vec<PathStep>) {
        let Some(at) = self.best.get(&node).and_then(|found| found.1) else { return };
        if !seen.insert(node) {
            return;
        }
        for premise in self.all[at].premises {
            self.walk(premise, seen, out);
        }
        if self.all[at].cost() > 0 {
            out.push(self.all[at].step);
        }
    }
}

fn run(mut facts: Facts) -> Rules {
    let mut rules = Rules::default();
    take_captured(&mut rules, &mut facts);
    let known = facts.roles.iter().copied().chain([PUBLIC]);
    rules.service = totalled(known, &facts.service_roles);
    rules.database_service = totalled(facts.databases.iter().copied(), &facts.service_databases);
    rules.principal = singles(facts.principals);
    rules.role = singles(facts.roles);
    for row in facts.members {
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
    rules.inheriting = singles(facts.inheriting);
    rules.can_log_in = singles(facts.logins);
    rules.superuser = singles(facts.superusers);
    rules.createrole = singles(facts.createrole);
    rules.server_role = singles(facts.server_roles);
    rules.server_admin = singles(facts.admins);
    rules.database = singles(facts.databases);
    rules.owns_database = facts.database_owners;
    rules.database_owner_role.extend(facts.database_owner_role.map(|role| (role,)));
    rules.connect = facts.connect;
    rules.grants_connect = facts.grants_connect;
    rules.temporary = facts.temporary;
    rules.grants_temporary = facts.grants_temporary;
    rules.schema = facts.schemas;
    rules.schema_owner = facts.schema_owners;
    rules.usage = facts.usage;
    rules.create = facts.create;
    rules.definer = facts.definers.iter().map(|it| (it.id, it.database, it.schema, it.owner)).collect();
    rules.power = facts.powers.iter().map(|(it, target)| (it.id, it.database, it.schema, *target)).collect();
    rules.execute = facts.execute;
    rules.trigger_function = singles(facts.trigger_functions);
    rules.called_by_server = singles(facts.called_by_server);
    rules.trigger =
        facts.triggers.iter().map(|(it, function)| (it.id, it.database, it.schema, *function)).collect();
    rules.write = facts.write;
    rules.table = facts.relations.iter().map(|it| (it.id, it.database, it.schema, it.owner)).collect();
    rules.select = facts.select;
    rules.view = facts.views;
    rules.copy = facts.copies;
    rules.secret = facts.secrets;
    rules.lever = facts.levers;
    (rules.superuser_path, rules.delivered) = (facts.superuser_paths, facts.delivered);
    rules.event_function = singles(facts.event_functions);
    rules.add_public();
    rules.run();
    rules
}

/// Moves the facts about objects that superusers use, for the rules of [`super::captured`].
fn take_captured(rules: &mut Rules, facts: &mut Facts) {
    let places = |all: &[Object]| all.iter().map(|it| (it.id, it.database, it.schema, it.owner)).collect();
    rules.visited_function = places(&facts.visited_functions);
    rules.visited_domain = places(&facts.visited_domains);
    rules.visited_table = places(&facts.visited_tables);
    rules.puts_trigger = std::mem::take(&mut facts.puts_trigger);
    rules.references = std::mem::take(&mut facts.references);
    rules.routes = std::mem::take(&mut facts.routes);
    let touches = facts.touches.iter();
    rules.touches = touches.map(|(it, used)| (it.id, it.database, it.schema, it.owner, *used)).collect();
    rules.executed_rows = std::mem::take(&mut facts.executed_rows);
    rules.executed_names = facts.executed_names.iter().map(|it| (it.id, it.database)).collect();
}

fn singles(ids: Vec<u32>) -> Vec<(u32,)> {
    ids.into_iter().map(|id| (id,)).collect()
}

/// Returns the service of each, including those without one: a rule joins it instead of negating.
fn totalled(all: impl Iterator<Item = u32>, known: &[(u32, ServiceId)]) -> Vec<(u32, ServiceId)> {
    let known: BTreeMap<u32, ServiceId> = known.iter().copied().collect();
    all.map(|id| (id, known.get(&id).copied().unwrap_or(NO_SERVICE))).collect()
}
