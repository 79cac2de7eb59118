//! The maintenance database and `template1`: PUBLIC's rights there are a meeting room for every login.
//!
//! An admin who is no superuser may have come in with PUBLIC. It gets CONNECT of its own first, in the same transaction
//! and in what a DBA is asked for, or closing the door would lock it out.

use super::acl::{Acl, Wanted};
use super::comparison::Comparison;
use super::service_steps::ServiceSteps;
use crate::contract::{Privilege, Privileges};
use crate::model::{DbName, Grantee, RoleName};
use crate::plan::action::Action;
use crate::plan::lockout::needs_public;
use crate::plan::object::Object;
use crate::plan::stage::{Risk, Stage};
use crate::plan::step::Step;

/// Databases that every cluster has and every login can enter by default.
fn rooms(look: &Comparison<'_>) -> Vec<DbName> {
    let names = [look.actual.maintenance.as_str(), "postgres", "template1"];
    let mut rooms: Vec<DbName> = names.iter().filter_map(|name| DbName::found(*name).ok()).collect();
    rooms.sort();
    rooms.dedup();
    rooms
}

pub fn diff(look: &mut Comparison<'_>) {
    if !look.desired.close_maintenance {
        return;
    }
    // Any service will do to collect with: the steps are given back to the server as a whole below.
    let Some(service) = look.desired.services.values().next() else { return };
    let risk = if look.desired.embedded { Risk::Safe } else { Risk::Caution };
    for room in rooms(look) {
        let Some(found) = look.actual.databases.get(&room) else { continue };
        let mut steps = ServiceSteps::new(service);
        let acl = Acl {
            on: Object::Database(room.clone()),
            owner: &found.owner,
            found: &found.acl,
            public_risk: risk,
        };
        acl.beyond(look, &own(look, &room), &mut steps);
        keep_in(look, &room, &mut steps);
        let whole = |mut step: Step| {
            step.service = None;
            step.database = Some(room.clone());
            step
        };
        look.plan.steps.extend(steps.found.into_iter().map(whole));
    }
}

/// The room's way in that is the admin's own.
fn own(look: &Comparison<'_>, room: &DbName) -> Wanted {
    let admin = RoleName::found(look.actual.admin.name.clone()).ok();
    let admin = admin.filter(|_| room.as_str() == look.actual.maintenance && !look.actual.admin.superuser);
    admin.into_iter().map(|admin| (Grantee::Role(admin), [Privilege::Connect].into())).collect()
}

fn keep_in(look: &Comparison<'_>, room: &DbName, steps: &mut ServiceSteps<'_>) {
    let closes = !steps.found.is_empty();
    let left_out = own(look, room).into_keys().filter_map(|grantee| match grantee {
        Grantee::Role(admin) if closes && needs_public(look.actual, room, &admin) => Some(admin),
        _ => None,
    });
    for admin in left_out {
        let reason = format!("{admin} can connect to {room} only through PUBLIC");
        let privileges = Privileges::new([Privilege::Connect]);
        let action =
            Action::Grant { on: Object::Database(room.clone()), privileges, to: Grantee::Role(admin) };
        let step = steps.step(Stage::AlterDatabase, Risk::Safe, action, reason);
        steps.found.insert(0, step);
    }
}
