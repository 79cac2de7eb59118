//! Fixes of findings: one or more repairs, each a statement with its effect and scope.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::ObjectKind;
use crate::sql::{Fragment, Keyword, Qualified, ServerText, Statement, stmt};

/// Effect of a repair on its object, the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    Revoke,
    Alter,
    Drop,
}

/// Scope of a statement's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairScope {
    /// Changes an object in the current database.
    Database,
    /// Changes a shared object: a role, a database, a membership.
    Server,
}

/// One statement that removes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    effect: Effect,
    scope: RepairScope,
    change: Statement,
    /// The role that must run it: REVOKE removes only what the current role granted.
    speaker: Option<String>,
    /// `GRANTED BY`: the grantor of the membership.
    grantor: Option<String>,
    cascade: bool,
    alone: bool,
    /// It may end what a person needs, such as a backup.
    in_use: bool,
    /// A change that includes this one.
    whole: Option<Statement>,
}

impl Repair {
    fn new(effect: Effect, scope: RepairScope, change: Statement) -> Repair {
        Repair {
            effect,
            scope,
            change,
            speaker: None,
            grantor: None,
            cascade: false,
            alone: false,
            in_use: effect == Effect::Drop,
            whole: None,
        }
    }

    /// Makes a REVOKE. Grants made by its grantee are removed with it.
    pub(super) fn revoke(scope: RepairScope, change: Statement) -> Repair {
        Repair { cascade: true, ..Repair::new(Effect::Revoke, scope, change) }
    }

    pub fn alter(scope: RepairScope, change: Statement) -> Repair {
        Repair::new(Effect::Alter, scope, change)
    }

    pub fn drop(scope: RepairScope, change: Statement) -> Repair {
        Repair::new(Effect::Drop, scope, change)
    }

    pub(super) fn run_as_role(self, speaker: Option<&str>) -> Repair {
        Repair { speaker: speaker.map(Into::into), ..self }
    }

    pub(super) fn granted_by(self, grantor: Option<&str>) -> Repair {
        Repair { grantor: grantor.map(Into::into), ..self }
    }

    pub(super) fn part_of(self, whole: Statement) -> Repair {
        Repair { whole: Some(whole), ..self }
    }

    /// Removes CASCADE: the server rejects the statement if something depends on the privilege.
    #[must_use]
    pub fn restrict(self) -> Repair {
        Repair { cascade: false, ..self }
    }

    /// Marks a statement that PostgreSQL does not run in a transaction.
    #[must_use]
    pub fn outside_transactions(self) -> Repair {
        Repair { alone: true, ..self }
    }

    /// Marks a statement that may end what a person needs, such as a backup.
    #[must_use]
    pub fn in_use(self) -> Repair {
        Repair { in_use: true, ..self }
    }

    pub fn scope(&self) -> RepairScope {
        self.scope
    }

    /// Returns its statements one by one, including `SET ROLE` and `RESET ROLE`.
    pub fn parts(&self) -> Vec<Statement> {
        let by = self.grantor.as_ref().map_or(stmt!(""), |by| stmt!(" GRANTED BY {by}", by = ident(by)));
        let cascade = Keyword(if self.cascade { " CASCADE" } else { "" });
        let change = stmt!("{change}{by}{cascade}", change = self.change);
        match &self.speaker {
            None => vec![change],
            Some(role) => vec![stmt!("SET ROLE {r}", r = ident(role)), change, stmt!("RESET ROLE")],
        }
    }

    /// Returns its statements as one message to the server.
    pub fn statement(&self) -> Statement {
        Statement::join(self.parts())
    }

    /// Returns `true` if this repair removes all that `other` would, whichever the grantor, with or without CASCADE.
    pub fn covers(&self, other: &Repair) -> bool {
        let takes_it = self.change == other.change || other.whole.as_ref() == Some(&self.change);
        takes_it && (other.speaker.is_none() || self.speaker == other.speaker)
    }
}

/// Ordered repairs of a finding; never empty. JSON has them as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    repairs: Vec<Repair>,
    /// Lines of SQL, most of them comments, for the host's administrator: martydb does not run them.
    advice: Vec<String>,
}

impl Fix {
    pub fn new(repairs: impl IntoIterator<Item = Repair>) -> Option<Fix> {
        Fix::with_advice(repairs, vec![])
    }

    pub(crate) fn with_advice(repairs: impl IntoIterator<Item = Repair>, advice: Vec<String>) -> Option<Fix> {
        let fix = Fix { repairs: repairs.into_iter().collect(), advice };
        (!fix.repairs.is_empty() || !fix.advice.is_empty()).then_some(fix)
    }

    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    pub fn advice(&self) -> &[String] {
        &self.advice
    }

    /// Adds the repairs and advice that it does not have yet.
    pub fn add(&mut self, other: Fix) {
        let new = other.repairs.into_iter().filter(|repair| !self.repairs.contains(repair));
        self.repairs.extend(new.collect::<Vec<_>>());
        self.advice.retain(|line| !other.advice.contains(line));
        self.advice.extend(other.advice);
    }

    /// Drops the reason why there is no statement, if there is one now.
    pub(crate) fn drop_reason(&mut self, reason: &str) {
        if !self.repairs.is_empty() || self.advice.len() > 1 {
            self.advice.retain(|line| line != reason);
        }
    }

    /// Returns the gravest effect of its repairs; `None` if it is only advice.
    pub fn effect(&self) -> Option<Effect> {
        self.repairs.iter().map(|repair| repair.effect).max()
    }

    /// Returns `true` if it drops something, or may end what a person needs.
    pub fn is_destructive(&self) -> bool {
        self.repairs.iter().any(|repair| repair.in_use)
    }

    /// Returns `true` if there are several repairs and PostgreSQL can run them in one transaction.
    pub fn is_one_transaction(&self) -> bool {
        self.repairs.len() > 1 && !self.repairs.iter().any(|repair| repair.alone)
    }

    pub fn statements(&self) -> impl Iterator<Item = Statement> + '_ {
        self.repairs.iter().map(Repair::statement)
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.repairs.iter().flat_map(Repair::parts).map(|part| format!("{part};"));
        for (at, line) in parts.chain(self.advice.iter().cloned()).enumerate() {
            write!(f, "{}{line}", if at > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Returns `ALTER ROLE … word`, such as NOSUPERUSER.
pub fn alter_role(role: &str, word: impl Fragment) -> Repair {
    Repair::alter(RepairScope::Server, stmt!("ALTER ROLE {role} {word}", role = ident(role)))
}

/// Returns `ALTER object OWNER TO role`; `object` is in the server's spelling.
pub fn set_owner(scope: RepairScope, object: &str, owner: &str) -> Repair {
    let change = stmt!(
        "ALTER {what} OWNER TO {owner}",
        what = ServerText::quoted_by_server(object.into()),
        owner = ident(owner)
    );
    Repair::alter(scope, change)
}

/// Returns a statement after which the code of a view or a routine runs with its caller's privileges.
pub fn run_as_caller(kind: Option<ObjectKind>, what: impl Fragment) -> Statement {
    match kind {
        Some(ObjectKind::View) => stmt!("ALTER {what} SET (security_invoker = true)"),
        _ => stmt!("ALTER {what} SECURITY INVOKER"),
    }
}

/// Resets a setting of a role, of a role in one database, of a database, or of all roles.
pub fn reset_setting(role: Option<&str>, database: Option<&str>, name: &str) -> Repair {
    let on = match (role, database) {
        (Some(role), None) => stmt!("ROLE {role}", role = ident(role)),
        (Some(role), Some(db)) => stmt!("ROLE {role} IN DATABASE {db}", role = ident(role), db = ident(db)),
        (None, Some(db)) => stmt!("DATABASE {db}", db = ident(db)),
        (None, None) => stmt!("ROLE ALL"),
    };
    let name = Qualified::dotted(name);
    Repair::alter(RepairScope::Server, stmt!("ALTER {on} RESET {name}"))
}

pub fn ident(name: &str) -> Qualified {
    Qualified(vec![name.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::super::{Securable, alter_role, revoke, revoke_admin_option, revoke_membership};
    use super::*;
    use crate::acl::entry;

    fn table(grantor: &str) -> Repair {
        revoke(&entry(Some("b"), "SELECT", grantor), None, &Securable::inside("TABLE t", "o"))
    }

    #[test]
    fn a_fix_is_as_grave_as_the_gravest_of_its_repairs() {
        let drop = Repair::drop(RepairScope::Server, stmt!("DROP ROLE b"));
        let alter = alter_role("b", Keyword("NOLOGIN"));
        let effect = |repairs: &[&Repair]| {
            Fix::new(repairs.iter().map(|one| (*one).clone())).unwrap().effect().unwrap()
        };
        assert_eq!(effect(&[&table("o")]), Effect::Revoke);
        assert_eq!(effect(&[&table("o"), &alter]), Effect::Alter);
        assert_eq!(effect(&[&alter, &drop, &table("o")]), Effect::Drop);
        assert_eq!(Fix::new([]), None);
    }

    #[test]
    fn the_text_has_a_line_for_each_statement() {
        let mut fix = Fix::new([table("x"), alter_role("b", Keyword("NOLOGIN"))]).unwrap();
        let text = "SET ROLE \"x\";\nREVOKE SELECT ON TABLE t FROM \"b\" CASCADE;\nRESET ROLE;\nALTER ROLE \"b\" NOLOGIN;";
        assert_eq!(fix.to_string(), text);
        assert_eq!(serde_json::to_string(&fix).unwrap(), serde_json::to_string(text).unwrap());
        fix.add(fix.clone());
        assert_eq!(fix.to_string(), text);
    }

    #[test]
    fn one_repair_covers_another_of_the_same_privilege() {
        let of_16 = revoke_membership("g", "m", Some("adm"), 16);
        let before = revoke_membership("g", "m", Some("adm"), 15).restrict();
        assert!(before.covers(&of_16) && of_16.covers(&before));
        assert!(table("x").covers(&table("o")), "the owner's own words need no other speaker");
        assert!(!table("o").covers(&table("x")));
        assert!(!table("o").covers(&before));
        let option = revoke_admin_option("g", "m", Some("adm"), 16);
        assert!(of_16.covers(&option) && !option.covers(&of_16));
    }

    #[test]
    fn a_statement_outside_a_transaction_is_in_a_batch_of_its_own() {
        let reset = Repair::alter(RepairScope::Server, stmt!("ALTER SYSTEM RESET a")).outside_transactions();
        let fix = |repairs: Vec<Repair>| Fix::new(repairs).unwrap().is_one_transaction();
        assert!(fix(vec![table("o"), table("x")]));
        assert!(!fix(vec![table("o")]));
        assert!(!fix(vec![reset, table("o")]));
    }
}
