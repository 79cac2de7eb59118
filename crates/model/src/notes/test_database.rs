//! Test databases and their templates: names, marks, and services.
//!
//! A comment marks them. Only the owner of a database can write its comment, and the owner of these is never a
//! service's role; a service can neither forge one nor hide one. The name by itself proves nothing; it contains the
//! creation time of a test database, by the server's clock.

use std::collections::BTreeMap;

use crate::{ActualServer, DbName, DesiredServer, DesiredService, RoleName, ServiceName};

const TEST: &str = "martydb_test_";
const TEMPLATE: &str = "martydb_template_";

/// Length limit of the service's part of a test database's name; the rest is for time and random digits.
const SERVICE_BYTES: usize = 26;

/// Digits of the time in base 36, sufficient until the year 4453.
const TIME_DIGITS: usize = 7;

/// A marked database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestDatabase {
    pub service: ServiceName,
    /// The copied template; `None` for a template.
    pub copied_from: Option<DbName>,
}

impl TestDatabase {
    /// Returns the comment that marks it.
    pub fn mark(&self, project: &str) -> String {
        match &self.copied_from {
            Some(template) => format!("martydb-test:{project}/{} from {template}", self.service),
            None => format!("martydb-template:{project}/{}", self.service),
        }
    }

    /// Parses a mark of this project; `None` for any other comment.
    fn read(comment: &str, project: &str) -> Option<TestDatabase> {
        let rest = |kind: &str| comment.strip_prefix(kind)?.strip_prefix(project)?.strip_prefix('/');
        if let Some(service) = rest("martydb-template:") {
            let service = ServiceName::new(service).ok()?;
            return Some(TestDatabase { service, copied_from: None });
        }
        let (service, template) = rest("martydb-test:")?.split_once(" from ")?;
        let template = DbName::found(template).ok()?;
        Some(TestDatabase { service: ServiceName::new(service).ok()?, copied_from: Some(template) })
    }
}

/// Returns the name of the template for this content, a number in hexadecimal.
pub fn template_name(content: &str) -> DbName {
    DbName::found(format!("{TEMPLATE}{content}")).expect("letters and digits are a name")
}

/// Returns the name of a test database: service, time and random digits.
///
/// `made_at` is in seconds since 1970.
pub fn test_name(service: &ServiceName, made_at: u64, random: u64) -> DbName {
    let service: String = service.as_str().chars().take(SERVICE_BYTES).collect();
    let (time, random) = (base36(made_at, TIME_DIGITS), base36(random, 8));
    DbName::found(format!("{TEST}{service}_{time}{random}")).expect("letters and digits are a name")
}

/// Returns the creation time of a test database, in seconds since 1970; `None` if the name is not one of
/// [`test_name`].
pub fn made_at(name: &DbName) -> Option<u64> {
    let (_, digits) = name.as_str().strip_prefix(TEST)?.rsplit_once('_')?;
    let is_digit = |c: char| c.is_ascii_digit() || c.is_ascii_lowercase();
    let fits = digits.len() == TIME_DIGITS + 8 && digits.chars().all(is_digit);
    fits.then(|| u64::from_str_radix(&digits[..TIME_DIGITS], 36).ok()).flatten()
}

/// Formats the lowest digits of a number in base 36.
fn base36(mut number: u64, digits: usize) -> String {
    let mut text = vec![b'0'; digits];
    for digit in text.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
    }
    String::from_utf8_lossy(&text).into_owned()
}

impl ActualServer {
    /// Returns `true` if a database's owner counts as the admin: a superuser, the admin, or a role that the admin is a
    /// member of, but not a service's role.
    pub fn is_admins(&self, owner: &str, desired: &DesiredServer) -> bool {
        let Ok(name) = RoleName::found(owner) else { return false };
        let superuser = self.roles.get(&name).is_some_and(|role| role.superuser);
        let admin = self.admin.name == owner || self.admin_acts_as(&name);
        desired.managed_role(&name).is_none() && (superuser || admin)
    }

    /// Parses the mark of a database, if its owner may mark it.
    pub fn test_database(&self, name: &DbName, desired: &DesiredServer) -> Option<TestDatabase> {
        let found = self.databases.get(name)?;
        let marked = TestDatabase::read(found.comment.as_deref()?, &desired.project)?;
        self.is_admins(&found.owner, desired).then_some(marked)
    }

    /// Returns this project's test databases and templates, including those of undeclared services.
    pub fn test_databases(&self, desired: &DesiredServer) -> BTreeMap<DbName, TestDatabase> {
        let marked = |name: &DbName| Some((name.clone(), self.test_database(name, desired)?));
        self.databases.keys().filter_map(marked).collect()
    }
}

impl DesiredServer {
    /// Returns the service of its own database, a test database or a template.
    pub fn service_of_database(&self, name: &str, actual: &ActualServer) -> Option<&DesiredService> {
        self.owning_service(name).or_else(|| {
            let marked = actual.test_database(&DbName::found(name).ok()?, self)?;
            self.services.get(&marked.service)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::MAX_IDENTIFIER_BYTES;

    fn service(name: &str) -> ServiceName {
        ServiceName::new(name).unwrap()
    }

    #[test]
    fn a_name_tells_when_the_database_was_made() {
        let long = service(&"x".repeat(41));
        for (service, time) in [(service("a"), 1_800_000_000), (service("pass_port-2"), 0), (long, 1)] {
            let name = test_name(&service, time, u64::MAX);
            assert_eq!(made_at(&name), Some(time), "{name}");
            assert!(name.as_str().len() <= MAX_IDENTIFIER_BYTES, "{name}");
        }
        for other in ["martydb_test_db", "martydb_test_a_00000000000000", "a_000000000000000", "postgres"] {
            assert_eq!(made_at(&DbName::found(other).unwrap()), None, "{other}");
        }
    }

    #[test]
    fn only_its_own_project_reads_a_mark() {
        let template = TestDatabase { service: service("a"), copied_from: None };
        let copy = TestDatabase { copied_from: Some(template_name("12ab")), ..template.clone() };
        for one in [template, copy] {
            let mark = one.mark("p/q");
            assert_eq!(TestDatabase::read(&mark, "p/q"), Some(one.clone()));
            for other in ["p", "q", "p/q/a", ""] {
                assert_eq!(TestDatabase::read(&mark, other), None, "{mark} {other}");
            }
        }
        assert_eq!(TestDatabase::read("martydb:p", "p"), None);
    }
}
