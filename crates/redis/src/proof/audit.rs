//! Findings from the users of a server: what each may run, and on which keys and channels. Pure.

use std::collections::{BTreeMap, BTreeSet};

use martydb_manifest::{DEFAULT_USER, FURTHER_COMMANDS, RedisService};
use martydb_model::RoleKind;
use martydb_model::findings::{
    Finding, FindingBuilder, PUBLIC, REDIS_COMMAND, REDIS_DEFAULT, REDIS_FURTHER, REDIS_PASSWORD,
    REDIS_PATTERN, REDIS_REACH, REDIS_SCRIPTS, REDIS_SHARED, REDIS_UNMANAGED, REDIS_UNSAVED, Severity,
};
use martydb_model::units::{counted, first_of};

use super::settings::settings;
use crate::actual::{ActualRedis, ActualUser, StoredForm};
use crate::contract;
use crate::desired::{DesiredRedis, DesiredUser};
use crate::pattern::{is_within, overlaps};

/// Number of commands that evidence names.
const MAX_NAMED: usize = 12;

/// Flag of a user whose RESTORE reads a value without a check: a crafted one corrupts the server's memory.
const SKIPS_CHECK: &str = "skip-sanitize-payload";

/// Returns the findings, worst first. `admin` is the user of the admin's session.
pub(crate) fn audit(desired: &DesiredRedis, actual: &ActualRedis, admin: &str) -> Vec<Finding> {
    let mut all = vec![];
    for user in desired.users.values() {
        if let Some(found) = actual.users.get(&user.name()) {
            all.extend(reach(desired, user, found));
            all.extend(commands(desired, actual, user, found));
            all.extend(passwords(user, found).map(|one| one.on(&desired.server.name)));
        }
    }
    all.extend(default_user(desired, actual));
    all.extend(unmanaged(desired, actual, admin));
    all.extend(unsaved(desired, actual));
    all.extend(scripts(desired));
    all.extend(further_commands(desired));
    all.extend(shared(desired, actual));
    all.extend(settings(desired, actual));
    all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    all
}

fn repaired(finding: FindingBuilder, user: &DesiredUser) -> FindingBuilder {
    finding.advice(&format!("martydb apply --service {}", user.service.service))
}

/// Returns the text of a pattern of keys or channels.
fn bare(pattern: &str) -> &str {
    let pattern = pattern.trim_start_matches(['%', 'R', 'W']);
    pattern.strip_prefix(['~', '&']).unwrap_or(pattern)
}

/// Returns the patterns that may match a key or a channel with this prefix.
fn crossing<'a>(found: &'a ActualUser, prefix: &str) -> Vec<&'a str> {
    found.all_keys().chain(found.all_channels()).filter(|pattern| overlaps(bare(pattern), prefix)).collect()
}

fn reach(desired: &DesiredRedis, user: &DesiredUser, found: &ActualUser) -> Vec<Finding> {
    let others = desired.services.iter().filter(|other| other.service != user.service.service);
    let mut all: Vec<Finding> = others.filter_map(|other| reach_of(desired, user, found, other)).collect();
    let prefixes = desired.prefixes();
    let patterns = found.all_keys().chain(found.all_channels());
    let outside = patterns.filter(|pattern| {
        let own = user.kind == RoleKind::App
            && contract::keyspace_channels(&user.service).any(|channel| is_within(bare(pattern), &channel));
        !own && !is_within(bare(pattern), &user.service.prefix)
            && !prefixes
                .iter()
                .any(|prefix| *prefix != user.service.prefix && overlaps(bare(pattern), prefix))
    });
    let outside: Vec<&str> = outside.collect();
    if !outside.is_empty() {
        let finding = REDIS_PATTERN.of(user.name()).service_name(Some(&user.service.service));
        let finding = finding.object(format!("patterns {}", outside.join(" ")));
        let finding = finding.evidence(format!("its prefix is {}", user.service.prefix));
        all.push(repaired(finding, user).on(&desired.server.name));
    }
    all
}

fn reach_of(
    desired: &DesiredRedis,
    user: &DesiredUser,
    found: &ActualUser,
    other: &RedisService,
) -> Option<Finding> {
    let patterns = crossing(found, &other.prefix);
    let tried: Vec<&String> = found.reach.get(&other.prefix).into_iter().flatten().collect();
    if patterns.is_empty() && tried.is_empty() {
        return None;
    }
    let by = if patterns.is_empty() { String::new() } else { format!("it has {}", patterns.join(" ")) };
    let ran =
        if tried.is_empty() { String::new() } else { format!("it may run {}", first_of(&tried, MAX_NAMED)) };
    let evidence: Vec<String> = [by, ran].into_iter().filter(|part| !part.is_empty()).collect();
    let finding = REDIS_REACH.of(user.name()).service_name(Some(&other.service)).database(&other.prefix);
    Some(repaired(finding.evidence(evidence.join("; ")), user).on(&desired.server.name))
}

/// Returns a finding for each severity of the commands beyond the contract.
fn commands(
    desired: &DesiredRedis,
    actual: &ActualRedis,
    user: &DesiredUser,
    found: &ActualUser,
) -> Vec<Finding> {
    let declared = contract::commands(&user.service, user.kind);
    let mut by_severity: BTreeMap<Severity, BTreeSet<&str>> = BTreeMap::new();
    for command in &actual.commands {
        if found.allowed.contains(&command.name) && !declared.contains(command.name.as_str()) {
            let usual = contract::danger(command, |name| actual.setting(name).map(str::to_owned));
            // A readonly user that writes its own service's keys exceeds its contract; so does no app user.
            let writes = user.kind == RoleKind::Readonly
                && contract::writes(&command.name)
                && command.checks_every_key();
            let severity = if writes { usual.max(Severity::Medium) } else { usual };
            let crafts = found.has(SKIPS_CHECK) && command.name.starts_with("restore");
            let severity = if crafts { Severity::High } else { severity };
            let severity = if found.idle.contains(&command.name) { Severity::Low } else { severity };
            by_severity.entry(severity).or_default().insert(&command.name);
        }
    }
    let finding = |(severity, names): (Severity, BTreeSet<&str>)| {
        let names: Vec<&str> = names.into_iter().collect();
        let finding = REDIS_COMMAND.of(user.name()).at(severity).service_name(Some(&user.service.service));
        let object = match names.as_slice() {
            [only] => format!("command {only}"),
            several => format!("commands {}", several.join(", ")),
        };
        let finding = finding
            .object(object)
            .evidence(format!("ACL DRYRUN lets it run {}", first_of(&names, MAX_NAMED)));
        repaired(finding, user).on(&desired.server.name)
    };
    by_severity.into_iter().map(finding).collect()
}

fn passwords(user: &DesiredUser, found: &ActualUser) -> Option<FindingBuilder> {
    let finding = REDIS_PASSWORD.of(user.name()).service_name(Some(&user.service.service));
    if found.has("nopass") {
        return Some(repaired(
            finding.at(Severity::Critical).evidence("it accepts any password (nopass)"),
            user,
        ));
    }
    let unknown = found.passwords.difference(&user.passwords).count();
    (unknown > 0).then(|| {
        let evidence = format!("it has {} that the secret store does not have", counted(unknown, "password"));
        repaired(finding.evidence(evidence), user)
    })
}

/// Prefixes of services that a user reaches, and commands of an admin that it may run.
fn power<'a>(
    desired: &'a DesiredRedis,
    actual: &'a ActualRedis,
    found: &ActualUser,
) -> (Vec<&'a RedisService>, Vec<&'a str>) {
    let has_commands =
        actual.commands.iter().any(|one| one.has_target() && found.allowed.contains(&one.name));
    let reached = desired.services.iter().filter(|service| {
        found.reach.contains_key(&service.prefix)
            || (has_commands && !crossing(found, &service.prefix).is_empty())
    });
    let setting = |name: &str| actual.setting(name).map(str::to_owned);
    let dangerous = actual.commands.iter().filter(|command| {
        found.allowed.contains(&command.name)
            && !contract::is_usual(&command.name)
            && contract::danger(command, setting) >= Severity::Medium
    });
    (reached.collect(), dangerous.map(|command| command.name.as_str()).collect())
}

fn in_words(reached: &[&RedisService], dangerous: &[&str]) -> String {
    let prefixes: Vec<&str> = reached.iter().map(|service| service.prefix.as_str()).collect();
    let reaches = (!prefixes.is_empty()).then(|| format!("it reaches {}", first_of(&prefixes, MAX_NAMED)));
    let runs = (!dangerous.is_empty()).then(|| format!("it may run {}", first_of(dangerous, MAX_NAMED)));
    let parts: Vec<String> = reaches.into_iter().chain(runs).collect();
    if parts.is_empty() { "it reaches no service's keys".into() } else { parts.join("; ") }
}

fn default_user(desired: &DesiredRedis, actual: &ActualRedis) -> Option<Finding> {
    let found = actual.users.get(DEFAULT_USER).filter(|user| user.is_on())?;
    let (reached, dangerous) = power(desired, actual, found);
    let severity = match (reached.is_empty() && dangerous.is_empty(), found.has("nopass")) {
        (true, _) => Severity::Low,
        (false, true) => Severity::Critical,
        (false, false) => Severity::High,
    };
    let how = if found.has("nopass") { "no password is needed; " } else { "" };
    let evidence = format!("{how}{}", in_words(&reached, &dangerous));
    let finding = REDIS_DEFAULT.of(DEFAULT_USER).at(severity).evidence(evidence);
    Some(
        finding
            .advice("move its clients to the users of their services, then: martydb apply --all")
            .on(&desired.server.name),
    )
}

fn unmanaged(desired: &DesiredRedis, actual: &ActualRedis, admin: &str) -> Vec<Finding> {
    let own =
        desired.services.iter().flat_map(|service| RoleKind::APPLICATIONS.map(|kind| service.user(kind)));
    let mut known: BTreeSet<String> = own.collect();
    known.extend([
        DEFAULT_USER.into(),
        admin.into(),
        desired.server.own_admin.to_string(),
        desired.unsaved_mark(),
    ]);
    let others = actual.users.iter().filter(|(name, user)| !known.contains(*name) && user.is_on());
    let finding = |(name, found): (&String, &ActualUser)| {
        let (reached, dangerous) = power(desired, actual, found);
        let is_harmless = reached.is_empty() && dangerous.is_empty() && !found.has("nopass");
        let severity = match (is_harmless, found.has("nopass") && !reached.is_empty()) {
            (true, _) => Severity::Low,
            (false, true) => Severity::Critical,
            (false, false) => Severity::High,
        };
        let service = match reached.as_slice() {
            [only] => Some(&only.service),
            _ => None,
        };
        let finding = REDIS_UNMANAGED
            .of(name)
            .at(severity)
            .service_name(service)
            .evidence(in_words(&reached, &dangerous));
        finding
            .advice(&format!("ACL DELUSER {name}, or an entry under allow: with its reason"))
            .on(&desired.server.name)
    };
    others.map(finding).collect()
}

fn unsaved(desired: &DesiredRedis, actual: &ActualRedis) -> Vec<Finding> {
    let mark = desired.unsaved_mark();
    let interrupted = (mark.clone(), Severity::Medium, "a run ended before it saved the users");
    let interrupted = actual.users.contains_key(&mark).then_some(interrupted);
    let differing = actual.unsaved.iter().map(|(name, form)| match form {
        StoredForm::Missing => (name.clone(), Severity::Medium, "the file of users does not have it"),
        StoredForm::Other => (name.clone(), Severity::Low, "the file of users has it with other rules"),
    });
    let finding = |(name, severity, evidence): (String, Severity, &str)| {
        let finding = REDIS_UNSAVED.of(name).at(severity).evidence(evidence);
        finding.advice("martydb apply --all").on(&desired.server.name)
    };
    interrupted.into_iter().chain(differing).map(finding).collect()
}

fn scripts(desired: &DesiredRedis) -> Vec<Finding> {
    let chosen = desired.users.values().filter(|user| user.service.scripts && user.kind == RoleKind::App);
    let finding = |user: &DesiredUser| {
        let finding = REDIS_SCRIPTS.of(user.name()).service_name(Some(&user.service.service));
        finding.evidence("the manifest has scripts: true").on(&desired.server.name)
    };
    chosen.map(finding).collect()
}

/// Reports what the commands that the manifest adds show of others.
fn further_commands(desired: &DesiredRedis) -> Vec<Finding> {
    let chosen = desired.users.values().filter(|user| user.kind == RoleKind::App);
    let of = |user: &DesiredUser| {
        let added = FURTHER_COMMANDS.iter().filter(|(name, _)| user.service.commands.contains(*name));
        let finding = |(name, shows): &(&str, &str)| {
            let finding = REDIS_FURTHER.of(user.name()).service_name(Some(&user.service.service));
            finding
                .object(format!("command {name}"))
                .evidence(format!("it shows {shows}"))
                .on(&desired.server.name)
        };
        added.map(finding).collect::<Vec<_>>()
    };
    chosen.flat_map(of).collect()
}

fn shared(desired: &DesiredRedis, actual: &ActualRedis) -> Option<Finding> {
    let names: Vec<&str> = desired.services.iter().map(|service| service.service.as_str()).collect();
    if names.len() < 2 {
        return None;
    }
    let limit = match actual.setting("maxmemory").unwrap_or("0") {
        "0" => "without a limit".to_owned(),
        bytes => format!("{bytes} bytes, {}", actual.setting("maxmemory-policy").unwrap_or("noeviction")),
    };
    let evidence = format!("{}: {}", first_of(&names, MAX_NAMED), limit);
    Some(REDIS_SHARED.of(PUBLIC).evidence(evidence).on(&desired.server.name))
}
