//! Makes a world on a server, puts it back between two attacks, and removes it.

use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};

use super::world::{DATABASES, OWN, World};
use crate::support::Server;

/// State that an attack may change, as it was before any world was made.
pub(crate) struct Stage {
    admins: Vec<(&'static str, PgConnection)>,
    /// Role, member, grantor and the statement that grants it.
    memberships: Vec<[String; 4]>,
    logins: Vec<String>,
    database_privileges: Vec<[String; 4]>,
    /// Statements that write the schemas' privileges as they were before an attack.
    schema_privileges: Vec<(&'static str, String)>,
}

impl Stage {
    pub(crate) async fn new(server: &Server) -> Stage {
        let mut admins = vec![];
        for database in DATABASES.iter().filter(|database| **database != "w1") {
            admins.push((*database, server.admin(database).await));
        }
        let mut stage = Stage {
            admins,
            memberships: vec![],
            logins: vec![],
            database_privileges: vec![],
            schema_privileges: vec![],
        };
        stage.memberships = stage.rows(MEMBERSHIPS).await;
        stage.logins = stage.rows(LOGINS).await.into_iter().map(|[name]: [String; 1]| name).collect();
        stage
    }

    pub(crate) async fn make(&mut self, server: &Server, world: &World) {
        self.run("postgres", "CREATE DATABASE w1 TEMPLATE template0").await;
        self.run("postgres", "REVOKE ALL ON DATABASE w1 FROM PUBLIC").await;
        self.admins.push(("w1", server.admin("w1").await));
        for (database, statement) in world.made.iter().map(|(database, statement)| (*database, statement)) {
            self.run(database, statement).await;
        }
        for statement in &world.memberships {
            self.run("postgres", statement).await;
        }
        self.database_privileges = self.rows(DATABASE_PRIVILEGES).await;
        self.schema_privileges.clear();
        for database in DATABASES {
            let statements = self.rows_of::<1>(database, SCHEMA_PRIVILEGES).await;
            self.schema_privileges.extend(statements.into_iter().map(|[statement]| (database, statement)));
        }
    }

    /// The memberships, logins and privileges on databases as they were before an attack.
    pub(crate) async fn restore(&mut self, world: &World) {
        self.restore_memberships(world.major).await;
        for statement in &world.memberships {
            self.run("postgres", statement).await;
        }
        for [name] in self.rows::<1>(LOGINS).await {
            if !self.logins.contains(&name) && !world.logins.contains(&name) {
                self.run("postgres", &format!("ALTER ROLE {name} NOLOGIN")).await;
            }
        }
        let known = self.database_privileges.clone();
        for row in self.rows::<4>(DATABASE_PRIVILEGES).await.into_iter().filter(|row| !known.contains(row)) {
            let [name, grantee, grantor, privilege] = row;
            let revoke =
                format!("SET ROLE {grantor}; REVOKE {privilege} ON DATABASE {name} FROM {grantee} CASCADE");
            self.run("postgres", &revoke).await;
            self.run("postgres", "RESET ROLE").await;
        }
        for (database, statement) in self.schema_privileges.clone() {
            self.run(database, &statement).await;
        }
    }

    pub(crate) async fn remove(&mut self, world: &World) {
        self.restore_memberships(world.major).await;
        for database in &world.visited {
            self.run("postgres", &format!("ALTER ROLE postgres IN DATABASE {database} RESET search_path"))
                .await;
        }
        self.admins.retain(|(database, _)| *database != "w1");
        self.run("postgres", "DROP DATABASE w1 WITH (FORCE)").await;
        // Sessions that ended may still be removing their temporary objects.
        while self.rows::<1>(OTHER_SESSIONS).await != [["0".to_owned()]] {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let own = OWN.join(", ");
        for database in ["red_db", "blue_db", "postgres"] {
            self.run(database, "DROP SCHEMA IF EXISTS s0, s1, canary CASCADE").await;
            self.run(database, MADE_IN_PUBLIC).await;
            self.run(database, &format!("DROP OWNED BY {own} CASCADE")).await;
        }
        self.run("postgres", &format!("DROP ROLE {own}")).await;
    }

    async fn restore_memberships(&mut self, major: u32) {
        let known = self.memberships.clone();
        for row in self.rows::<4>(MEMBERSHIPS).await.into_iter().filter(|row| !known.contains(row)) {
            let [role, member, grantor, _] = row;
            let by = if major >= 16 { format!("GRANTED BY {grantor}") } else { String::new() };
            // The one before may have taken it along.
            let revoke = format!(
                "DO $$ BEGIN REVOKE {role} FROM {member} {by} CASCADE; EXCEPTION WHEN OTHERS THEN NULL; END $$"
            );
            self.run("postgres", &revoke).await;
        }
        // A superuser takes back what others granted.
        let left = self.rows(MEMBERSHIPS).await;
        for [.., grant] in known.iter().filter(|row| !left.contains(row)) {
            self.run("postgres", grant).await;
        }
    }

    async fn run(&mut self, database: &str, statement: &str) {
        let (_, admin) = self.admins.iter_mut().find(|(at, _)| *at == database).unwrap();
        let result = admin.execute(sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))).await;
        if let Err(sqlx::Error::Database(error)) = &result {
            let detail = error.downcast_ref::<sqlx::postgres::PgDatabaseError>().detail();
            panic!("{statement}: {error}: {}", detail.unwrap_or_default());
        }
        result.unwrap();
    }

    async fn rows<const N: usize>(&mut self, query: &'static str) -> Vec<[String; N]> {
        self.rows_of("postgres", query).await
    }

    async fn rows_of<const N: usize>(&mut self, database: &str, query: &'static str) -> Vec<[String; N]> {
        let (_, admin) = self.admins.iter_mut().find(|(at, _)| *at == database).unwrap();
        let rows = admin.fetch_all(sqlx::raw_sql(query)).await.unwrap();
        rows.iter().map(|row| std::array::from_fn(|at| row.get_unchecked(at))).collect()
    }
}

const MEMBERSHIPS: &str = "SELECT roleid::regrole::text, member::regrole::text, grantor::regrole::text,
    format('GRANT %s TO %s', roleid::regrole, member::regrole) || CASE WHEN to_jsonb(m) ? 'set_option'
      THEN format(' WITH ADMIN %s, INHERIT %s, SET %s GRANTED BY %s', to_jsonb(admin_option), to_jsonb(m) -> 'inherit_option', to_jsonb(m) -> 'set_option', grantor::regrole)
      WHEN admin_option THEN ' WITH ADMIN OPTION' ELSE '' END
    FROM pg_auth_members m";
/// Objects that attackers made in `public` and gave to roles that stay.
const MADE_IN_PUBLIC: &str = "DO $$ DECLARE made text; BEGIN
    FOR made IN SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname ~ '^f[0-9]+$'
    LOOP EXECUTE 'DROP FUNCTION ' || made || ' CASCADE'; END LOOP;
    FOR made IN SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname ~ '^t[0-9]+$'
    LOOP EXECUTE 'DROP TABLE ' || made; END LOOP;
    FOR made IN SELECT oid::regtype::text FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typname ~ '^y[0-9]+$'
    LOOP EXECUTE 'DROP TYPE ' || made || ' CASCADE'; END LOOP; END $$";
const DATABASE_PRIVILEGES: &str = "SELECT datname::text, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.grantor::regrole::text, a.privilege_type
    FROM pg_database, aclexplode(datacl) a WHERE a.privilege_type IN ('CONNECT', 'TEMPORARY')";
const SCHEMA_PRIVILEGES: &str = "SELECT format('SET allow_system_table_mods = on; UPDATE pg_namespace SET nspacl = %L WHERE oid = %s AND nspacl IS DISTINCT FROM %1$L', nspacl, oid)
    FROM pg_namespace WHERE nspname IN ('public', 's0', 's1')";
const OTHER_SESSIONS: &str = "SELECT count(*)::text FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> 'postgres'";
const LOGINS: &str = "SELECT rolname::text FROM pg_roles WHERE rolcanlogin";
