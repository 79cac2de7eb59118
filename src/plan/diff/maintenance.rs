//! The maintenance database and `template1`: PUBLIC's rights there are a meeting room for every login.

use super::Look;
use super::acl::{Acl, Wanted};
use crate::model::DbName;
use crate::plan::{Object, Risk};

/// Databases that every cluster has and every login can enter by default.
fn rooms(look: &Look<'_>) -> Vec<DbName> {
    let names = [look.actual.maintenance.as_str(), "postgres", "template1"];
    let mut rooms: Vec<DbName> = names.iter().filter_map(|name| DbName::found(*name).ok()).collect();
    rooms.sort();
    rooms.dedup();
    rooms
}

pub fn diff(look: &mut Look<'_>) {
    if !look.desired.close_maintenance {
        return;
    }
    // Any service will do to collect with: the steps are given back to the server as a whole below.
    let Some(service) = look.desired.services.values().next() else { return };
    let risk = if look.desired.embedded { Risk::Safe } else { Risk::Caution };
    for room in rooms(look) {
        let Some(found) = look.actual.databases.get(&room) else { continue };
        let mut steps = super::Steps::new(service);
        let acl = Acl {
            on: Object::Database(room.clone()),
            owner: &found.owner,
            found: &found.acl,
            public_risk: risk,
        };
        acl.beyond(look, &Wanted::new(), &mut steps);
        let whole = |mut step: crate::plan::Step| {
            step.service = None;
            step.database = Some(room.clone());
            step
        };
        look.plan.steps.extend(steps.found.into_iter().map(whole));
    }
}
