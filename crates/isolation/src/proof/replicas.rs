//! Replicas: what the proof of a server leaves open about them. Pure.
//!
//! A standby replays the catalogs of its primary, so their findings are the primary's. Its pg_hba.conf, its settings and
//! its sessions are its own. A replica that is not in recovery, such as a worker of a Citus cluster, has catalogs of its
//! own too.

use std::collections::{BTreeMap, BTreeSet};

use super::assessment::{ServerJudgement, VerifiedServer};
use martydb_catalog::{NotExamined, Unread};
use martydb_manifest::{Manifest, Replica, ServerUrl};
use martydb_model::DesiredService;
use martydb_model::error::Error;
use martydb_model::findings::{
    Finding, FindingKind, HBA_CLEARTEXT, HBA_ERROR, HBA_EXTERNAL, HBA_MAP, HBA_TRUST, HBA_UNLOADED, PUBLIC,
    SECRET, SERVER_SETTING, SESSION, UNPROVEN_READ, UNSEARCHED,
};
use martydb_model::units::listed;
use martydb_pg::server::{Endpoint, Host};

/// Kinds of findings about what a standby does not replay.
const OWN_OF_STANDBY: &[&FindingKind] =
    &[HBA_TRUST, HBA_MAP, HBA_CLEARTEXT, HBA_EXTERNAL, HBA_ERROR, HBA_UNLOADED, SERVER_SETTING, SESSION];

/// Kinds of findings about texts, of which the settings of the server's files are the standby's own.
const TEXTS: &[&FindingKind] = &[SECRET, UNSEARCHED];

/// Returns `true` for a finding of a standby's catalogs that its primary does not have.
pub(crate) fn is_own_of_standby(finding: &Finding) -> bool {
    let is = |kinds: &[&FindingKind]| kinds.iter().any(|kind| finding.is(kind));
    let is_setting = || finding.object.as_deref().is_some_and(|object| object.starts_with("setting "));
    is(OWN_OF_STANDBY) || is(TEXTS) && finding.database.is_none() && is_setting()
}

/// Marks everything of a judgement with the replica that it is about. What the primary says too is left out: the
/// platform's limits, and services that are not provisioned.
pub(crate) fn judgement_at(mut judged: ServerJudgement, replica: &str) -> ServerJudgement {
    let at = || Some(replica.to_owned());
    judged.matrix.iter_mut().chain(&mut judged.extra).for_each(|probe| probe.at = at());
    judged.findings.iter_mut().for_each(|one| one.at = at());
    judged.provider.findings.iter_mut().for_each(|(one, _)| one.at = at());
    judged.unread.iter_mut().for_each(|one| one.at = at());
    let named =
        |note: NotExamined| NotExamined { what: format!("{} (replica {replica})", note.what), ..note };
    judged.not_examined = judged.not_examined.into_iter().map(named).collect();
    judged.provider.limits.clear();
    judged.server.unprovisioned.clear();
    judged.server.at = at();
    judged
}

/// Makes the judgement of a replica that could not be asked: it proves nothing, so the run is not green.
pub(crate) fn unreachable(server: &str, replica: &str, error: &Error) -> ServerJudgement {
    let (name, at) = (server.to_owned(), Some(replica.to_owned()));
    let server = VerifiedServer { name: name.clone(), at: at.clone(), ..VerifiedServer::default() };
    let (what, why) = (server.in_words(), error.to_string());
    let unread = Unread { service: None, server: name, at, database: None, what, why };
    ServerJudgement { server, unread: vec![unread], ..ServerJudgement::default() }
}

/// Host in lower case, and port.
type Place = (String, u16);

fn place(host: &str, port: u16) -> Place {
    (host.to_ascii_lowercase(), port)
}

fn place_of(url: &ServerUrl) -> Place {
    place(&url.host, url.port)
}

/// Returns a finding for each host of the services' `app_url.read` that is neither the address at which the server was
/// proven nor a declared replica.
pub(crate) fn unproven_addresses(
    manifest: &Manifest,
    server: &str,
    proven: &Endpoint,
    services: &[DesiredService],
) -> Vec<Finding> {
    let declared = manifest.servers[server].replicas.iter().map(|replica: &Replica| place_of(&replica.url));
    let known: BTreeSet<Place> = declared.chain(endpoint_place(proven)).collect();
    let mut unproven: BTreeMap<Place, Vec<&DesiredService>> = BTreeMap::new();
    for service in services.iter().filter(|service| service.server == server) {
        let read = manifest.app_urls.get(&service.name).and_then(|urls| urls.read.as_ref());
        for (host, port) in read.iter().flat_map(|url| &url.hosts) {
            let place = place(host, *port);
            if !known.contains(&place) {
                unproven.entry(place).or_default().push(service);
            }
        }
    }
    unproven.into_iter().map(|(place, services)| finding(server, &place, &services)).collect()
}

fn endpoint_place(endpoint: &Endpoint) -> Option<Place> {
    match &endpoint.host {
        Host::Tcp(host) => Some(place(host, endpoint.port)),
        Host::Socket(_) => None,
    }
}

fn finding(server: &str, (host, port): &Place, services: &[&DesiredService]) -> Finding {
    let names: Vec<_> = services.iter().map(|service| service.name.as_str()).collect();
    let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let seen = format!(
        "app_url.read of {} names {address}, which is not a declared replica of server {server}: its pg_hba.conf and its \
         settings are not proven",
        listed(&names)
    );
    let one = Some(services[0]).filter(|_| services.len() == 1);
    let found = UNPROVEN_READ.of(PUBLIC).service(one).object(format!("address {address}")).evidence(seen);
    let entry = format!("servers.{server}.replicas: [{{ name: r1, url: \"postgresql://{address}\" }}]");
    found.advice(&format!("declare it in the manifest: {entry}")).on(server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::findings::OBJECT_OWNER;

    #[test]
    fn only_what_a_standby_does_not_replay_is_its_own() {
        let own = [
            HBA_TRUST.of("all").object("pg_hba.conf:3").on("main"),
            SECRET.of("mon").object("setting primary_conninfo").on("main"),
        ];
        let replayed = [
            OBJECT_OWNER.of("x").database("a").object("table t").on("main"),
            SECRET.of("x").database("a").object("setting x.y").on("main"),
            SECRET.of("x").object("comment of role x").on("main"),
        ];
        assert!(own.iter().all(is_own_of_standby));
        assert!(!replayed.iter().any(is_own_of_standby));
    }
}
