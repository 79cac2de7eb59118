//! List of the existing test databases, and removal of one by name.

use super::context::CopyContext;
use super::old;
use martydb_model::error::{Error, Result};
use martydb_model::sql::stmt;
use martydb_model::{DbName, made_at};
use martydb_pg::server::execute_protected;

/// An existing test database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTestDatabase {
    pub database: DbName,
    pub template: DbName,
    /// Age in seconds; `None` if the name has no valid time.
    pub age: Option<u64>,
    pub sessions: usize,
}

impl CopyContext<'_> {
    /// Returns the test databases of the service, oldest first.
    #[martydb_pg::boxed]
    pub async fn list(&mut self) -> Result<Vec<ListedTestDatabase>> {
        let now = self.now().await?;
        let sessions = old::sessions(&mut self.session).await?;
        let own = self.actual.test_databases(self.desired).into_iter();
        let own = own.filter(|(_, test)| test.service == self.service.name);
        let mut all: Vec<ListedTestDatabase> = own
            .filter_map(|(database, test)| {
                let age = made_at(&database).map(|then| now.saturating_sub(then));
                let sessions = sessions.get(database.as_str()).copied().unwrap_or(0);
                Some(ListedTestDatabase { template: test.copied_from?, age, sessions, database })
            })
            .collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.age));
        Ok(all)
    }

    /// Returns the templates of the service.
    pub fn templates(&self) -> Vec<DbName> {
        let all = self.actual.test_databases(self.desired).into_iter();
        let own = all.filter(|(_, test)| test.service == self.service.name && test.copied_from.is_none());
        own.map(|(name, _)| name).collect()
    }

    /// Drops a test database of the service, with the sessions in it, or a template.
    ///
    /// # Errors
    /// [`Kind::Usage`](martydb_model::error::Kind::Usage) if `name` is neither of the service; nothing is changed then.
    pub async fn drop(&mut self, name: &str) -> Result<DbName> {
        let present = self.list().await?.into_iter().map(|one| one.database).chain(self.templates());
        let Some(found) = present.into_iter().find(|database| database.as_str() == name) else {
            let service = &self.service.name;
            return Err(Error::usage(format!("\"{name}\" is not a test database of {service}"))
                .hint(format!("`martydb test-db --service {service} --list` shows them")));
        };
        let drop = stmt!("DROP DATABASE {name} WITH (FORCE)", name = found);
        execute_protected(&mut self.session, &drop).await?;
        Ok(found)
    }
}
