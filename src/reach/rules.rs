//! The rules, each with the page of the manual that it comes from. Tested against a brute-force attacker on real
//! servers (`tests/it/reach`): what the attacker reached and what the rules say must agree.
//!
//! Two kinds of session count. In a *session* of its own a login may `SET ROLE`; in a *frame* (a function that runs
//! with its owner's rights) it may not, and has what the owner has or inherits. What a login holds in each database
//! is derived from what it holds anywhere and from what it enters, so that the product of both stays small: the
//! walk ends at the border of a foreign service.

use ascent::ascent;

use super::ids::{DatabaseId, ObjectId, PUBLIC, RoleId};
use super::state::{State, Target};
use super::step::Step;

ascent! {
    pub struct Rules;

    // Facts.
    relation principal(RoleId);
    relation role(RoleId);
    relation member(RoleId, RoleId);
    relation inherits(RoleId, RoleId);
    relation sets(RoleId, RoleId);
    relation admin(RoleId, RoleId);
    /// Whether the login gets the privileges of a role that is granted to it now.
    relation inheriting(RoleId);
    relation major(u32);
    relation superuser(RoleId);
    relation createrole(RoleId);
    relation server_role(RoleId);
    relation server_admin(RoleId);
    relation service_role(RoleId, u32);
    relation database(DatabaseId);
    relation service_database(DatabaseId, u32);
    relation connect(DatabaseId, RoleId);
    relation grants_connect(DatabaseId, RoleId);
    relation temporary(DatabaseId, RoleId);
    relation usage(ObjectId, RoleId);
    relation create(ObjectId, RoleId);
    relation schema(ObjectId, DatabaseId);
    /// Function, database, schema, owner.
    relation definer(ObjectId, DatabaseId, ObjectId, RoleId);
    relation power(ObjectId, DatabaseId, ObjectId, Target);
    relation execute(ObjectId, RoleId);
    relation trigger_function(ObjectId);
    relation called_by_server(ObjectId);
    /// Table, database, schema, function.
    relation trigger(ObjectId, DatabaseId, ObjectId, ObjectId);
    relation write(ObjectId, RoleId);
    /// Relation, database, schema, owner.
    relation table(ObjectId, DatabaseId, ObjectId, RoleId);
    relation select(ObjectId, RoleId);
    relation view(ObjectId, ObjectId);
    relation copy(ObjectId, ObjectId);
    relation secret(ObjectId, Target);
    relation superuser_path(DatabaseId, ObjectId);
    relation event_trigger(DatabaseId, ObjectId, RoleId);

    // What follows: the login, and its state.
    relation is(RoleId, State);
    /// Why: the login, the conclusion, the step, and one or two premises.
    relation because(RoleId, State, Step, State, State);

    // Every conclusion is drawn here.
    is(p, s) <-- because(p, s, _, _, _);

    // Memberships, of any kind, followed to their end.
    relation belongs(RoleId, RoleId);
    belongs(r, r) <-- role(r);
    belongs(m, h) <-- belongs(m, g), member(g, h);
    relation service_of(RoleId, u32);
    service_of(p, s) <-- principal(p), service_role(p, s);
    /// Whether a role is of a service that is not the login's.
    relation foreign_role(RoleId, RoleId);
    foreign_role(p, r) <-- principal(p), service_role(r, s), !service_of(p, s);
    relation foreign_database(RoleId, DatabaseId);
    foreign_database(p, d) <-- principal(p), service_database(d, s), !service_of(p, s);

    // CONNECT counts with what the login inherits when it logs in; a role behind SET alone opens no door.
    // https://www.postgresql.org/docs/current/ddl-priv.html
    because(p, State::LogsInWith(*p), Step::LogsIn, State::Start, State::Start) <-- principal(p);
    because(p, State::LogsInWith(*g), Step::Inherits(*m, *g), State::LogsInWith(*m), State::Start) <--
        is(p, ?State::LogsInWith(m)), inherits(m, g), !foreign_role(p, g);
    because(p, State::Enters(*d), Step::Connects(*d, *g), State::LogsInWith(*g), State::Start) <--
        is(p, ?State::LogsInWith(g)), connect(d, g), database(d), !foreign_database(p, d);
    because(p, State::Reaches(Target::ServiceDatabase(*d)), Step::Connects(*d, *g), State::LogsInWith(*g), State::Start) <--
        is(p, ?State::LogsInWith(g)), connect(d, g), database(d), foreign_database(p, d);
    // Whoever may grant CONNECT grants it to itself, from any database.
    because(p, State::Enters(*d), Step::GrantsConnect(*d, *g), State::Holds(*e, *g), State::Start) <--
        is(p, ?State::Holds(e, g)), grants_connect(d, g), database(d), !foreign_database(p, d);
    because(p, State::Reaches(Target::ServiceDatabase(*d)), Step::GrantsConnect(*d, *g), State::Holds(*e, *g), State::Start) <--
        is(p, ?State::Holds(e, g)), grants_connect(d, g), database(d), foreign_database(p, d);

    // SET ROLE: from the session's login, along memberships that have SET (from 16 on; before, any).
    // https://www.postgresql.org/docs/current/sql-set-role.html
    because(p, State::Session(*p), Step::Inside, State::Enters(*d), State::Start) <-- is(p, ?State::Enters(d));
    because(p, State::Session(*g), Step::SetsRole(*m, *g), State::Session(*m), State::Start) <--
        is(p, ?State::Session(m)), sets(m, g), !foreign_role(p, g);
    because(p, State::Reaches(Target::ServiceRole(*g)), Step::SetsRole(*m, *g), State::Session(*m), State::Start) <--
        is(p, ?State::Session(m)), sets(m, g), foreign_role(p, g);

    // Privileges are those of the current role and of what it inherits.
    // https://www.postgresql.org/docs/current/role-membership.html
    because(p, State::Uses(*r), Step::Inside, State::Session(*r), State::Start) <-- is(p, ?State::Session(r));
    because(p, State::Uses(*g), Step::Inherits(*m, *g), State::Uses(*m), State::Start) <--
        is(p, ?State::Uses(m)), inherits(m, g), !foreign_role(p, g);
    because(p, State::Reaches(Target::ServiceRole(*g)), Step::Inherits(*m, *g), State::Uses(*m), State::Start) <--
        is(p, ?State::Uses(m)), inherits(m, g), foreign_role(p, g);
    because(p, State::Holds(*d, *g), Step::Inside, State::Uses(*g), State::Enters(*d)) <--
        is(p, ?State::Enters(d)), is(p, ?State::Uses(g));
    because(p, State::Holds(*d, *o), Step::Inside, State::Frame(*d, *o), State::Start) <-- is(p, ?State::Frame(d, o));
    because(p, State::Holds(*d, *g), Step::Inherits(*m, *g), State::Holds(*d, *m), State::Start) <--
        is(p, ?State::Holds(d, m)), inherits(m, g), !foreign_role(p, g);
    because(p, State::Reaches(Target::ServiceRole(*g)), Step::Inherits(*m, *g), State::Holds(*d, *m), State::Start) <--
        is(p, ?State::Holds(d, m)), inherits(m, g), foreign_role(p, g);

    // ADMIN OPTION: its holder grants the role to any login. From 16 on an inherited row counts, before that any.
    // https://www.postgresql.org/docs/current/sql-grant.html
    because(p, State::Grants(*x), Step::HasAdmin(*g, *x), State::Holds(*d, *g), State::Start) <--
        major(n), if *n >= 16, is(p, ?State::Holds(d, g)), admin(g, x);
    because(p, State::Grants(*x), Step::HasAdmin(*g, *x), State::Session(*r), State::Start) <--
        major(n), if *n < 16, is(p, ?State::Session(r)), belongs(r, g), admin(g, x);
    because(p, State::Grants(*x), Step::HasAdmin(*g, *x), State::Frame(*d, *r), State::Start) <--
        major(n), if *n < 16, is(p, ?State::Frame(d, r)), belongs(r, g), admin(g, x);
    // A membership that would close a circle is refused.
    because(p, State::Session(*x), Step::GrantsRole(*x), State::Grants(*x), State::Start) <--
        is(p, ?State::Grants(x)), !belongs(x, p), !foreign_role(p, x);
    because(p, State::LogsInWith(*x), Step::GrantsRole(*x), State::Grants(*x), State::Start) <--
        is(p, ?State::Grants(x)), !belongs(x, p), !foreign_role(p, x), inheriting(p);
    because(p, State::Reaches(Target::ServiceRole(*x)), Step::GrantsRole(*x), State::Grants(*x), State::Start) <--
        is(p, ?State::Grants(x)), foreign_role(p, x);
    // It may grant the role to the owner of the frame that it is in, too.
    because(p, State::Holds(*d, *x), Step::GrantsRole(*x), State::Grants(*x), State::Frame(*d, *o)) <--
        is(p, ?State::Frame(d, o)), is(p, ?State::Grants(x)), !belongs(x, o), !foreign_role(p, x);

    // CREATEROLE: the attribute of the current role alone. Before 16 it gives every role but superusers, predefined
    // ones too; from 16 on the passwords of the roles that it has ADMIN on.
    // https://www.postgresql.org/docs/current/role-attributes.html
    because(p, State::Reaches(Target::Superuser), Step::HasCreaterole(*r), State::Session(*r), State::Start) <--
        major(n), if *n < 16, is(p, ?State::Session(r)), createrole(r);
    because(p, State::Reaches(Target::Superuser), Step::HasCreaterole(*r), State::Frame(*d, *r), State::Start) <--
        major(n), if *n < 16, is(p, ?State::Frame(d, r)), createrole(r);
    relation alters(RoleId, RoleId);
    alters(r, x) <-- major(n), if *n >= 16, createrole(r), belongs(r, g), admin(g, x), !superuser(x);
    because(p, State::Session(*x), Step::SetsPassword(*r, *x), State::Session(*r), State::Start) <--
        is(p, ?State::Session(r)), alters(r, x), !foreign_role(p, x);
    because(p, State::LogsInWith(*x), Step::SetsPassword(*r, *x), State::Session(*r), State::Start) <--
        is(p, ?State::Session(r)), alters(r, x), !foreign_role(p, x);
    because(p, State::Reaches(Target::ServiceRole(*x)), Step::SetsPassword(*r, *x), State::Session(*r), State::Start) <--
        is(p, ?State::Session(r)), alters(r, x), foreign_role(p, x);
    because(p, State::Session(*x), Step::SetsPassword(*r, *x), State::Frame(*d, *r), State::Start) <--
        is(p, ?State::Frame(d, r)), alters(r, x), !foreign_role(p, x);
    because(p, State::LogsInWith(*x), Step::SetsPassword(*r, *x), State::Frame(*d, *r), State::Start) <--
        is(p, ?State::Frame(d, r)), alters(r, x), !foreign_role(p, x);

    // The ends. A superuser's privileges count for who inherits them, too.
    because(p, State::Reaches(Target::Superuser), Step::IsSuperuser(*g), State::Holds(*d, *g), State::Start) <--
        is(p, ?State::Holds(d, g)), superuser(g);
    // https://www.postgresql.org/docs/current/predefined-roles.html
    because(p, State::Reaches(Target::Files), Step::IsServerRole(*g), State::Holds(*d, *g), State::Start) <--
        is(p, ?State::Holds(d, g)), server_role(g);
    because(p, State::Reaches(Target::Admin(*g)), Step::IsAdmin(*g), State::Holds(*d, *g), State::Start) <--
        is(p, ?State::Holds(d, g)), server_admin(g);
    because(p, State::Reaches(Target::Admin(*g)), Step::IsAdmin(*g), State::LogsInWith(*g), State::Start) <--
        is(p, ?State::LogsInWith(g)), server_admin(g);
    because(p, State::Reaches(Target::ServiceRole(*o)), Step::IsOf(*o), State::Frame(*d, *o), State::Start) <--
        is(p, ?State::Frame(d, o)), foreign_role(p, o);

    // Functions: EXECUTE and USAGE of the schema, which may be held by two roles (one prepares, the other executes).
    // https://www.postgresql.org/docs/current/ddl-priv.html
    relation function(ObjectId, DatabaseId, ObjectId);
    function(f, d, s) <-- definer(f, d, s, _);
    function(f, d, s) <-- power(f, d, s, _);
    because(p, State::Calls(*f), Step::Executes(*f, *g), State::Holds(*d, *g), State::Holds(*d, *h)) <--
        is(p, ?State::Holds(d, g)), execute(f, g), function(f, d, s), !trigger_function(f),
        usage(s, h), is(p, State::Holds(*d, *h));
    // SECURITY DEFINER: https://www.postgresql.org/docs/current/sql-createfunction.html
    because(p, State::Frame(*d, *o), Step::CallsDefiner(*f, *o), State::Calls(*f), State::Start) <--
        is(p, ?State::Calls(f)), definer(f, d, _, o);
    because(p, State::Reaches(*t), Step::Opens(*f), State::Calls(*f), State::Start) <--
        is(p, ?State::Calls(f)), power(f, _, _, t);
    // The server calls it for a type, an operator class or an aggregate, and asks for no EXECUTE.
    because(p, State::Frame(*d, *o), Step::MadeServerCall(*f), State::Enters(*d), State::Start) <--
        is(p, ?State::Enters(d)), called_by_server(f), definer(f, d, _, o);

    // Triggers run with the function's rights if it is a definer; nothing is asked when they fire.
    // https://www.postgresql.org/docs/current/sql-createtrigger.html
    because(p, State::Writes(*t), Step::WritesTo(*t, *g), State::Holds(*d, *g), State::Holds(*d, *h)) <--
        is(p, ?State::Holds(d, g)), write(t, g), trigger(t, d, s, _), usage(s, h), is(p, State::Holds(*d, *h));
    because(p, State::Frame(*d, *o), Step::FiresTrigger(*t, *f), State::Writes(*t), State::Start) <--
        is(p, ?State::Writes(t)), trigger(t, _, _, f), definer(f, d, _, o);
    // Its holder makes a trigger with it, on a temporary table or on one of its own.
    relation makes_tables(RoleId, DatabaseId);
    makes_tables(p, d) <-- is(p, ?State::Holds(d, g)), temporary(d, g);
    makes_tables(p, d) <-- is(p, ?State::Holds(d, g)), create(s, g), schema(s, d);
    because(p, State::Frame(*d, *o), Step::MakesTrigger(*f, *g), State::Holds(*d, *g), State::Holds(*d, *h)) <--
        is(p, ?State::Holds(d, g)), execute(f, g), trigger_function(f), definer(f, d, s, o),
        usage(s, h), is(p, State::Holds(*d, *h)), makes_tables(p, d);

    // Reading: SELECT and USAGE of the schema. What a view reads, it reads with its owner's rights.
    // https://www.postgresql.org/docs/current/rules-privileges.html
    because(p, State::Reads(*t), Step::Selects(*t, *g), State::Holds(*d, *g), State::Holds(*d, *h)) <--
        is(p, ?State::Holds(d, g)), select(t, g), table(t, d, s, _), usage(s, h), is(p, State::Holds(*d, *h));
    relation readable(ObjectId, RoleId);
    readable(t, o) <-- select(t, o);
    readable(t, o) <-- table(t, _, _, _), superuser(o);
    readable(t, o) <-- readable(t, g), inherits(o, g);
    because(p, State::Reads(*t), Step::ReadsThrough(*v, *t), State::Reads(*v), State::Start) <--
        is(p, ?State::Reads(v)), view(v, t), table(v, _, _, o), readable(t, o);
    because(p, State::Reads(*t), Step::ReadsThrough(*v, *t), State::Reads(*v), State::Start) <--
        is(p, ?State::Reads(v)), copy(v, t);
    because(p, State::Reaches(*target), Step::Holds(*t), State::Reads(*t), State::Start) <--
        is(p, ?State::Reads(t)), secret(t, target);

    // A superuser's session calls what a schema of its search path has under the name that it calls.
    // CVE-2018-1058, https://wiki.postgresql.org/wiki/A_Guide_to_CVE-2018-1058
    because(p, State::Reaches(Target::SuperuserVisit(*d)), Step::CreatesIn(*s, *g), State::Holds(*d, *g), State::Start) <--
        is(p, ?State::Holds(d, g)), create(s, g), superuser_path(d, s);
    // https://www.postgresql.org/docs/current/event-trigger-definition.html
    because(p, State::Reaches(Target::SuperuserVisit(*d)), Step::ReplacesFunction(*f, *o), State::Holds(*d, *o), State::Start) <--
        is(p, ?State::Holds(d, o)), event_trigger(d, f, o);
}

impl Rules {
    /// Everything holds what PUBLIC holds.
    pub fn add_public(&mut self) {
        self.inherits.extend(self.role.iter().map(|(role,)| (*role, PUBLIC)));
    }
}
