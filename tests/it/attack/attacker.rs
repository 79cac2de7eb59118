//! An attacker with one login, who tries everything of a small grammar until nothing new comes of it: connect,
//! `SET ROLE`, call, write, read, make a trigger, give a function away, grant, set a password.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use super::placing::Place;
use super::world::{DATABASES, Kind, OWN, PREDEFINED, SERVICE, Thing, Visited, World};
use crate::support::Server;

/// Objects that were reached for real.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    pub enters: BTreeSet<String>,
    /// Database, and the role whose table was read there.
    pub acts: BTreeSet<(String, String)>,
    pub verifiers: bool,
    pub files: bool,
    pub programs: bool,
    /// Databases in which a superuser's session ran code of the attacker.
    pub visits: BTreeSet<String>,
    /// The statements that reached something new.
    pub trace: Vec<String>,
}

impl Reached {
    pub(crate) fn is_superuser(&self) -> bool {
        self.programs || self.acts.iter().any(|(_, role)| role == "boss")
    }

    pub(crate) fn count(&self) -> usize {
        self.enters.len()
            + self.acts.len()
            + self.visits.len()
            + usize::from(self.verifiers)
            + usize::from(self.files)
    }
}

/// A way to run a text as a role within one session.
#[derive(Clone)]
pub(crate) struct Context {
    pub role: String,
    /// `true` if a function's owner is the current role, so that `SET ROLE` is refused.
    is_frame: bool,
    /// Statements before it.
    before: String,
    /// Functions that the text passes through, from the outside in; `{}` stands for it as a literal.
    layers: Vec<String>,
}

impl Context {
    pub(crate) fn sql(&self, text: &str) -> String {
        format!("RESET ROLE; DEALLOCATE ALL; {}", self.body(text))
    }

    pub(crate) fn body(&self, text: &str) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let text =
            self.layers.iter().rev().fold(text.to_owned(), |text, layer| layer.replace("{}", &quoted(&text)));
        format!("{}{text}", self.before)
    }

    pub(crate) fn frame(&self, role: &str, before: &str, layer: String) -> Context {
        let layers = self.layers.iter().cloned().chain([layer]).collect();
        Context { role: role.into(), is_frame: true, before: format!("{before}{}", self.before), layers }
    }
}

pub(crate) struct Attack<'a> {
    pub server: &'a Server,
    pub world: &'a World,
    /// Logins of the attacker.
    logins: BTreeSet<String>,
    pub found: Reached,
    /// Grants that were accepted.
    granted: BTreeSet<(String, String)>,
    /// Database and schema that every role may use and create in.
    opened: BTreeSet<(String, String)>,
    /// Roles that code of the attacker has run as, in functions of theirs.
    frames: BTreeSet<String>,
    /// Login and database.
    entered: BTreeSet<(String, &'static str)>,
    pub counter: usize,
}

/// Attacks a server as a login, with names whose numbers follow this one.
pub(crate) async fn attack(server: &Server, world: &World, login: &str, counter: usize) -> Reached {
    let logins = BTreeSet::from([login.to_owned()]);
    let mut attack = Attack {
        server,
        world,
        logins,
        found: Reached::default(),
        granted: BTreeSet::new(),
        opened: BTreeSet::new(),
        frames: BTreeSet::new(),
        entered: BTreeSet::new(),
        counter,
    };
    // Results of two logins in one database differ by the grants and revokes before.
    let mut tried: BTreeMap<(String, &str), [usize; 3]> = BTreeMap::new();
    loop {
        let before = attack.progress();
        for login in attack.logins.clone() {
            for database in DATABASES {
                let key = (login.clone(), database);
                let state = [attack.logins.len(), attack.granted.len(), attack.opened.len()];
                if attack.entered.contains(&key) && tried.get(&key) == Some(&state) {
                    continue;
                }
                tried.insert(key, state);
                attack.enter(&login, database).await;
                // Everything else follows from it.
                if attack.found.is_superuser() {
                    return attack.found;
                }
            }
        }
        if attack.progress() == before {
            return attack.found;
        }
    }
}

impl Attack<'_> {
    fn progress(&self) -> [usize; 5] {
        let [logins, granted, opened] = [self.logins.len(), self.granted.len(), self.opened.len()];
        [logins, granted, opened, self.entered.len(), self.found.count()]
    }

    async fn enter(&mut self, login: &str, database: &'static str) {
        let url = format!("postgresql://{login}@127.0.0.1:{}/{database}?sslmode=disable", self.server.port);
        let Ok(mut session) = PgConnection::connect(&url).await else { return };
        self.found.enters.insert(database.into());
        self.entered.insert((login.into(), database));
        let mut contexts = vec![];
        for role in roles() {
            let context = Context {
                role: role.into(),
                is_frame: false,
                before: format!("SET ROLE {role}; "),
                layers: vec![],
            };
            if works(&mut session, &context.sql("")).await {
                contexts.push(context);
            }
        }
        self.expand(&mut session, database, &mut contexts).await;
        self.frames.extend(contexts.iter().filter(|one| one.is_frame).map(|one| one.role.clone()));
        for context in &contexts {
            self.act(&mut session, database, context).await;
        }
        self.place(&mut session, database, &contexts).await;
        self.read_views(&mut session, database, &contexts).await;
        session.close().await.ok();
    }

    /// Reaches every frame, until there is no new one.
    async fn expand(&mut self, session: &mut PgConnection, database: &str, contexts: &mut Vec<Context>) {
        let world = self.world;
        let mut fresh = 0;
        loop {
            for context in &contexts[fresh..] {
                open_places(session, context).await;
            }
            let opened = session.fetch_all(sqlx::raw_sql(OPENED)).await.unwrap();
            self.opened.extend(opened.iter().map(|row| (database.to_owned(), row.get_unchecked(0))));
            let known: BTreeSet<String> =
                contexts.iter().filter(|one| one.is_frame).map(|one| one.role.clone()).collect();
            let mut new: BTreeMap<String, Context> = BTreeMap::new();
            for thing in world
                .things
                .iter()
                .filter(|thing| thing.database == database && !known.contains(&thing.owner))
            {
                if let Some(context) = self.through(session, contexts, thing).await {
                    new.entry(thing.owner.clone()).or_insert(context);
                }
            }
            for context in &contexts[fresh..] {
                self.give_away(session, context, &known, &mut new).await;
            }
            if new.is_empty() {
                return;
            }
            fresh = contexts.len();
            contexts.extend(new.into_values());
        }
    }

    /// A frame of the thing's owner. One role may prepare the statement and another execute it, if both look names up
    /// in the same path.
    async fn through(
        &mut self,
        session: &mut PgConnection,
        contexts: &[Context],
        thing: &Thing,
    ) -> Option<Context> {
        let name = &thing.name;
        let statement = match thing.kind {
            Kind::Runs => format!("SELECT {name}({{}})"),
            Kind::Inbox | Kind::Through => format!("INSERT INTO {name} (t) VALUES ({{}})"),
            Kind::Trigger => return self.own_trigger(session, contexts, thing).await,
            Kind::Placed(Place::Referenced) => return self.refer(session, contexts, thing).await,
            Kind::View | Kind::Event | Kind::Indexed | Kind::Placed(_) => return None,
        };
        for one in contexts {
            let context = one.frame(&thing.owner, "", statement.clone());
            if works(session, &context.sql("SELECT 1")).await {
                return Some(context);
            }
        }
        for parse in contexts {
            self.counter += 1;
            let number = self.counter;
            let statement = statement.replace("{}", "$1");
            let prepare = format!("SET search_path = pg_catalog; PREPARE z{number}(text) AS {statement}");
            if !works(session, &parse.sql(&prepare)).await {
                continue;
            }
            for execute in contexts {
                let before = format!("{}; RESET ROLE; ", parse.body(&prepare));
                let run = format!("SET search_path = pg_catalog; EXECUTE z{number}({{}})");
                let context = execute.frame(&thing.owner, &before, run);
                if works(session, &context.sql("SELECT 1")).await {
                    return Some(context);
                }
            }
        }
        None
    }

    /// A trigger with the function on a table of one's own.
    async fn own_trigger(
        &mut self,
        session: &mut PgConnection,
        contexts: &[Context],
        thing: &Thing,
    ) -> Option<Context> {
        for maker in contexts {
            for schema in PLACES {
                self.counter += 1;
                let table = format!("{schema}.t{}", self.counter);
                if !works(
                    session,
                    &maker.sql(&format!("CREATE TABLE {table} (t text); GRANT ALL ON {table} TO PUBLIC")),
                )
                .await
                {
                    continue;
                }
                for other in contexts {
                    let trigger = format!(
                        "CREATE TRIGGER fire BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {}()",
                        thing.name
                    );
                    let context =
                        maker.frame(&thing.owner, "", format!("INSERT INTO {table} (t) VALUES ({{}})"));
                    if works(session, &other.sql(&trigger)).await
                        && works(session, &context.sql("SELECT 1")).await
                    {
                        return Some(context);
                    }
                }
            }
        }
        None
    }

    /// Functions of one's own that are given to roles: each runs as its new owner from then on.
    async fn give_away(
        &mut self,
        session: &mut PgConnection,
        context: &Context,
        known: &BTreeSet<String>,
        new: &mut BTreeMap<String, Context>,
    ) {
        for schema in PLACES {
            let mut own = None;
            for role in roles().into_iter().filter(|role| !known.contains(*role)) {
                if new.contains_key(role) {
                    continue;
                }
                if own.is_none() {
                    self.counter += 1;
                    let name = format!("{schema}.f{}", self.counter);
                    let make = format!(
                        "CREATE FUNCTION {name}(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE q; END'"
                    );
                    own = works(session, &context.sql(&make)).await.then_some(name);
                }
                let Some(name) = &own else { break };
                if works(session, &context.sql(&format!("ALTER FUNCTION {name} OWNER TO {role}"))).await {
                    let given = context.frame(role, "", format!("SELECT {name}({{}})"));
                    if works(session, &given.sql("SELECT 1")).await {
                        new.insert(role.into(), given);
                    }
                    own = None;
                }
            }
        }
    }

    async fn act(&mut self, session: &mut PgConnection, database: &str, context: &Context) {
        for role in OWN.iter().chain(&SERVICE) {
            let fact = (database.to_owned(), (*role).to_owned());
            if !self.found.acts.contains(&fact)
                && self.tries(session, context, &format!("TABLE canary.of_{role}")).await
            {
                self.found.acts.insert(fact);
            }
        }
        let programs = self.tries(session, context, "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'").await;
        self.found.programs |= programs;
        let read = format!("COPY canary.box FROM '{}/PG_VERSION'", self.server.data().display());
        let files = self.tries(session, context, &read).await;
        self.found.files |= files;
        let own = context.role.as_str();
        if !self.logins.contains(own)
            && self.can_log_in(own)
            && self.tries(session, context, &format!("ALTER ROLE {own} PASSWORD 'known'")).await
        {
            self.logins.insert(own.into());
        }
        for role in roles() {
            if !self.logins.contains(role)
                && self.tries(session, context, &format!("ALTER ROLE {role} LOGIN PASSWORD 'known'")).await
            {
                self.logins.insert(role.into());
            }
        }
        self.grant(session, context).await;
        self.lay_traps(session, database, context).await;
    }

    /// Code that a superuser's session runs: a function under a name that it calls, or one that an event trigger calls.
    async fn lay_traps(&mut self, session: &mut PgConnection, database: &str, context: &Context) {
        let body = "LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''trap.of'', ''attacker'', false); END'";
        for schema in ["public", "s0", "s1"] {
            let is_known = !self.world.visited.contains(database) || self.found.visits.contains(database);
            let make = format!("CREATE FUNCTION {schema}.f0() RETURNS void {body}");
            if !is_known && self.tries(session, context, &make).await {
                self.visit(database, "SELECT f0()", &format!("DROP FUNCTION {schema}.f0()")).await;
            }
        }
        let world = self.world;
        for thing in world.things.iter().filter(|thing| thing.database == database) {
            if let Some(visited) = &thing.visited {
                self.replace(session, thing, visited, context).await;
            }
        }
    }

    /// Replaces what an object of a superuser calls, in its schema or in one to which it is moved.
    async fn replace(
        &mut self,
        session: &mut PgConnection,
        thing: &Thing,
        visited: &Visited,
        context: &Context,
    ) {
        let (home, name) = thing.name.split_once('.').unwrap();
        let (signature, returns) = (visited.signature, visited.returns);
        let evil = format!("AS 'BEGIN PERFORM set_config(''trap.of'', ''attacker'', false); {returns} END'");
        // The volatility stays as an index wants it.
        let kept = if signature.contains("RETURNS text") { "IMMUTABLE" } else { "" };
        for schema in [home, "public", "s0", "s1"] {
            let move_to = |from: &str, to: &str| match from == to {
                true => String::new(),
                false => format!("ALTER FUNCTION {from}.{name} SET SCHEMA {to}; "),
            };
            let replace =
                |rest: &str| format!("CREATE OR REPLACE FUNCTION {schema}.{name}{signature} {rest}");
            let make =
                format!("{}{}", move_to(home, schema), replace(&format!("LANGUAGE plpgsql {kept} {evil}")));
            let mend = format!("{}; {}", replace(&visited.original), move_to(schema, home));
            if !self.found.visits.contains(thing.database) && self.tries(session, context, &make).await {
                self.visit(thing.database, &visited.visit, &mend).await;
            }
        }
    }

    /// Executes a superuser's statement there, and then the one that removes the trap.
    pub(crate) async fn visit(&mut self, database: &str, statement: &str, mend: &str) {
        let mut visitor = self.server.admin(database).await;
        works(&mut visitor, statement).await;
        let trapped = sqlx::query_scalar("SELECT current_setting('trap.of', true)");
        let trapped: Option<String> = trapped.fetch_one(&mut visitor).await.unwrap();
        if trapped.is_some_and(|of| of == "attacker") {
            self.found.visits.insert(database.into());
        }
        works(&mut visitor, mend).await;
    }

    fn can_log_in(&self, role: &str) -> bool {
        self.world.logins.contains(role)
    }

    async fn grant(&mut self, session: &mut PgConnection, context: &Context) {
        // A session lends to the owner of a function what the function then does with it.
        let to: BTreeSet<String> = self.logins.union(&self.frames).cloned().collect();
        // From 16 on the member's own INHERIT decides where nothing is said.
        let with = if self.world.major >= 16 { " WITH INHERIT TRUE, SET TRUE" } else { "" };
        for member in &to {
            for role in roles() {
                let grant = (role.to_owned(), member.clone());
                if role == member || self.granted.contains(&grant) {
                    continue;
                }
                let text = format!("GRANT {role} TO {member}{with}");
                if self.tries(session, context, &text).await
                    || self.grants_instead(session, context, &grant, &text).await
                {
                    self.granted.insert(grant);
                }
            }
            for database in DATABASES {
                if self.entered.contains(&(member.clone(), database)) {
                    continue;
                }
                // With only a warning if nothing may be granted.
                self.tries(session, context, &format!("GRANT CONNECT ON DATABASE {database} TO {member}"))
                    .await;
            }
        }
    }

    /// Grants a membership that would close a circle with earlier grants of the attacker's, and takes these back in the same
    /// transaction: the context may need one of them. They still count as granted: what they lead to was found. Not before 16,
    /// where a membership has one grantor: revoking it could remove one that the attacker did not grant.
    async fn grants_instead(
        &mut self,
        session: &mut PgConnection,
        context: &Context,
        (role, member): &(String, String),
        grant: &str,
    ) -> bool {
        let own: Vec<&String> =
            self.granted.iter().filter(|(_, to)| to == role).map(|(granted, _)| granted).collect();
        let is_circle = format!("SELECT 1 / pg_has_role('{role}', '{member}', 'MEMBER')::int");
        if self.world.major < 16 || own.is_empty() || !works(session, &is_circle).await {
            return false;
        }
        let revoke = |granted: &&String| {
            format!("DO 'BEGIN REVOKE {granted} FROM {role}; EXCEPTION WHEN OTHERS THEN NULL; END'; ")
        };
        let text: String = own.iter().map(revoke).chain([grant.to_owned()]).collect();
        self.tries(session, context, &text).await
    }

    async fn read_views(&mut self, session: &mut PgConnection, database: &str, contexts: &[Context]) {
        let world = self.world;
        for view in world.things.iter().filter(|thing| thing.database == database && thing.kind == Kind::View)
        {
            for parse in contexts {
                let prepare = format!(
                    "SET search_path = pg_catalog; PREPARE z AS SELECT rolpassword FROM {}",
                    view.name
                );
                let prepare = parse.sql(&prepare);
                for execute in contexts {
                    let run = execute.body("SET search_path = pg_catalog; EXECUTE z");
                    let read = format!("{prepare}; RESET ROLE; {run}");
                    self.found.verifiers = self.found.verifiers || works(session, &read).await;
                }
            }
        }
    }
}

/// Schemas where something may be made; before 15 every role may create in `public`.
pub(crate) const PLACES: [&str; 4] = ["pg_temp", "public", "s0", "s1"];

fn roles() -> Vec<&'static str> {
    [&OWN[..], &SERVICE[..], &PREDEFINED[..]].concat()
}

impl Attack<'_> {
    /// Returns `true` if the context may do it; new results are kept for the report of a failure.
    pub(crate) async fn tries(&mut self, session: &mut PgConnection, context: &Context, text: &str) -> bool {
        let sql = context.sql(text);
        let is_done = works(session, &sql).await;
        if is_done {
            self.found.trace.push(sql);
        }
        is_done
    }
}

/// Lets every role create where the context decides about it; with a warning alone where it does not.
async fn open_places(session: &mut PgConnection, context: &Context) {
    for schema in ["public", "s0", "s1"] {
        works(session, &context.sql(&format!("GRANT ALL ON SCHEMA {schema} TO PUBLIC"))).await;
    }
    for database in DATABASES {
        works(session, &context.sql(&format!("GRANT TEMPORARY ON DATABASE {database} TO PUBLIC"))).await;
    }
}

const OPENED: &str = "SELECT nspname::text FROM pg_namespace, aclexplode(nspacl) WHERE grantee = 0 AND privilege_type = 'CREATE'";

pub(crate) async fn works(session: &mut PgConnection, sql: &str) -> bool {
    session.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.is_ok()
}
