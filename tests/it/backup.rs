//! `backup` and `restore`: what comes back is what was there, and the neighbours notice nothing.

mod counted;
pub(crate) mod expressions;
mod former_place;
mod full;
mod hashed;
mod in_use;
mod interrupted;
mod neighbours;
mod newer_server;
mod on_failure;
mod ordinary;
mod other_environment;
mod publications;
mod refused;
mod sealed;
mod stores;
mod tables;
mod temporary;
mod whole;

use crate::support::{Admin, Project, Server, can_dump};

/// Many kinds of objects, and privileges that a migration revoked: each is lost by some method of copying a database.
const OBJECTS: &str = include_str!("backup/objects.sql");

/// A service with many kinds of objects, and a second one.
pub(crate) struct Kept {
    server: Server,
    project: Project,
    prefix: String,
}

impl Kept {
    fn start(admin: Admin, prefix: &str) -> Kept {
        Kept::with(Server::for_admin(admin), admin, prefix, OBJECTS)
    }

    fn with(server: Server, admin: Admin, prefix: &str, objects: &str) -> Kept {
        let project = Project::new_as(&server, admin, prefix);
        let text = project.read("martydb.yaml");
        let keys = format!(
            "  {prefix}_a:\n    schemas: [public, other]\n    extensions: [citext]\n    settings: {{ work_mem: 5MB }}\n"
        );
        let text = text.replace(&format!("  {prefix}_a:\n"), &keys);
        project.write("martydb.yaml", &format!("{text}backup:\n  to: ./kept\n"));
        let app = format!("{prefix}_a_app");
        let ro = format!("{prefix}_a_ro");
        let privileges = format!(
            "REVOKE ALL ON secret FROM {app}, {ro};\nGRANT SELECT (id) ON secret TO {ro};\nREVOKE ALL ON FUNCTION hidden() FROM {app};\nGRANT SELECT ON own.note TO {app};\n\
             ALTER DEFAULT PRIVILEGES IN SCHEMA own GRANT SELECT ON TABLES TO {ro};\n"
        );
        let file = format!("{prefix}_a/migrations/V3__more");
        project.write(&format!("{file}.sql"), &format!("{objects}{privileges}"));
        project.write(&format!("{file}.down.sql"), "-- martydb: irreversible: a test\n");
        project.run(&["apply", "--all", "-y"]).expect(0);
        project.run(&["upgrade", "--all"]).expect(0);
        let kept = Kept { server, project, prefix: prefix.to_owned() };
        kept.as_app("INSERT INTO item (name) VALUES ('kept'), ('too')").unwrap();
        kept
    }

    fn service(&self) -> String {
        format!("{}_a", self.prefix)
    }

    fn as_app(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let app = format!("{}_a_app", self.prefix);
        self.server.sql_as(&app, &self.project.password(&app), &self.service(), sql)
    }

    /// Makes a backup, and returns its name.
    fn backup(&self) -> String {
        let made = self.project.json(&["backup", &self.service()], 0);
        made["backups"][0]["id"].as_str().unwrap().to_owned()
    }

    fn restore(&self, id: &str) -> crate::support::Done {
        self.project.run(&["restore", &self.service(), "--from", id, "-y", "-o", "json"])
    }

    /// Returns `true` if the machine has the client programs of this server's major; otherwise the command must report
    /// the missing ones.
    fn can_dump(&self) -> bool {
        if can_dump(&self.server) {
            return true;
        }
        let refused = self.project.run(&["backup", &self.service()]).expect(1);
        assert!(
            refused.stderr.contains("there are no pg_dump and pg_restore for a server of version"),
            "{refused:?}"
        );
        false
    }

    /// Nothing of a run is left over on the server, and no half backup in the store.
    fn expect_clean(&self, backups: usize) {
        let scratch = "SELECT count(*) FROM pg_database WHERE datname LIKE 'martydb\\_scratch%'";
        assert_eq!(self.server.value("postgres", scratch), "0");
        assert_eq!(self.backups().len(), backups);
    }

    /// Returns the backups in the store.
    fn backups(&self) -> Vec<String> {
        let listed = self.project.json(&["backup", "list", "-s", &self.service()], 0);
        listed["backups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns every fact about the database: objects with owners and privileges, rows, and the database itself.
    fn everything(&self, database: &str) -> Vec<String> {
        let mut all: Vec<String> =
            self.server.catalog(database).0.iter().map(|entry| format!("{entry:?}")).collect();
        for row in self.server.sql("postgres", &DATABASE.replace("{}", database)) {
            all.push(row.join(" ").replace(database, "{}"));
        }
        for query in self.server.sql(database, CONTENTS).into_iter().flatten() {
            all.push(format!("{query}: {:?}", self.server.sql(database, &query)));
        }
        all
    }
}

/// The database from outside, its oid aside.
const DATABASE: &str = "SELECT d.datname, pg_get_userbyid(d.datdba)::text, d.datconnlimit::text, d.datallowconn::text, shobj_description(d.oid, 'pg_database'),
     (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(coalesce(datacl, acldefault('d', datdba))) a),
     (SELECT string_agg(coalesce(r.rolname, '') || s.setconfig::text, ',' ORDER BY r.rolname) FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE s.setdatabase = d.oid)
     FROM pg_database d WHERE datname = '{}'";

/// A query for each table and sequence, in an order that does not change, and for the large objects.
const CONTENTS: &str = "SELECT format('SELECT x::text COLLATE \"C\" FROM ONLY %s x ORDER BY 1', c.oid::regclass) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
       WHERE relkind IN ('r', 'm') AND relispopulated AND nspname !~ '^(pg_|information_schema)'
     UNION ALL SELECT format('SELECT last_value::text, is_called::text FROM %s', c.oid::regclass) FROM pg_class c WHERE relkind = 'S'
     UNION ALL SELECT 'SELECT oid::text, pg_get_userbyid(lomowner)::text, lomacl::text, encode(lo_get(oid), ''hex'') FROM pg_largeobject_metadata ORDER BY 1'
     ORDER BY 1";
