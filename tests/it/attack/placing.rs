//! Code and data that a role places where a superuser uses it: triggers, checks, views, rows, foreign keys.

use super::random::Random;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A superuser's table on which others may create triggers.
    Own,
    /// A partition of a superuser's table.
    Partition,
    /// A table into which the rule of a superuser's table writes.
    Rule,
    /// A table into which a superuser's function writes.
    Body,
    /// The domain of a column of a superuser's table.
    Domain,
    /// A view that a superuser's view reads.
    View,
    /// A table whose rows a superuser's function executes.
    Rows,
    /// A table to which foreign keys may refer.
    Referenced,
}

/// Use by a superuser, and the statements that place code there.
#[derive(Clone)]
pub(crate) struct Placed {
    /// Statements that place it, each with `{f}` for a trigger function of the attacker's.
    pub put: Vec<String>,
    pub visit: String,
    pub mend: String,
}

/// Calls that a superuser's session remembers.
const TRAP: &str = "pg_catalog.set_config('trap.of', 'attacker', false)";

impl Place {
    pub(crate) const ALL: [Place; 8] = [
        Place::Own,
        Place::Partition,
        Place::Rule,
        Place::Body,
        Place::Domain,
        Place::View,
        Place::Rows,
        Place::Referenced,
    ];

    pub(crate) fn make(self, name: &str, owner: &str) -> String {
        let table = format!("CREATE TABLE {name} (t text); ALTER TABLE {name} OWNER TO {owner}");
        let function = |text: &str| {
            let text = text.replace('\'', "''");
            format!(
                "CREATE FUNCTION {name}x() RETURNS void LANGUAGE plpgsql AS '{text}'; REVOKE ALL ON FUNCTION {name}x() FROM PUBLIC"
            )
        };
        match self {
            Place::Own => format!("CREATE TABLE {name} (t text)"),
            Place::Partition => format!(
                "{table}; CREATE TABLE {name}x (t text) PARTITION BY LIST (t); ALTER TABLE {name}x ATTACH PARTITION {name} FOR VALUES IN ('a')"
            ),
            Place::Rule => format!(
                "{table}; CREATE TABLE {name}x (t text); CREATE RULE also AS ON INSERT TO {name}x DO ALSO INSERT INTO {name} VALUES (NEW.t)"
            ),
            Place::Body => {
                format!("{table}; {}", function(&format!("BEGIN INSERT INTO {name} VALUES ('a'); END")))
            }
            Place::Domain => format!(
                "CREATE DOMAIN {name} AS text; ALTER DOMAIN {name} OWNER TO {owner}; CREATE TABLE {name}x (t {name})"
            ),
            Place::View => format!(
                "CREATE VIEW {name} AS SELECT 'a'::text AS t; ALTER VIEW {name} OWNER TO {owner}; CREATE VIEW {name}x AS SELECT t FROM {name}"
            ),
            Place::Rows => format!(
                "{table}; {}",
                function(&format!(
                    "DECLARE q text; BEGIN FOR q IN SELECT t FROM {name} LOOP EXECUTE q; END LOOP; END"
                ))
            ),
            Place::Referenced => {
                // Without a row each check fails, and what its cast did is rolled back.
                format!(
                    "CREATE TABLE {name} (no int PRIMARY KEY); INSERT INTO {name} VALUES (1); ALTER TABLE {name} OWNER TO {owner}"
                )
            }
        }
    }

    pub(crate) fn privilege(self, random: &mut Random) -> &'static str {
        match self {
            Place::Own | Place::Partition | Place::Rule | Place::Body => {
                random.of(&["TRIGGER ON", "INSERT ON"])
            }
            Place::Domain => "USAGE ON DOMAIN",
            Place::View => "SELECT ON",
            Place::Rows => random.of(&["INSERT ON", "SELECT ON"]),
            Place::Referenced => "REFERENCES ON",
        }
    }

    pub(crate) fn placed(self, name: &str) -> Option<Placed> {
        let (schema, short) = name.split_once('.').unwrap();
        let trigger = vec![format!(
            "CREATE TRIGGER trap BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION {{f}}()"
        )];
        let untie = format!("DROP TRIGGER trap ON {name}");
        let insert = |into: &str| format!("INSERT INTO {into} VALUES ('a')");
        let (put, visit, mend) = match self {
            Place::Own => (trigger, insert(name), untie),
            Place::Partition | Place::Rule => (trigger, insert(&format!("{name}x")), untie),
            Place::Body => (trigger, format!("SELECT {name}x()"), untie),
            Place::Domain => (
                vec![format!("ALTER DOMAIN {name} ADD CONSTRAINT trap CHECK ({TRAP} = 'attacker')")],
                insert(&format!("{name}x")),
                format!("ALTER DOMAIN {name} DROP CONSTRAINT trap"),
            ),
            Place::View => {
                let replace = |to: &str| match to == schema {
                    true => format!("CREATE OR REPLACE VIEW {name} AS SELECT {TRAP} AS t"),
                    false => format!(
                        "ALTER VIEW {name} SET SCHEMA {to}; CREATE OR REPLACE VIEW {to}.{short} AS SELECT {TRAP} AS t"
                    ),
                };
                let back = format!("DO $$ DECLARE at text; BEGIN
                    SELECT format('%I.%I', nspname, relname) INTO at FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = '{short}' AND relkind = 'v';
                    IF at <> '{name}' THEN EXECUTE 'ALTER VIEW ' || at || ' SET SCHEMA {schema}'; END IF; END $$;
                    CREATE OR REPLACE VIEW {name} AS SELECT 'a'::text AS t");
                let mut places = vec![schema, "public", "s0", "s1"];
                places.dedup();
                (places.into_iter().map(replace).collect(), format!("SELECT * FROM {name}x"), back)
            }
            Place::Rows => (
                vec![format!("INSERT INTO {name} (t) VALUES ($${TRAP_ROW}$$)")],
                format!("SELECT {name}x()"),
                format!("DELETE FROM {name}"),
            ),
            Place::Referenced => return None,
        };
        Some(Placed { put, visit, mend })
    }
}

const TRAP_ROW: &str = "SELECT pg_catalog.set_config('trap.of', 'attacker', false)";
