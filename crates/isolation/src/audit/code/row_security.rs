//! Row security that does not tell its users apart: policies that read what these can change, and ways around them.
//!
//! In a table that only the logins of one service use, this is a note: they are one party.
//! <https://www.postgresql.org/docs/current/ddl-rowsecurity.html>

use std::collections::BTreeSet;

use crate::audit::context::{AuditSubject, Database};
use crate::audit::reach::{Piece, RowCondition, pieces};
use crate::audit::roles::RoleClass;
use martydb_catalog::{CatalogObject, RowPolicy, RowSecurity};
use martydb_model::findings::Severity::{Low, Medium};
use martydb_model::findings::{FindingBuilder, PUBLIC, ROW_POLICY};
use martydb_model::units::listed;

/// Settings that a session changes only to what it is allowed.
const OF_SESSION: &[&str] = &["role", "session_authorization"];

const ROWS: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];

pub(crate) fn judge(db: &Database<'_>, out: &mut Vec<FindingBuilder>) {
    out.extend(db.catalog.privileged.policies.iter().filter_map(|found| weak(db, found)));
}

/// Returns `true` if a table whose rows policies hide belongs to more than one party.
pub(crate) fn hides_rows_of_others(db: &Database<'_>) -> bool {
    db.catalog.privileged.policies.iter().any(|found| {
        relation(db, &found.table).is_some_and(|item| {
            let users = users(db, item, ROWS);
            !users.is_empty() && is_shared(db, item, &users)
        })
    })
}

fn weak(db: &Database<'_>, found: &RowSecurity) -> Option<FindingBuilder> {
    let item = relation(db, &found.table)?;
    let users = users(db, item, ROWS);
    let user = *users.first()?;
    let ways = ways(db, found, item, &users);
    if ways.is_empty() {
        return None;
    }
    let severity = if is_shared(db, item, &users) { Medium } else { Low };
    let seen =
        format!("row security of {} does not tell its users apart: {}", item.object(), ways.join("; "));
    Some(ROW_POLICY.of(user).at(severity).about(db, item).evidence(seen))
}

fn ways(db: &Database<'_>, found: &RowSecurity, item: &CatalogObject, users: &BTreeSet<&str>) -> Vec<String> {
    let concerns = |policy: &&RowPolicy| {
        let is_user = |role: &String| {
            users.contains(role.as_str()) || db.audit.actors(role).iter().any(|actor| users.contains(actor))
        };
        policy.roles.is_empty() || policy.roles.iter().any(is_user)
    };
    let policies: Vec<_> = found.policies.iter().filter(concerns).collect();
    // Every row fulfils all restrictive policies.
    let bounds =
        |policy: &&&RowPolicy| policy.restrictive && policy.roles.is_empty() && policy.command == '*';
    let bounded = policies.iter().filter(bounds).any(|policy| names_its_user(policy.using.as_deref()));
    let party = Party { db, item, users };
    let of_policies = policies.into_iter().filter(|_| !bounded).flat_map(|policy| party.ways(policy));
    let leaves = party.used(&found.leaves, ROWS);
    let mut ways: Vec<String> = of_policies.collect();
    ways.extend(named(&leaves).map(|names| format!("{names} has not the same, and they may use it")));
    for (privilege, passes) in
        [("TRUNCATE", "TRUNCATE passes it"), ("REFERENCES", "a foreign key shows which keys exist")]
    {
        ways.extend((!users_of(item, privilege, db).is_empty()).then(|| passes.to_owned()));
    }
    ways.dedup();
    ways
}

/// The users of a table with row security.
struct Party<'a, 'd> {
    db: &'d Database<'a>,
    item: &'d CatalogObject,
    users: &'d BTreeSet<&'a str>,
}

impl Party<'_, '_> {
    /// Returns what the users of the table can change so that a policy lets other rows through.
    fn ways(&self, policy: &RowPolicy) -> Vec<String> {
        let [using, check] = [&policy.using, &policy.check].map(Option::as_deref);
        let mut ways = vec![];
        // An expression of its own is missing where the other one applies to both.
        let own = [using, check].into_iter().flatten().filter(|text| !names_its_user(Some(text)));
        if own.count() > 0 {
            let settings: Vec<String> = self.settings(policy).into_iter().collect();
            ways.extend(named(&settings).map(|names| format!("every session sets {names}")));
            let replaced = policy.calls.iter().filter(|call| self.owns(&call.owner));
            let replaced: Vec<&str> = replaced.map(|call| call.function.as_str()).collect();
            ways.extend(
                named(&replaced).map(|names| format!("its policies call {names}, which they may replace")),
            );
            let reads = self.used(&policy.reads, &["INSERT", "UPDATE", "DELETE"]);
            ways.extend(
                named(&reads).map(|names| format!("its policies read {names}, to which they may write")),
            );
        }
        if let (Some(using), Some(check), false, '*' | 'w') =
            (using, check, policy.restrictive, policy.command)
            && !names_its_user(Some(check))
            && !RowCondition::new(check).implies(&RowCondition::new(using))
        {
            ways.push(format!("policy {} lets them write rows of others", policy.name));
        }
        ways
    }

    /// Returns the settings that a policy and its functions read, and that a session may set.
    fn settings(&self, policy: &RowPolicy) -> BTreeSet<String> {
        let changeable = &self.db.audit.snapshot.state.parameters.user_settings;
        let texts = [&policy.using, &policy.check].into_iter().flatten().map(|text| settings_in(text));
        let mut all: BTreeSet<String> = texts.flatten().collect();
        for call in &policy.calls {
            let is_read = ["sql", "plpgsql"].contains(&call.language.as_str());
            all.extend(if is_read || !call.text.contains("current_setting") {
                settings_in(&call.text)
            } else {
                vec![ANY.into()]
            });
        }
        all.retain(|name| {
            !OF_SESSION.contains(&name.as_str())
                && ([ANY, "search_path"].contains(&name.as_str())
                    || name.contains('.')
                    || changeable.contains(name))
        });
        all
    }

    /// Returns `true` for a role as which a user of the table acts, or of the service of one.
    fn owns(&self, owner: &str) -> bool {
        let audit = self.db.audit;
        let service = audit.service_of_role(owner);
        let is_theirs = |user: &&str| service.is_some() && audit.is_of(user, service);
        owner != self.item.owner
            && (audit.actors(owner).iter().any(|user| self.users.contains(user))
                || self.users.iter().any(is_theirs))
    }

    /// Returns those of the relations that users of the table may use so.
    fn used<'n>(&self, all: &'n [String], privileges: &[&str]) -> Vec<&'n str> {
        let is_used = |shown: &&str| {
            let users = relation(self.db, shown)
                .map_or_else(BTreeSet::new, |other| users(self.db, other, privileges));
            users.iter().any(|user| self.users.contains(user))
        };
        all.iter().map(String::as_str).filter(is_used).collect()
    }
}

/// Stands for a setting whose name is computed.
const ANY: &str = "the setting that it names";

/// Returns the settings that a text reads.
fn settings_in(text: &str) -> Vec<String> {
    let words = pieces(text);
    let setting = |(at, word): (usize, &Piece)| {
        if word.is_any(&["current_schema", "current_schemas"]) {
            return Some("search_path".to_owned());
        }
        let is_call = word.is("current_setting") && words.get(at + 1) == Some(&Piece::Symbol(b'('));
        is_call.then(|| match words.get(at + 2) {
            Some(Piece::Text(name)) => name.to_lowercase(),
            _ => ANY.into(),
        })
    };
    words.iter().enumerate().filter_map(setting).collect()
}

fn names_its_user(text: Option<&str>) -> bool {
    text.is_some_and(|text| RowCondition::new(text).names_its_user())
}

fn named<T: AsRef<str>>(names: &[T]) -> Option<String> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    (!names.is_empty()).then(|| listed(&names))
}

fn relation<'a>(db: &Database<'a>, shown: &str) -> Option<&'a CatalogObject> {
    let mut all = db.catalog.objects.iter();
    all.find(|item| item.kind == "table" && item.column.is_none() && item.display == shown)
}

fn users<'a>(db: &Database<'a>, item: &CatalogObject, privileges: &[&str]) -> BTreeSet<&'a str> {
    privileges.iter().flat_map(|privilege| users_of(item, privilege, db)).collect()
}

/// Returns the roles that hold a privilege and can connect, without those that pass row security: the owner, and who acts as it.
fn users_of<'a>(item: &CatalogObject, privilege: &str, db: &Database<'a>) -> Vec<&'a str> {
    let owners = db.audit.actors(&item.owner);
    let mut users = db.audit.callers(item, privilege);
    users.retain(|user| {
        let enters = *user == PUBLIC || db.is_own(user) || db.audit.user_can_connect(user, db.name);
        *user != item.owner && !owners.contains(user) && enters
    });
    users
}

/// Returns `true` if the rows belong to more than one party: a table of a superuser, or one that logins of several
/// services, or of none, use.
fn is_shared(db: &Database<'_>, item: &CatalogObject, users: &BTreeSet<&str>) -> bool {
    let strangers = users.iter().any(|user| match *user {
        PUBLIC => db.is_entered(),
        user => !db.is_own(user),
    });
    strangers && !is_of_strangers(db, item, users) || db.audit.class_of(&item.owner) == RoleClass::Trusted
}

/// Returns `true` in a database of no service if a role of no service gives rows of its own to others like it: none of a
/// service's are among them.
fn is_of_strangers(db: &Database<'_>, item: &CatalogObject, users: &BTreeSet<&str>) -> bool {
    let is_stranger = |user: &&str| match *user {
        PUBLIC => !db.is_visited(),
        user => db.audit.managed(user).is_none(),
    };
    db.service.is_none()
        && db.audit.class_of(&item.owner) == RoleClass::Unmanaged
        && users.iter().all(is_stranger)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::audit::testing::{NOTHING, Server, assert_finds, healthy, row};

    /// A table with row security, of a superuser or of the service, that `red_app` reads, and its policy.
    fn table(owner: &str, policy: Value) -> Server {
        with(owner, json!([]), &[policy])
    }

    fn with(owner: &str, leaves: Value, policies: &[Value]) -> Server {
        let mut all = policies.to_vec();
        for (number, policy) in all.iter_mut().enumerate() {
            for (key, value) in [
                ("name", json!(format!("p{number}"))),
                ("command", json!("*")),
                ("restrictive", json!(false)),
                ("using", Value::Null),
                ("check", Value::Null),
                ("roles", Value::Null),
                ("calls", Value::Null),
                ("reads", Value::Null),
            ] {
                policy.as_object_mut().unwrap().entry(key).or_insert(value);
            }
        }
        let found = json!({ "table": "public.token", "policies": all, "leaves": leaves });
        let server = healthy().object("red_db", "table", "public.token", |item| item.owner = owner.into());
        let server = server.inside("red_db", |catalog| catalog.privileged.policies.push(row(found)));
        server.grant_inside("red_db", "SELECT", "public.token", "red_app")
    }

    fn line(severity: &str, role: &str) -> String {
        format!("{severity} | weak-row-policy | red | {role} | red_db | table public.token")
    }

    fn policies(server: &Server) -> Vec<String> {
        server.found().into_iter().filter(|line| line.contains("weak-row-policy")).collect()
    }

    const SET: &str = "(service = current_setting('platform.service'::text, true))";
    const OWN: &str = "(service = SESSION_USER)";

    #[test]
    fn a_setting_that_every_session_changes_tells_nobody_apart() {
        let reads = |owner: &str, using: &str| table(owner, json!({ "using": using }));
        assert_finds(&reads("postgres", SET), &line("medium", "red_app"));
        assert_finds(&reads("red_owner", SET), &line("low", "red_app"));
        assert_finds(&reads("postgres", "(service = current_setting(name))"), &line("medium", "red_app"));
        assert_finds(&reads("postgres", "(service = CURRENT_SCHEMA)"), &line("medium", "red_app"));
        for using in [
            "(role = current_setting('role'::text))",
            "(v = current_setting('server_version'::text))",
            OWN,
            "true",
            "((service = SESSION_USER) AND (t = current_setting('platform.tenant'::text)))",
        ] {
            assert_eq!(policies(&reads("postgres", using)), NOTHING, "{using}");
        }
        let others = table("postgres", json!({ "using": SET, "roles": ["blue_app"] }));
        assert_eq!(policies(&others), NOTHING);
        let bounded = with(
            "postgres",
            json!([]),
            &[json!({ "using": SET }), json!({ "using": OWN, "restrictive": true })],
        );
        assert_eq!(policies(&bounded), NOTHING);
        let shared = reads("red_owner", SET).unmanaged("ghost").grant("CONNECT", "red_db", "ghost");
        let shared = shared.grant_inside("red_db", "SELECT", "public.token", "ghost");
        assert_finds(&shared, &line("medium", "ghost"));
    }

    /// In a database of no service. Roles whose comments have the marker of one other project are one party, which has its own proof.
    #[test]
    fn rows_that_strangers_share_among_themselves_are_a_note() {
        let policy = json!({
            "name": "p", "command": "*", "restrictive": false, "using": SET, "check": null, "roles": null, "calls": null,
            "reads": null,
        });
        let found = json!({ "table": "public.token", "policies": [policy], "leaves": [] });
        let shop = |owner: &str, users: &[&str]| {
            let server = healthy().database("shop").unmanaged("shop_owner").unmanaged("clerk");
            let server = server.object("shop", "table", "public.token", |item| item.owner = owner.into());
            let server =
                server.inside("shop", |catalog| catalog.privileged.policies.push(row(found.clone())));
            users.iter().fold(server, |server, name| {
                server.grant("CONNECT", "shop", name).grant_inside("shop", "SELECT", "public.token", name)
            })
        };
        for (owner, users, severity) in [
            ("shop_owner", &["clerk"][..], "low"),
            ("shop_owner", &["clerk", "PUBLIC"], "medium"),
            ("shop_owner", &["clerk", "red_app"], "medium"),
            ("postgres", &["clerk"], "medium"),
            ("red_owner", &["clerk"], "medium"),
        ] {
            let said = policies(&shop(owner, users));
            assert!(said.len() == 1 && said[0].starts_with(severity), "{owner}, {users:?}: {said:?}");
        }
    }

    #[test]
    fn functions_that_a_policy_calls_are_read() {
        let calls = |owner: &str, language: &str, text: &str| {
            let call =
                json!({ "function": "public.f()", "owner": owner, "language": language, "text": text });
            table("postgres", json!({ "using": "(service = f())", "calls": [call] }))
        };
        assert_finds(&calls("red_owner", "sql", "SELECT 1"), &line("medium", "red_app"));
        assert_finds(&calls("postgres", "sql", "SELECT current_setting('a.b')"), &line("medium", "red_app"));
        assert_finds(
            &calls("postgres", "plperl", "spi_exec_query(\"select current_setting('a.b')\")"),
            &line("medium", "red_app"),
        );
        assert_eq!(policies(&calls("blue_owner", "sql", "SELECT 1")), NOTHING);
        assert_eq!(policies(&calls("postgres", "sql", "SELECT session_user")), NOTHING);
    }

    #[test]
    fn rows_partitions_and_checks_that_users_pass_are_named() {
        let other = |server: Server, privilege: &str| {
            let server =
                server.object("red_db", "table", "public.other", |item| item.owner = "postgres".into());
            server.grant_inside("red_db", privilege, "public.other", "red_app")
        };
        let checked = |check: &str| table("postgres", json!({ "using": OWN, "check": check }));
        let reads = || {
            table(
                "postgres",
                json!({ "using": "(EXISTS ( SELECT 1 FROM public.other))", "reads": ["public.other"] }),
            )
        };
        let leaf = || with("postgres", json!(["public.other"]), &[json!({ "using": OWN })]);
        assert_finds(&checked("true"), &line("medium", "red_app"));
        assert_finds(&checked("(service IS NOT NULL)"), &line("medium", "red_app"));
        assert_finds(&other(reads(), "UPDATE"), &line("medium", "red_app"));
        assert_finds(&other(leaf(), "SELECT"), &line("medium", "red_app"));
        assert_eq!(policies(&checked(OWN)), NOTHING);
        assert_eq!(policies(&other(reads(), "SELECT")), NOTHING);
        assert_eq!(policies(&other(leaf(), "TRIGGER")), NOTHING);
        let own = || table("postgres", json!({ "using": OWN }));
        for privilege in ["TRUNCATE", "REFERENCES"] {
            assert_finds(
                &own().grant_inside("red_db", privilege, "public.token", "red_app"),
                &line("medium", "red_app"),
            );
        }
        assert_eq!(policies(&own()), NOTHING);
    }
}
