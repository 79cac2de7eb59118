//! Findings from a server's settings. Pure.

use martydb_manifest::DEFAULT_USER;
use martydb_model::findings::{Finding, PUBLIC, REDIS_SETTING, Severity};

use crate::actual::{ActualRedis, UserStorage};
use crate::desired::DesiredRedis;
use crate::session::is_local;

pub(crate) fn settings(desired: &DesiredRedis, actual: &ActualRedis) -> Vec<Finding> {
    let all = commands(actual).into_iter().chain(network(desired, actual)).chain(storage(actual));
    let finding = |(name, severity, evidence): (&str, Severity, String)| {
        let finding = REDIS_SETTING.of(PUBLIC).at(severity).object(format!("setting {name}"));
        finding.evidence(evidence).on(&desired.server.name)
    };
    all.map(finding).collect()
}

/// Name, severity and evidence of a setting.
type Loosened = (&'static str, Severity, String);

fn is(actual: &ActualRedis, name: &str, value: &str) -> bool {
    actual.setting(name) == Some(value)
}

fn commands(actual: &ActualRedis) -> Vec<Loosened> {
    let mut found: Vec<Loosened> = vec![];
    for name in ["enable-debug-command", "enable-module-command"] {
        if let Some(value) = actual.setting(name).filter(|value| *value != "no") {
            found.push((
                name,
                Severity::Low,
                format!("it is {value}: a user with the command takes the server"),
            ));
        }
    }
    if is(actual, "acl-pubsub-default", "allchannels") {
        let evidence = "a user that is made without channels gets all of them";
        found.push(("acl-pubsub-default", Severity::Low, evidence.into()));
    }
    if actual.modules > 0 {
        found.push(("loadmodule", Severity::Low, format!("modules are loaded: {}", actual.modules)));
    }
    found
}

fn network(desired: &DesiredRedis, actual: &ActualRedis) -> Vec<Loosened> {
    let mut found: Vec<Loosened> = vec![];
    if is(actual, "protected-mode", "no") {
        let default = actual.users.get(DEFAULT_USER);
        let is_open = default.is_some_and(|user| user.has("on") && user.has("nopass"));
        let severity = if is_open { Severity::High } else { Severity::Low };
        let evidence = "clients of every host may connect without a password while the user default is on";
        found.push(("protected-mode", severity, evidence.into()));
    }
    if !desired.server.tls && !is_local(&desired.server.host) {
        let evidence = "passwords cross the network in clear text: the url is not rediss://";
        found.push(("tls-port", Severity::Medium, evidence.into()));
    } else if !is(actual, "port", "0") && binds_beyond(actual) {
        let evidence = "the server accepts connections without TLS from other hosts";
        found.push(("bind", Severity::Low, evidence.into()));
    }
    found
}

fn storage(actual: &ActualRedis) -> Option<Loosened> {
    let evidence = "the server keeps its users in memory only: a restart loses them";
    (actual.storage == UserStorage::None).then(|| ("aclfile", Severity::Low, evidence.into()))
}

/// Returns `true` if the server listens on an address of the network. A minus sign marks an address that may be missing.
fn binds_beyond(actual: &ActualRedis) -> bool {
    let addresses = actual.setting("bind").unwrap_or_default();
    addresses.split_ascii_whitespace().any(|address| !is_local(address.trim_start_matches('-')))
}
