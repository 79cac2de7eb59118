//! Gap of the record of runs, which is a table of the maintenance database.

use crate::step::{DbaRequest, PrivilegeGap};
use martydb_model::sql::stmt;
use martydb_model::{ActualServer, DbName, DesiredServer, RecordPlace};

/// Returns the gap, if the admin cannot write the record here.
pub(crate) fn limit(desired: &DesiredServer, actual: &ActualServer) -> Option<PrivilegeGap> {
    let facts = actual.run_record.as_ref().filter(|_| !actual.standby && !desired.services.is_empty())?;
    let (admin, database) = (&actual.admin.name, &actual.maintenance);
    let gap =
        |why: String| PrivilegeGap::without_grant(&desired.name, None, "keep the record of runs".into(), why);
    if desired.owning_service(database).is_some() {
        return Some(gap(format!("the admin connects to database {database}, which is a service's")));
    }
    match facts.place() {
        RecordPlace::Ready | RecordPlace::ToMake { .. } => None,
        RecordPlace::Foreign(why) => Some(gap(why)),
        RecordPlace::NotAllowed => {
            let request = request(actual);
            let grant = request.as_ref().map(DbaRequest::text);
            let why = format!("{admin} lacks CREATE on database {database}");
            Some(PrivilegeGap { grant, request, ..gap(why) })
        }
    }
}

fn request(actual: &ActualServer) -> Option<DbaRequest> {
    let admin = actual.admin_role()?;
    let asked = stmt!("CREATE SCHEMA martydb AUTHORIZATION {admin}");
    let database = DbName::found(actual.maintenance.clone()).ok()?;
    Some(DbaRequest { database: Some(database), statements: vec![asked.shown().to_owned()] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::RunRecordFacts;
    use martydb_samples::{desired, empty};

    #[test]
    fn a_limited_admin_asks_for_the_schema_alone() {
        let (desired, mut actual) = (desired(&["red"]), empty(150_000));
        actual.maintenance = "postgres".into();
        let found = |may_create| Some(RunRecordFacts { may_create, schema: None, table: None });
        actual.run_record = found(true);
        assert_eq!(limit(&desired, &actual), None);
        actual.run_record = found(false);
        let asked = limit(&desired, &actual).expect("a gap").grant.expect("a request");
        let admin = &actual.admin.name;
        assert_eq!(
            asked,
            format!("in database {}: CREATE SCHEMA martydb AUTHORIZATION \"{admin}\"", actual.maintenance)
        );
    }
}
