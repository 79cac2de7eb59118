//! The role model as plain SQL, written without the product: what `apply` makes of a service.

/// The four roles, whose names and passwords the caller chooses.
pub(crate) struct Reference<'a> {
    pub database: &'a str,
    pub owner: &'a str,
    pub migrator: &'a str,
    pub app: &'a str,
    pub readonly: &'a str,
}

impl Reference<'_> {
    /// Passwords, as SQL literals, and connection limits in the order migrator, app, readonly. From 16 on a plain
    /// GRANT to a NOINHERIT role is WITH ADMIN FALSE, INHERIT FALSE, SET TRUE.
    pub(crate) fn roles(&self, passwords: [&str; 3], limits: [i32; 3]) -> String {
        let Reference { owner, migrator, app, readonly, .. } = self;
        let [m, a, r] = passwords;
        let [m_limit, a_limit, r_limit] = limits;
        format!(
            "CREATE ROLE {owner} NOLOGIN;
             CREATE ROLE {migrator} LOGIN NOINHERIT CONNECTION LIMIT {m_limit} PASSWORD {m};
             CREATE ROLE {app} LOGIN CONNECTION LIMIT {a_limit} PASSWORD {a};
             CREATE ROLE {readonly} LOGIN CONNECTION LIMIT {r_limit} PASSWORD {r};
             GRANT {owner} TO {migrator};"
        )
    }

    /// Runs apart from other statements.
    pub(crate) fn create_database(&self) -> String {
        format!("CREATE DATABASE {} TEMPLATE template0", self.database)
    }

    pub(crate) fn grants(&self) -> String {
        let Reference { database, owner, migrator, app, readonly } = self;
        format!(
            "REVOKE ALL ON DATABASE {database} FROM PUBLIC;
             GRANT CREATE, TEMPORARY ON DATABASE {database} TO {owner};
             ALTER ROLE {migrator} IN DATABASE {database} SET role = {owner};
             GRANT CONNECT ON DATABASE {database} TO {migrator}, {app}, {readonly};"
        )
    }

    /// Runs in the database.
    pub(crate) fn privileges_inside(&self) -> String {
        let Reference { owner, app, readonly, .. } = self;
        let defaults = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {owner}");
        format!(
            "ALTER SCHEMA public OWNER TO {owner};
             REVOKE ALL ON SCHEMA public FROM PUBLIC;
             GRANT USAGE ON SCHEMA public TO {app}, {readonly};
             {defaults} REVOKE ALL ON FUNCTIONS FROM PUBLIC; {defaults} REVOKE ALL ON TYPES FROM PUBLIC;
             {defaults} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
             {defaults} GRANT SELECT ON TABLES TO {readonly};
             {defaults} GRANT USAGE ON SCHEMAS TO {app}, {readonly};"
        )
    }
}
