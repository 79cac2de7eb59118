//! Scratch databases of martydb's own runs: a working copy of a service while the run is alive, one finding afterwards.
//! Pure.

use martydb_apply::scratch;
use martydb_catalog::Snapshot;
use martydb_model::findings::{Finding, PUBLIC, SCRATCH_LEFT};
use martydb_model::grants::{Repair, RepairScope};
use martydb_model::sql::stmt;

/// Replaces all findings about a scratch database by one, if no run is using it.
pub(crate) fn summarize(server: &str, catalog: &Snapshot, findings: &mut Vec<Finding>) {
    let all = scratch::of_trusted(&catalog.actual);
    let is_inside = |finding: &Finding| {
        let is = |name: &str| all.iter().any(|scratch| scratch.as_str() == name);
        let named = finding.object.as_deref().and_then(|object| object.strip_prefix("database "));
        finding.database.as_deref().is_some_and(is) || named.is_some_and(is)
    };
    findings.retain(|finding| !is_inside(finding));
    let left = all.into_iter().filter(|name| !catalog.state.scratch.contains(name.as_str()));
    findings.extend(left.map(|name| {
        let found = SCRATCH_LEFT.of(PUBLIC).object(format!("database {name}"));
        let seen = "left by a run that died; after a restore it is a full copy of the service";
        let drop = Repair::drop(RepairScope::Server, stmt!("DROP DATABASE {name}"));
        found.evidence(seen).fix(drop.outside_transactions()).on(server)
    }));
}
