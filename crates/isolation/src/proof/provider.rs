//! Findings that no customer of a platform can close, as limits of the server. Pure.
//!
//! Each rule depends on the server's own data: the database has an owner that the admin cannot act as, or the
//! setting is forbidden to the admin. A platform that the manifest names wrongly therefore accepts next to nothing.
//! A login of a service or of the customer with too much access stays a finding on every platform.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::is_covered;
use martydb_catalog::{DatabaseCatalog, Snapshot};
use martydb_model::findings::{
    FOREIGN_RIGHT, Finding, FindingKind, MAINTENANCE_CONNECT, NO_TEMP_LIMIT, PUBLIC, PUBLIC_RIGHT,
    SUPERUSERS, Severity, TEMPLATE_CONNECT, UNMANAGED_CONNECT, UNMANAGED_POWER,
};
use martydb_model::platform::{Platform, ProviderGap};
use martydb_model::units::{counted, listed};
use martydb_model::{ActualServer, DatabaseKind, DbName, DesiredServer, Grantee, RoleName};
use martydb_plan::PrivilegeGap;

struct LimitRule {
    kept: ProviderGap,
    /// Action that the customer cannot take.
    what: &'static str,
    kinds: &'static [&'static FindingKind],
    holds: fn(&RuleInput<'_>, &Finding) -> bool,
}

const RULES: &[LimitRule] = &[
    LimitRule {
        kept: ProviderGap::Template,
        what: "close template1 to PUBLIC",
        kinds: &[TEMPLATE_CONNECT, FOREIGN_RIGHT],
        holds: |place, finding| place.is_open(finding, |name, _| name == "template1"),
    },
    LimitRule {
        kept: ProviderGap::Maintenance,
        what: "close the maintenance database to PUBLIC",
        kinds: &[MAINTENANCE_CONNECT, FOREIGN_RIGHT],
        holds: |place, finding| place.is_open(finding, |_, kind| *kind == DatabaseKind::Maintenance),
    },
    LimitRule {
        kept: ProviderGap::Databases,
        what: "close the provider's databases to PUBLIC",
        kinds: &[UNMANAGED_CONNECT, FOREIGN_RIGHT],
        holds: |place, finding| place.is_open(finding, |name, _| place.platform.owns_database(name)),
    },
    LimitRule {
        kept: ProviderGap::Logins,
        what: "take their power from the provider's logins",
        kinds: &[UNMANAGED_POWER, SUPERUSERS],
        holds: |place, finding| {
            finding.service.is_none() && finding.database.is_none() && place.platform.owns_role(&finding.role)
        },
    },
    LimitRule {
        kept: ProviderGap::PublicSchema,
        what: "close schema public of a database to PUBLIC before PostgreSQL 15",
        kinds: &[PUBLIC_RIGHT],
        holds: |place, finding| place.is_public_schema(finding),
    },
    LimitRule {
        kept: ProviderGap::TempFiles,
        what: "set temp_file_limit on the logins",
        kinds: &[NO_TEMP_LIMIT],
        holds: |place, _| place.actual.admin.forbidden_settings.contains("temp_file_limit"),
    },
];

/// Input of the rules: one server.
struct RuleInput<'a> {
    platform: &'static Platform,
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    databases: &'a BTreeMap<String, DatabaseCatalog>,
}

impl RuleInput<'_> {
    fn rule(&self, finding: &Finding) -> Option<&'static LimitRule> {
        let mut rules = RULES.iter().filter(|rule| self.platform.kept.contains(&rule.kept));
        rules.find(|rule| rule.kinds.iter().any(|kind| finding.is(kind)) && (rule.holds)(self, finding))
    }

    /// Returns `true` if the finding only reports PUBLIC's access to such a database, which the admin cannot close.
    /// CREATE privileges and objects there are judged as everywhere.
    fn is_open(&self, finding: &Finding, fits: impl Fn(&str, &DatabaseKind) -> bool) -> bool {
        let Some(name) = finding.database.as_deref().and_then(|name| DbName::found(name).ok()) else {
            return false;
        };
        let kind = DatabaseKind::classify(name.as_str(), self.desired, self.actual);
        let minor = finding.is_connect() || finding.severity == Severity::Low;
        minor && finding.role == PUBLIC && fits(name.as_str(), &kind) && self.is_kept(&name)
    }

    /// Returns `true` if PUBLIC's privilege comes from an owner that the admin cannot act as.
    fn is_kept(&self, database: &DbName) -> bool {
        let Some(found) = self.actual.databases.get(database) else { return false };
        let Ok(owner) = RoleName::found(found.owner.clone()) else { return false };
        found.acl.iter().any(|entry| entry.grantee == Grantee::Public) && self.is_out_of_reach(&owner)
    }

    /// Returns `true` if the finding is about the schema `public` that `CREATE DATABASE` copied. Its objects are
    /// judged as everywhere.
    fn is_public_schema(&self, finding: &Finding) -> bool {
        let database = finding.database.as_ref().and_then(|name| self.databases.get(name));
        let mut objects = database.into_iter().flat_map(|database| &database.objects);
        let schema = objects.find(|object| object.kind == "schema" && object.name == "public");
        let owner = schema.and_then(|schema| RoleName::found(schema.owner.clone()).ok());
        self.actual.major() < 15
            && finding.role == PUBLIC
            && finding.service.is_some()
            && finding.object.as_deref() == Some("schema public")
            && owner.is_some_and(|owner| self.is_out_of_reach(&owner))
    }

    /// Returns `true` for a superuser or a role of the provider's that the admin cannot act as.
    fn is_out_of_reach(&self, owner: &RoleName) -> bool {
        let superuser = self.actual.roles.get(owner).is_some_and(|owner| owner.superuser);
        let reached = self.actual.admin.superuser
            || self.actual.admin.name == owner.as_str()
            || self.actual.admin_acts_as(owner);
        !reached && (superuser || self.platform.owns_role(owner.as_str()))
    }
}

/// Findings that are limits of the platform, and these limits, each once.
#[derive(Debug, Default)]
pub struct ProviderLimits {
    /// Findings, each with the reason why it does not count.
    pub findings: Vec<(Finding, String)>,
    pub limits: Vec<PrivilegeGap>,
}

/// Removes the platform's limits from the findings of one server; none without a platform.
pub(crate) fn separate(
    desired: &DesiredServer,
    catalog: &Snapshot,
    findings: &mut Vec<Finding>,
) -> ProviderLimits {
    let Some(platform) = desired.platform else { return ProviderLimits::default() };
    let Snapshot { actual, databases, .. } = catalog;
    let place = RuleInput { platform, desired, actual, databases };
    let mut taken: BTreeMap<ProviderGap, (&LimitRule, Vec<Finding>)> = BTreeMap::new();
    findings.retain(|finding| {
        let Some(rule) = place.rule(finding) else { return true };
        taken.entry(rule.kept).or_insert((rule, vec![])).1.push(finding.clone());
        false
    });
    // Findings of a service's sessions by a privilege of PUBLIC follow the finding about that privilege.
    if let Some((_, known)) = taken.get_mut(&ProviderGap::PublicSchema) {
        let others: Vec<&Finding> = known.iter().collect();
        let covered: Vec<Finding> = findings.extract_if(.., |finding| is_covered(finding, &others)).collect();
        known.extend(covered);
    }
    let mut found = ProviderLimits::default();
    for (rule, findings) in taken.into_values() {
        found.limits.push(limit(&place, rule, &findings));
        let reason = format!("a limit of the platform {}: the customer cannot {}", platform.name, rule.what);
        found.findings.extend(findings.into_iter().map(|finding| (finding, reason.clone())));
    }
    found
}

fn limit(place: &RuleInput<'_>, rule: &LimitRule, findings: &[Finding]) -> PrivilegeGap {
    let platform = place.platform.name;
    let each = |name: fn(&Finding) -> Option<&str>| -> Vec<&str> {
        let all: BTreeSet<&str> = findings.iter().filter_map(name).collect();
        all.into_iter().collect()
    };
    let roles = || each(|finding| Some(&finding.role));
    let why = match rule.kept {
        ProviderGap::Template | ProviderGap::Maintenance | ProviderGap::Databases => {
            format!("{platform} keeps {}", listed(&each(|finding| finding.database.as_deref())))
        }
        ProviderGap::PublicSchema => format!(
            "before PostgreSQL 15 it belongs to a role of {platform} in {}: every login of a service can create \
             objects in its own database's public",
            counted(each(|finding| finding.database.as_deref()).len(), "database")
        ),
        ProviderGap::Logins => format!("{platform} keeps {}", listed(&roles())),
        ProviderGap::TempFiles => {
            let way = place.platform.temp_files;
            let way = way.map_or(String::new(), |way| format!("; a limit in {way} counts for all of them"));
            format!("{platform} gives the admin no privilege to set it{way}")
        }
    };
    PrivilegeGap::without_grant(&place.desired.name, None, rule.what.into(), why)
}
