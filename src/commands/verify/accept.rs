//! What is reported and what counts: `allow:` of the manifest, the baseline, `--only` and `--min-severity`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::overlap::is_covered;
use super::{Arguments, VerifyReport};
use crate::audit::kinds;
use crate::error::{Error, Result};
use crate::manifest::{Allow, unknown_finding};
use crate::probe::{Finding, Severity};
use crate::run::Run;

/// Refuses what contradicts itself, and ids that do not exist, before anything is touched.
pub fn check(arguments: &Arguments) -> Result<()> {
    if arguments.exhaustive && arguments.probes != super::Probes::Full {
        return Err(Error::usage("--exhaustive tries everything, and --probes says to try less")
            .hint("leave one of the two out"));
    }
    if arguments.dry_run && !arguments.fix && !arguments.terminate {
        return Err(Error::usage("--dry-run alone shows nothing")
            .hint("add --fix or --terminate; without them verify-isolation changes nothing"));
    }
    match arguments.only.iter().find_map(|id| unknown_finding(id)) {
        Some(unknown) => Err(Error::usage(unknown.message).hint(unknown.hint)),
        None => Ok(()),
    }
}

/// Takes out what was accepted or not asked for.
pub fn narrow(run: &Run, arguments: &Arguments, report: &mut VerifyReport) -> Result<()> {
    let baseline = arguments.baseline.as_deref().map(read_baseline).transpose()?.unwrap_or_default();
    let allowed = Allowed { entries: &run.manifest.allow, today: today() };
    let mut used = BTreeSet::new();
    for checked in &mut report.checked {
        let found = std::mem::take(&mut checked.findings);
        for finding in found {
            let reason = match allowed.entry(&finding) {
                Some((at, reason)) => {
                    used.insert(at);
                    Some(reason)
                }
                None if baseline.contains(&identity(&finding)) => Some("in the baseline".to_owned()),
                None => None,
            };
            match reason {
                Some(reason) => report.accepted.push((finding, reason)),
                None => checked.findings.push(finding),
            }
        }
    }
    accept_seen(report);
    if let Some(first) = report.checked.first_mut() {
        let notes = allowed.unused(&used, arguments).map(|finding| finding_of(&first.server, finding));
        first.findings.extend(notes);
    }
    let wanted = |finding: &Finding| {
        let chosen = arguments.only.is_empty() || arguments.only.iter().any(|id| id == finding.id);
        chosen && finding.severity >= arguments.min_severity.unwrap_or(Severity::Low)
    };
    for checked in &mut report.checked {
        let (shown, hidden) = std::mem::take(&mut checked.findings).into_iter().partition(wanted);
        checked.findings = shown;
        let hidden: Vec<Finding> = hidden;
        report.hidden.extend(hidden);
    }
    Ok(())
}

/// What a session was seen to do follows what the catalogue said of the same hole.
fn accept_seen(report: &mut VerifyReport) {
    let known: Vec<Finding> = report.accepted.iter().map(|(finding, _)| finding.clone()).collect();
    let known: Vec<&Finding> = known.iter().collect();
    for checked in &mut report.checked {
        let (covered, left) = std::mem::take(&mut checked.findings)
            .into_iter()
            .partition(|finding| is_covered(finding, &known));
        checked.findings = left;
        let covered: Vec<Finding> = covered;
        let reason = "the same hole as another that is accepted";
        report.accepted.extend(covered.into_iter().map(|finding| (finding, reason.to_owned())));
    }
}

fn finding_of(server: &str, (object, evidence): (String, String)) -> Finding {
    kinds::ALLOW_UNUSED.of("PUBLIC").object(object).seen(evidence).on(server)
}

struct Allowed<'a> {
    entries: &'a [Allow],
    today: String,
}

impl Allowed<'_> {
    fn is_expired(&self, entry: &Allow) -> bool {
        entry.until.as_ref().is_some_and(|until| *until < self.today)
    }

    fn entry(&self, finding: &Finding) -> Option<(usize, String)> {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
        };
        let fits = |entry: &Allow| {
            // An object may be named with or without its kind.
            let object = entry.object.as_deref().is_none_or(|wanted| {
                finding.object.as_deref().is_some_and(|found| {
                    found == wanted || found.strip_suffix(wanted).is_some_and(|kind| kind.ends_with(' '))
                })
            });
            entry.finding == finding.id
                && !self.is_expired(entry)
                && is(&entry.service, finding.service.as_deref())
                && is(&entry.role, Some(&finding.role))
                && is(&entry.database, finding.database.as_deref())
                && object
        };
        let found = self.entries.iter().enumerate().find(|(_, entry)| fits(entry));
        found.map(|(at, entry)| (at, entry.reason.clone()))
    }

    /// A run that looked at some services only cannot say that an entry matches nothing.
    fn unused<'b>(
        &'b self,
        used: &'b BTreeSet<usize>,
        arguments: &'b Arguments,
    ) -> impl Iterator<Item = (String, String)> + 'b {
        let whole = arguments.select.service.is_empty() && arguments.probes == super::Probes::Full;
        let idle = self.entries.iter().enumerate().filter(|(at, _)| !used.contains(at));
        idle.filter_map(move |(at, entry)| {
            let object = format!("allow entry {} ({})", at + 1, entry.finding);
            match (self.is_expired(entry), whole) {
                (true, _) => {
                    Some((object, format!("it expired on {}", entry.until.as_deref().unwrap_or_default())))
                }
                (false, true) => Some((object, "it matches nothing".into())),
                (false, false) => None,
            }
        })
    }
}

/// Dates in this form compare as texts.
fn today() -> String {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    time::OffsetDateTime::now_utc().format(format).unwrap_or_default()
}

type Identity = (String, String, Option<String>, Option<String>, Option<String>);

fn identity(finding: &Finding) -> Identity {
    (
        finding.id.into(),
        finding.role.clone(),
        finding.server.clone().into(),
        finding.database.clone(),
        finding.object.clone(),
    )
}

fn read_baseline(path: &std::path::Path) -> Result<BTreeSet<Identity>> {
    let failed = || Error::usage(format!("cannot read the baseline {}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed().cause(error))?;
    let document: Value = serde_json::from_str(&text).map_err(|error| {
        failed().cause(error).hint("make one with `martydb verify-isolation -o json > FILE`")
    })?;
    let Some(findings) = document["findings"].as_array() else {
        return Err(failed()
            .cause("it has no list of findings")
            .hint("make one with `martydb verify-isolation -o json > FILE`"));
    };
    let text = |entry: &Value, key: &str| entry[key].as_str().map(str::to_owned);
    let one = |entry: &Value| {
        let plain = |key: &str| text(entry, key).unwrap_or_default();
        (plain("id"), plain("role"), text(entry, "server"), text(entry, "database"), text(entry, "object"))
    };
    Ok(findings.iter().map(one).collect())
}
