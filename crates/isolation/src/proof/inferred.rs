//! Logins that cannot be tried because their passwords are unknown. The catalog's result is reported instead and
//! marked as inferred; it never counts as an observed denial.

use std::collections::{HashMap, HashSet};

use super::breaches::{WAY, access_paths};
use super::hba::{Client, treatments};
use super::listeners::ConnectionType;
use crate::probe::{AccessPolicy, Probe, ProbeDatabase, ProbeLocation, ProbeLogin, Task, Verdict};
use martydb_catalog::{HbaLine, NotExamined};
use martydb_model::{ActualServer, DbName};

pub(crate) struct LoginRules<'a> {
    pub server: &'a ActualServer,
    /// Rules of pg_hba.conf, if the admin may read them.
    pub hba: Option<&'a [HbaLine]>,
    pub transport: ConnectionType,
}

/// Returns `true` if the probe was inferred: only these name how they were made.
pub(crate) fn is_inferred(probe: &Probe) -> bool {
    probe.way.is_some()
}

/// Returns the matrix with an inferred probe for each missing one, and a note for each login that has any.
pub(crate) fn complete(
    task: &Task,
    known: &LoginRules<'_>,
    matrix: Vec<Probe>,
) -> (Vec<Probe>, Vec<NotExamined>) {
    let unknown: Vec<&ProbeLogin> = task.logins.iter().filter(|login| login.password.is_none()).collect();
    let by_role: HashMap<&str, &ProbeLogin> =
        unknown.iter().map(|login| (login.role.as_str(), *login)).collect();
    let databases: HashMap<&str, &ProbeDatabase> =
        task.databases.iter().map(|database| (database.name.as_str(), database)).collect();
    let login_of = |probe: &Probe| {
        let untried = probe.sqlstate.is_none() && probe.outcome == Verdict::Inconclusive;
        by_role.get(probe.role.as_str()).filter(|_| untried)
    };
    let complete = |probe: Probe| match login_of(&probe) {
        Some(login) => {
            let database = databases.get(probe.database.as_str()).copied();
            infer(probe, database, login, known)
        }
        None => probe,
    };
    let matrix: Vec<Probe> = matrix.into_iter().map(complete).collect();
    let inferred = matrix.iter().filter(|probe| is_inferred(probe)).map(|probe| probe.role.as_str());
    let inferred: HashSet<&str> = inferred.collect();
    let is_noted = |login: &&&ProbeLogin| inferred.contains(login.role.as_str());
    let why = "its password is not in the secret store, so its logins were simulated from the catalog";
    let note = |login: &&ProbeLogin| {
        NotExamined::new(format!("what {} of {} can connect to", login.role, login.service), why)
    };
    let notes = unknown.iter().filter(is_noted).map(note).collect();
    (matrix, notes)
}

fn infer(
    probe: Probe,
    database: Option<&ProbeDatabase>,
    login: &ProbeLogin,
    known: &LoginRules<'_>,
) -> Probe {
    let foreseen = DbName::found(&probe.database)
        .map_err(|_| "its name is not a valid database name".to_owned())
        .and_then(|name| enters(known, login, &name));
    let closed = database.is_none_or(|found| found.policy == AccessPolicy::Closed);
    let breached = foreseen.is_ok() && probe.place == ProbeLocation::Foreign && closed;
    let outcome = if breached { Verdict::Breach } else { Verdict::Inconclusive };
    let words = match foreseen {
        Ok(why) => format!("it could connect: {why}"),
        Err(why) => format!("it would be refused: {why}"),
    };
    let unread = if known.hba.is_none() { "; pg_hba.conf could not be read" } else { "" };
    let why = Some(format!("{WAY}, since its password is not known: {words}{unread}"));
    Probe { outcome, why, way: Some(WAY.into()), ..probe }
}

/// Applies the server's checks in their order. Returns the reason why it would accept the login, or the reason why
/// not.
fn enters(known: &LoginRules<'_>, login: &ProbeLogin, database: &DbName) -> Result<String, String> {
    let role = known.server.roles.get(&login.role).ok_or("the role does not exist")?;
    let found = known.server.databases.get(database).ok_or("the database does not exist")?;
    if let Some(lines) = known.hba {
        let client = Client {
            transport: known.transport,
            role: login.role.as_str(),
            database: Some(database.as_str()),
        };
        // A line that only may match could also accept the login, so it does not prove a rejection.
        if treatments(lines, &client).iter().all(|(_, method, _)| *method == "reject") {
            return Err("pg_hba.conf has no line that accepts it".into());
        }
    }
    if !role.login {
        return Err("it may not log in (NOLOGIN)".into());
    }
    if role.expired {
        return Err("its password has expired".into());
    }
    if !found.allow_connections {
        return Err("the database accepts no connections".into());
    }
    let paths = access_paths(known.server, &login.role, database);
    if paths.is_empty() {
        return Err("it lacks CONNECT, of its own as well as through PUBLIC or a group".into());
    }
    Ok(paths.iter().map(|path| path.why.as_str()).collect::<Vec<_>>().join(", and "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::hba_line as line;
    use martydb_model::{AclEntry, ActualDatabase, ActualRole, Grantee, RoleKind, RoleName, ServiceName};

    #[test]
    fn the_catalog_decides_in_the_servers_order() {
        let role = RoleName::new("a").unwrap();
        let database = DbName::new("b").unwrap();
        let login = ProbeLogin {
            service: ServiceName::new("s").unwrap(),
            kind: RoleKind::App,
            role: role.clone(),
            database: DbName::new("own").unwrap(),
            also: vec![],
            further: false,
            replicates: false,
            password: None,
        };
        let entry = AclEntry {
            grantee: Grantee::Public,
            grantor: RoleName::new("adm").unwrap(),
            privilege: "CONNECT".into(),
            grantable: false,
        };
        let open = ActualDatabase {
            owner: "adm".into(),
            allow_connections: true,
            acl: vec![entry],
            ..ActualDatabase::default()
        };
        let server = |change: &dyn Fn(&mut ActualRole, &mut ActualDatabase)| {
            let (mut found, mut place) = (ActualRole { login: true, ..ActualRole::default() }, open.clone());
            change(&mut found, &mut place);
            ActualServer {
                roles: [(role.clone(), found)].into(),
                databases: [(database.clone(), place)].into(),
                ..ActualServer::default()
            }
        };
        let transport = ConnectionType::Tcp { client: None, tls: None };
        let scram = [line("all", "scram-sha-256")];
        let reject = [line("b", "reject"), line("all", "scram-sha-256")];
        type Change = fn(&mut ActualRole, &mut ActualDatabase);
        type Case<'a> = (Change, Option<&'a [HbaLine]>, Result<&'a str, &'a str>);
        let cases: &[Case<'_>] = &[
            (|_, _| (), Some(&scram), Ok("PUBLIC holds CONNECT")),
            (|_, _| (), None, Ok("PUBLIC holds CONNECT")),
            (|_, _| (), Some(&[]), Err("pg_hba.conf")),
            (|_, _| (), Some(&reject), Err("pg_hba.conf")),
            (|role, _| role.login = false, Some(&scram), Err("NOLOGIN")),
            (|role, _| role.expired = true, Some(&scram), Err("expired")),
            (|_, place| place.allow_connections = false, Some(&scram), Err("no connections")),
            (|_, place| place.acl.clear(), Some(&scram), Err("lacks CONNECT")),
            (
                |role, place| {
                    place.acl.clear();
                    role.superuser = true;
                },
                Some(&scram),
                Ok("superuser"),
            ),
        ];
        for (change, hba, expected) in cases {
            let server = server(change);
            let foreseen = enters(&LoginRules { server: &server, hba: *hba, transport }, &login, &database);
            match (&foreseen, expected) {
                (Ok(why), Ok(words)) | (Err(why), Err(words)) => assert!(why.contains(words), "{why}"),
                _ => panic!("{foreseen:?}, not {expected:?}"),
            }
        }
    }
}
