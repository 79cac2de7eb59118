//! Findings from the model of reach: the path is the evidence, and the last object on it is what has to change.

mod bodies;
mod body_text;
mod bounded;
mod closed_schemas;
mod condition;
mod executed_text;
mod fixes;
mod gather;
mod graph;
mod mappings;
mod names;
mod objects;
mod pieces;
mod principals;
mod privileged_text;
mod search_paths;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::context::Audit;
use crate::reach::{AccessGraph, Path, Target, conclude};
pub(crate) use body_text::read_body;
pub(crate) use bounded::computes;
pub(crate) use bounded::is_of_kernel;
pub(crate) use bounded::used_by;
pub(crate) use bounded::{BodyLimits, BodyTables, Returned};
pub(crate) use closed_schemas::is_out_of_reach;
pub(crate) use condition::{RowCondition, parts};
use fixes::{Cause, is_own};
use gather::Gathered;
pub(crate) use mappings::{asks_for_password, is_used_by, opens};
pub(crate) use martydb_model::findings::FindingBuilder;
use martydb_model::findings::ReachedServices;
use martydb_model::findings::Severity::{self, Critical, High, Medium};
pub(crate) use objects::{BoundedFunctions, is_lever};
pub(crate) use pieces::{Piece, UsedName, name_at, pieces};
use principals::gather;

/// Adds findings for everything that the logins reach.
pub(crate) fn judge(audit: &Audit<'_>, bounded: &BoundedFunctions, out: &mut Vec<FindingBuilder>) {
    let mut gathered = gather(audit, bounded);
    let facts = std::mem::take(&mut gathered.facts);
    let causes = fixes::causes(audit, &gathered, facts);
    out.extend(causes.values().map(|cause| finding(audit, &gathered, cause)));
}

/// Returns everything that the logins reach, with every step. At a hundred services this is larger than its input.
pub(crate) fn graph(audit: &Audit<'_>, bounded: &BoundedFunctions) -> AccessGraph {
    let mut gathered = gather(audit, bounded);
    let facts = std::mem::take(&mut gathered.facts);
    let mut conclusions = conclude(&facts);
    conclusions.paths.retain(|path| !is_own(audit, &gathered, path));
    graph::graph(&gathered, &conclusions)
}

fn severity(target: Target) -> Severity {
    match target {
        Target::Superuser | Target::Files | Target::ServiceRole(_) | Target::ServiceDatabase(_) => Critical,
        Target::Verifiers | Target::OtherDatabases | Target::SuperuserVisit(_) => High,
        Target::Admin(_) => Medium,
    }
}

/// Returns the services that the targets of paths expose.
fn exposure(audit: &Audit<'_>, gathered: &Gathered<'_>, paths: &[Path]) -> ReachedServices {
    let service = |path: &Path| match path.target {
        Target::ServiceRole(role) => audit.service_of_role(gathered.role(role)),
        Target::ServiceDatabase(database) => audit.service_of(gathered.database(database)),
        _ => None,
    };
    let services: Option<BTreeSet<String>> =
        paths.iter().map(|path| service(path).map(|service| service.name.to_string())).collect();
    services.map_or(ReachedServices::Server, ReachedServices::Services)
}

/// Makes one finding for all paths that the same change ends; the shortest is its evidence.
fn finding(audit: &Audit<'_>, gathered: &Gathered<'_>, cause: &Cause<'_>) -> FindingBuilder {
    let paths = &cause.paths;
    let worst = paths.iter().map(|path| severity(path.target)).max().unwrap_or(Medium);
    let shortest =
        paths.iter().filter(|path| severity(path.target) == worst).min_by_key(|path| path.steps.len());
    let shortest = shortest.unwrap_or(&paths[0]);
    let logins: BTreeSet<_> = paths.iter().map(|path| path.login).collect();
    let others = match logins.len() - 1 {
        0 => String::new(),
        1 => "; the same for 1 other login".into(),
        count => format!("; the same for {count} other logins"),
    };
    let seen = names::describe(gathered, shortest) + &others;
    let found = cause.kind.of(cause.role).at(worst).evidence(seen).exposing(exposure(audit, gathered, paths));
    let Some(id) = cause.object else {
        let Target::Admin(role) = shortest.target else { return found };
        let found = found.object(format!("role {}", gathered.role(role)));
        return fixes::instead(audit, gathered, cause, found);
    };
    let object = gathered.object(id);
    let found = found.service(audit.service_of(object.database)).database(object.database);
    let found = found.object(format!("{} {}", object.kind, object.display));
    if cause.repairs.is_empty() {
        return fixes::instead(audit, gathered, cause, found);
    }
    found.fixes(cause.repairs.clone())
}
