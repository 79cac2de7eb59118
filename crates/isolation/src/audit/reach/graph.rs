//! Conclusions and paths as a graph: the databases and roles that each login reaches, and the steps of each path.

use super::gather::Gathered;
use super::names::{describe, step_in_words, target_in_words};
use crate::reach::{
    AccessGraph, Conclusion, Conclusions, DatabaseId, GraphEdge, GraphNode, NodeKind, ObjectId, PUBLIC, Path,
    PathStep, RoleId,
};

pub(crate) fn graph(all: &Gathered<'_>, found: &Conclusions) -> AccessGraph {
    let states = found.states.iter().filter_map(|(login, state)| acting(all, *login, *state));
    let steps = found.paths.iter().flat_map(|path| path_edges(all, path));
    AccessGraph { edges: states.chain(steps).collect() }
}

/// Returns an edge to a database that a login enters, or to another role whose privileges it has.
fn acting(all: &Gathered<'_>, login: RoleId, state: Conclusion) -> Option<GraphEdge> {
    let from = role(all, login);
    match state {
        Conclusion::Enters(at) => {
            let words = format!("{} connects to {}", all.role(login), all.database(at));
            Some(GraphEdge { kind: "Enters", from, to: database(all, at), words })
        }
        Conclusion::Takes(other) => {
            let words = format!("{} can log in as {}", all.role(login), all.role(other));
            Some(GraphEdge { kind: "CanLogInAs", from, to: role(all, other), words })
        }
        Conclusion::Holds(at, other) if other != login && other != PUBLIC => {
            let words = format!("in {}", all.database(at));
            Some(GraphEdge { kind: "ActsAs", from, to: role(all, other), words })
        }
        _ => None,
    }
}

/// Returns the path as one edge to its end, and its steps; the last step leads to the end, too.
fn path_edges(all: &Gathered<'_>, path: &Path) -> Vec<GraphEdge> {
    let login = role(all, path.login);
    let end = GraphNode { kind: NodeKind::Target, name: target_in_words(all, path.target) };
    let reaches =
        GraphEdge { kind: "Reaches", from: login.clone(), to: end.clone(), words: describe(all, path) };
    let mut edges: Vec<GraphEdge> =
        path.steps.iter().flat_map(|step| step_edges(all, &login, *step)).collect();
    let last = edges.last().map_or(login, |edge| edge.to.clone());
    edges.push(GraphEdge { kind: "LeadsTo", from: last, to: end, words: target_in_words(all, path.target) });
    edges.push(reaches);
    edges
}

/// Returns one edge, or two if the step goes through an object to its owner.
fn step_edges(all: &Gathered<'_>, login: &GraphNode, step: PathStep) -> Vec<GraphEdge> {
    let (of_role, of_object) = (|id| role(all, id), |id| object(all, id));
    let owner = |id| role_node(all.object(id).owner);
    let here = |id| database_node(all.object(id).database);
    let pairs = match step {
        PathStep::LogsIn | PathStep::Inside | PathStep::Inherits(_, PUBLIC) => vec![],
        PathStep::Inherits(member, group) => vec![("Inherits", of_role(member), of_role(group))],
        PathStep::SetsRole(member, group) => vec![("CanSetRole", of_role(member), of_role(group))],
        PathStep::Connects(at, by) => vec![("CanConnect", of_role(by), database(all, at))],
        PathStep::GrantsConnect(at, by) => vec![("CanGrantConnect", of_role(by), database(all, at))],
        PathStep::LetsCreateIn(of, by) => vec![("OwnsSchema", of_role(by), of_object(of))],
        PathStep::GrantsTemporary(at, by) => vec![("CanGrantTemporary", of_role(by), database(all, at))],
        PathStep::HasAdmin(by, of) => vec![("HasAdminOption", of_role(by), of_role(of))],
        PathStep::GrantsRole(of) => vec![("CanGrantItself", login.clone(), of_role(of))],
        PathStep::SetsPassword(by, of) => vec![("CanSetPassword", of_role(by), of_role(of))],
        PathStep::SetsOwnPassword(of) => vec![("CanSetPassword", of_role(of), of_role(of))],
        PathStep::GivesFunction(from, to) => vec![("CanGiveFunction", of_role(from), of_role(to))],
        PathStep::OwnsDatabase(at, by) => vec![("OwnsDatabase", of_role(by), database(all, at))],
        PathStep::Executes(of, by) => vec![("CanExecute", of_role(by), of_object(of))],
        PathStep::CallsDefiner(of, by) => vec![("RunsAs", of_object(of), of_role(by))],
        PathStep::MakesTrigger(of, by) => {
            vec![("CanMakeTrigger", of_role(by), of_object(of)), ("RunsAs", of_object(of), owner(of))]
        }
        PathStep::WritesTo(of, by) => vec![("CanWrite", of_role(by), of_object(of))],
        PathStep::FiresTrigger(table, of) => {
            vec![("FiresTrigger", of_object(table), of_object(of)), ("RunsAs", of_object(of), owner(of))]
        }
        PathStep::MadeServerCall(of) => {
            vec![("ServerCalls", here(of), of_object(of)), ("RunsAs", of_object(of), owner(of))]
        }
        PathStep::Selects(of, by) => vec![("CanSelect", of_role(by), of_object(of))],
        PathStep::ReadsThrough(view, of) => vec![("ReadsFrom", of_object(view), of_object(of))],
        PathStep::CreatesIn(of, by) => vec![("CanCreateIn", of_role(by), of_object(of))],
        PathStep::PutsTrigger(of, by) => vec![("CanPutTrigger", of_role(by), of_object(of))],
        PathStep::AddsCheck(of, by) => vec![("CanAddCheck", of_role(by), of_object(of))],
        PathStep::MakesReference(of, by) => {
            vec![("CanReference", of_role(by), of_object(of)), ("RunsAs", of_object(of), owner(of))]
        }
        PathStep::RoutesTo(of, to) => vec![("RoutesTo", of_object(of), of_object(to))],
        PathStep::Touches(of, used) => {
            vec![("Uses", of_object(of), of_object(used)), ("RunsAs", of_object(of), owner(of))]
        }
        PathStep::NamesObject(of, by) => vec![("CanNameObjectFor", of_role(by), of_object(of))],
        PathStep::FiresEventTrigger(of, by) => {
            vec![("FiresEventTrigger", here(of), of_object(of)), ("RunsAs", of_object(of), of_role(by))]
        }
        PathStep::ReplacesFunction(of, by) => vec![("CanReplace", of_role(by), of_object(of))],
        // These describe the end of the path.
        PathStep::IsSuperuser(_)
        | PathStep::IsServerRole(_)
        | PathStep::HasCreaterole(_)
        | PathStep::IsAdmin(_)
        | PathStep::Opens(_)
        | PathStep::Holds(_)
        | PathStep::ExecutesRows(_)
        | PathStep::Steers(_) => vec![],
    };
    let words = step_in_words(all, step);
    pairs.into_iter().map(|(kind, from, to)| GraphEdge { kind, from, to, words: words.clone() }).collect()
}

fn role(all: &Gathered<'_>, id: RoleId) -> GraphNode {
    role_node(all.role(id))
}

fn role_node(name: &str) -> GraphNode {
    GraphNode { kind: NodeKind::Role, name: name.into() }
}

fn database_node(name: &str) -> GraphNode {
    GraphNode { kind: NodeKind::Database, name: name.into() }
}

fn database(all: &Gathered<'_>, id: DatabaseId) -> GraphNode {
    database_node(all.database(id))
}

fn object(all: &Gathered<'_>, id: ObjectId) -> GraphNode {
    let object = all.object(id);
    GraphNode {
        kind: NodeKind::Object,
        name: format!("{}/{} {}", object.database, object.kind, object.display),
    }
}
