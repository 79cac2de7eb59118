//! Lines of pg_hba.conf that accept a login without a password, as edges of the graph: from a network, or from
//! an account of the operating system, to each login that the line decides about.

use std::collections::BTreeSet;

use super::decisions;
use super::decisions::{DecidedLogins, Decisions};
use super::groups::MembershipScope;
use super::maps::Maps;
use super::methods::{Proof, method};
use crate::audit::context::Audit;
use crate::reach::{GraphEdge, GraphNode, NodeKind};
use martydb_model::RoleName;

/// Returns the present edges, and those that are possible after a login has changed the members of a group.
pub(crate) fn passwordless_edges(audit: &Audit<'_>) -> Vec<GraphEdge> {
    let mut all = doors(audit, MembershipScope::Present);
    let open: BTreeSet<GraphEdge> = all.iter().cloned().collect();
    let possible = doors(audit, MembershipScope::Possible).into_iter().filter(|edge| !open.contains(edge));
    all.extend(possible.map(|edge| GraphEdge { kind: "CanBeLetIn", ..edge }));
    all
}

fn doors(audit: &Audit<'_>, counted: MembershipScope) -> Vec<GraphEdge> {
    let lines = audit.snapshot.hba.as_deref().unwrap_or_default();
    let decisions = decisions(audit, lines.iter().filter(|line| line.is_read()), counted);
    let maps = Maps::of_audit(audit);
    (0..decisions.rules.len()).flat_map(|at| through(&decisions, maps.as_ref(), at)).collect()
}

fn through(decisions: &Decisions<'_>, maps: Option<&Maps<'_>>, at: usize) -> Vec<GraphEdge> {
    let rule = &decisions.rules[at];
    let place = rule.place();
    match (method(rule.line.method.as_deref()).proof, rule.option("map")) {
        (Proof::Nothing, _) => {
            let network = |_: &str| GraphNode { kind: NodeKind::Network, name: rule.clients() };
            edges(&place, &decisions.of(at, |_| true), network)
        }
        // Without a map the account's name is the role's name.
        (Proof::Account, None) => edges(&place, &decisions.of(at, |_| true), account),
        (Proof::Account, Some(map)) => {
            let entries = maps.into_iter().flat_map(|maps| maps.of(map).map(move |entry| (maps, entry)));
            let admitted = entries.flat_map(|(maps, entry)| {
                let admits = |role: &RoleName| maps.admits(&decisions.meanings, entry, role.as_str());
                edges(&place, &decisions.of(at, admits), |_| account(&entry.system))
            });
            admitted.collect()
        }
        _ => vec![],
    }
}

fn account(name: &str) -> GraphNode {
    GraphNode { kind: NodeKind::Account, name: name.into() }
}

fn edges(place: &str, decided: &DecidedLogins<'_>, from: impl Fn(&str) -> GraphNode) -> Vec<GraphEdge> {
    let edge = |(login, databases): (&&RoleName, &BTreeSet<Option<&str>>)| {
        let databases: Vec<&str> = databases.iter().map(|name| name.unwrap_or("replication")).collect();
        let to = GraphNode { kind: NodeKind::Role, name: login.as_str().into() };
        let words = format!("{place}: {}", databases.join(", "));
        GraphEdge { kind: "LetsIn", from: from(login.as_str()), to, words }
    };
    decided.logins.iter().map(edge).collect()
}
