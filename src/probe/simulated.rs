//! A login whose password nobody knows cannot be tried. What the catalogue says of it is told instead, and told as
//! that: it is never a denial that somebody saw.

use super::finding::{Finding, Source, findings};
use super::hba::{Comer, treatments};
use super::listeners::Side;
use super::matrix::{Matrix, Place, Probe, summarise};
use super::task::{ProbeLogin, Task};
use super::verdict::{Door, Verdict};
use super::ways::{Way, ways_in};
use crate::audit::NotExamined;
use crate::audit::facts::HbaLine;
use crate::model::{ActualServer, DbName};

/// How such a probe was made.
const WAY: &str = "simulated from the catalogue";

/// What there is to go by.
pub struct Known<'a> {
    /// The shared catalogues.
    pub server: &'a ActualServer,
    /// The rules of pg_hba.conf, if the admin may read them.
    pub hba: Option<&'a [HbaLine]>,
    /// Where the logins come in.
    pub side: Side,
}

/// Decides what could not be tried. Returns what would have been looked at.
pub fn simulate(matrix: &mut Matrix, task: &Task, known: &Known<'_>) -> Vec<NotExamined> {
    let mut missed = vec![];
    for login in task.logins.iter().filter(|login| login.password.is_none()) {
        let untried = |probe: &&mut Probe| {
            probe.role == login.role.as_str()
                && probe.sqlstate.is_none()
                && probe.outcome == Verdict::Inconclusive
        };
        let mut any = false;
        for probe in matrix.matrix.iter_mut().filter(untried) {
            foretell(probe, task, login, known);
            any = true;
        }
        if any {
            missed.push(NotExamined {
                what: format!("what {} of {} really reaches", login.role, login.service),
                why:
                    "its password is not in the secret store, so its logins were simulated from the catalogue"
                        .into(),
                grant: None,
            });
        }
    }
    matrix.summary = summarise(&matrix.matrix).beside(&matrix.trials);
    let new = simulated(matrix, task, known.server);
    matrix.findings.extend(new);
    missed
}

fn foretell(probe: &mut Probe, task: &Task, login: &ProbeLogin, known: &Known<'_>) {
    let place = task.databases.iter().find(|found| found.name.as_str() == probe.database);
    let foreseen = DbName::found(&probe.database)
        .map_err(|_| "its name is odd".to_owned())
        .and_then(|database| enters(known, login, &database));
    let closed = place.is_none_or(|found| found.door == Door::Closed);
    probe.way = Some(WAY.into());
    probe.outcome = match (&foreseen, probe.place) {
        (Ok(_), Place::Foreign) if closed => Verdict::Breach,
        _ => Verdict::Inconclusive,
    };
    let words = match foreseen {
        Ok(why) => format!("it would be let in: {why}"),
        Err(why) => format!("it would be refused: {why}"),
    };
    let unread = if known.hba.is_none() { "; pg_hba.conf could not be read" } else { "" };
    probe.why = Some(format!("{WAY}, since its password is not known: {words}{unread}"));
}

/// What the server would look at, in its order. Why it would let the login in, or else why not.
fn enters(known: &Known<'_>, login: &ProbeLogin, database: &DbName) -> Result<String, String> {
    let role = known.server.roles.get(&login.role).ok_or("the role does not exist")?;
    let found = known.server.databases.get(database).ok_or("the database does not exist")?;
    if let Some(lines) = known.hba {
        let comer = Comer { side: known.side, role: login.role.as_str(), database: Some(database.as_str()) };
        // A line that only may fit may also let in: it is no reason to be refused.
        if treatments(lines, &comer).iter().all(|(_, method, _)| *method == "reject") {
            return Err("pg_hba.conf has no line that lets it in".into());
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
    let ways = ways_in(known.server, &login.role, database);
    match ways.is_empty() {
        true => Err("it holds no CONNECT, neither itself nor through PUBLIC or a group".into()),
        false => Ok(ways.iter().map(Way::describe).collect::<Vec<_>>().join(", and ")),
    }
}

/// The same findings as for a login that was seen, but for how they were seen.
fn simulated(matrix: &Matrix, task: &Task, server: &ActualServer) -> Vec<Finding> {
    let probes: Vec<Probe> =
        matrix.matrix.iter().filter(|probe| probe.way.as_deref() == Some(WAY)).cloned().collect();
    let mut found = findings(task, &probes, Some(server));
    found.retain(|finding| matrix.findings.iter().all(|other| other.key() != finding.key()));
    for finding in &mut found {
        finding.kind = Source::Audit;
        let evidence = ["was let in", "were let in"]
            .iter()
            .fold(finding.evidence.clone(), |text, seen| text.replace(seen, "would be let in"));
        finding.evidence = format!("{WAY}, since the password is not known: {evidence}");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AclEntry, ActualDatabase, ActualRole, Grantee, RoleKind, RoleName, ServiceName};

    fn line(database: &str, method: &str) -> HbaLine {
        HbaLine {
            line: 1,
            file: None,
            kind: Some("host".into()),
            databases: vec![database.into()],
            users: vec!["all".into()],
            address: Some("all".into()),
            netmask: None,
            method: Some(method.into()),
            options: vec![],
            error: None,
        }
    }

    #[test]
    fn the_catalogue_decides_in_the_servers_order() {
        let role = RoleName::new("a").unwrap();
        let database = DbName::new("b").unwrap();
        let login = ProbeLogin {
            service: ServiceName::new("s").unwrap(),
            kind: RoleKind::App,
            role: role.clone(),
            database: DbName::new("own").unwrap(),
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
        let side = Side::Tcp { client: None, tls: None };
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
            (|_, place| place.acl.clear(), Some(&scram), Err("no CONNECT")),
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
            let foreseen = enters(&Known { server: &server, hba: *hba, side }, &login, &database);
            match (&foreseen, expected) {
                (Ok(why), Ok(words)) | (Err(why), Err(words)) => assert!(why.contains(words), "{why}"),
                _ => panic!("{foreseen:?}, not {expected:?}"),
            }
        }
    }
}
