//! The rules, each with the page of the manual that it comes from. Tested against a brute-force attacker on real
//! servers (`tests/it/reach`): what the attacker reached and what the rules say must agree.
//!
//! Two kinds of session count. In a *session* of its own a login may `SET ROLE`; in a *frame* (a function that runs
//! with its owner's rights) it may not, and has what the owner has or inherits. What a login holds in each database
//! is derived from what it holds anywhere and from what it enters, so that the product of both stays small: the
//! walk ends at the border of a foreign service.

use ascent::ascent;

use super::ids::{DatabaseId, ObjectId, PUBLIC, RoleId};
use super::state::{Conclusion, Target};
use super::step::PathStep;

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
    relation is(RoleId, Conclusion);
    /// Why: the login, the conclusion, the step, and one or two premises.
    relation because(RoleId, Conclusion, PathStep, Conclusion, Conclusion);

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
    because(p, Conclusion::LogsInWith(*p), PathStep::LogsIn, Conclusion::Start, Conclusion::Start) <-- principal(p);
    because(p, Conclusion::LogsInWith(*g), PathStep::Inherits(*m, *g), Conclusion::LogsInWith(*m), Conclusion::Start) <--
        is(p, ?Conclusion::LogsInWith(m)), inherits(m, g), !foreign_role(p, g);
    because(p, Conclusion::Enters(*d), PathStep::Connects(*d, *g), Conclusion::LogsInWith(*g), Conclusion::Start) <--
        is(p, ?Conclusion::LogsInWith(g)), connect(d, g), database(d), !foreign_database(p, d);
    because(p, Conclusion::Reaches(Target::ServiceDatabase(*d)), PathStep::Connects(*d, *g), Conclusion::LogsInWith(*g), Conclusion::Start) <--
        is(p, ?Conclusion::LogsInWith(g)), connect(d, g), database(d), foreign_database(p, d);
    // A role that may grant CONNECT grants it to itself, from any database.
    because(p, Conclusion::Enters(*d), PathStep::GrantsConnect(*d, *g), Conclusion::Holds(*e, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(e, g)), grants_connect(d, g), database(d), !foreign_database(p, d);
    because(p, Conclusion::Reaches(Target::ServiceDatabase(*d)), PathStep::GrantsConnect(*d, *g), Conclusion::Holds(*e, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(e, g)), grants_connect(d, g), database(d), foreign_database(p, d);

    // SET ROLE: from the session's login, along memberships that have SET (from 16 on; before, any).
    // https://www.postgresql.org/docs/current/sql-set-role.html
    because(p, Conclusion::Session(*p), PathStep::Inside, Conclusion::Enters(*d), Conclusion::Start) <-- is(p, ?Conclusion::Enters(d));
    because(p, Conclusion::Session(*g), PathStep::SetsRole(*m, *g), Conclusion::Session(*m), Conclusion::Start) <--
        is(p, ?Conclusion::Session(m)), sets(m, g), !foreign_role(p, g);
    because(p, Conclusion::Reaches(Target::ServiceRole(*g)), PathStep::SetsRole(*m, *g), Conclusion::Session(*m), Conclusion::Start) <--
        is(p, ?Conclusion::Session(m)), sets(m, g), foreign_role(p, g);

    // Privileges are those of the current role and of what it inherits.
    // https://www.postgresql.org/docs/current/role-membership.html
    because(p, Conclusion::Uses(*r), PathStep::Inside, Conclusion::Session(*r), Conclusion::Start) <-- is(p, ?Conclusion::Session(r));
    because(p, Conclusion::Uses(*g), PathStep::Inherits(*m, *g), Conclusion::Uses(*m), Conclusion::Start) <--
        is(p, ?Conclusion::Uses(m)), inherits(m, g), !foreign_role(p, g);
    because(p, Conclusion::Reaches(Target::ServiceRole(*g)), PathStep::Inherits(*m, *g), Conclusion::Uses(*m), Conclusion::Start) <--
        is(p, ?Conclusion::Uses(m)), inherits(m, g), foreign_role(p, g);
    because(p, Conclusion::Holds(*d, *g), PathStep::Inside, Conclusion::Uses(*g), Conclusion::Enters(*d)) <--
        is(p, ?Conclusion::Enters(d)), is(p, ?Conclusion::Uses(g));
    because(p, Conclusion::Holds(*d, *o), PathStep::Inside, Conclusion::Frame(*d, *o), Conclusion::Start) <-- is(p, ?Conclusion::Frame(d, o));
    because(p, Conclusion::Holds(*d, *g), PathStep::Inherits(*m, *g), Conclusion::Holds(*d, *m), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, m)), inherits(m, g), !foreign_role(p, g);
    because(p, Conclusion::Reaches(Target::ServiceRole(*g)), PathStep::Inherits(*m, *g), Conclusion::Holds(*d, *m), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, m)), inherits(m, g), foreign_role(p, g);

    // ADMIN OPTION: its holder grants the role to any login. From 16 on an inherited row counts, before that any.
    // https://www.postgresql.org/docs/current/sql-grant.html
    because(p, Conclusion::Grants(*x), PathStep::HasAdmin(*g, *x), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        major(n), if *n >= 16, is(p, ?Conclusion::Holds(d, g)), admin(g, x);
    because(p, Conclusion::Grants(*x), PathStep::HasAdmin(*g, *x), Conclusion::Session(*r), Conclusion::Start) <--
        major(n), if *n < 16, is(p, ?Conclusion::Session(r)), belongs(r, g), admin(g, x);
    because(p, Conclusion::Grants(*x), PathStep::HasAdmin(*g, *x), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        major(n), if *n < 16, is(p, ?Conclusion::Frame(d, r)), belongs(r, g), admin(g, x);
    // A membership that would close a circle is refused.
    because(p, Conclusion::Session(*x), PathStep::GrantsRole(*x), Conclusion::Grants(*x), Conclusion::Start) <--
        is(p, ?Conclusion::Grants(x)), !belongs(x, p), !foreign_role(p, x);
    because(p, Conclusion::LogsInWith(*x), PathStep::GrantsRole(*x), Conclusion::Grants(*x), Conclusion::Start) <--
        is(p, ?Conclusion::Grants(x)), !belongs(x, p), !foreign_role(p, x), inheriting(p);
    because(p, Conclusion::Reaches(Target::ServiceRole(*x)), PathStep::GrantsRole(*x), Conclusion::Grants(*x), Conclusion::Start) <--
        is(p, ?Conclusion::Grants(x)), foreign_role(p, x);
    // It may grant the role to the owner of the frame that it is in, too.
    because(p, Conclusion::Holds(*d, *x), PathStep::GrantsRole(*x), Conclusion::Grants(*x), Conclusion::Frame(*d, *o)) <--
        is(p, ?Conclusion::Frame(d, o)), is(p, ?Conclusion::Grants(x)), !belongs(x, o), !foreign_role(p, x);

    // CREATEROLE: the attribute of the current role alone. Before 16 it gives every role but superusers, predefined
    // ones too; from 16 on the passwords of the roles that it has ADMIN on.
    // https://www.postgresql.org/docs/current/role-attributes.html
    because(p, Conclusion::Reaches(Target::Superuser), PathStep::HasCreaterole(*r), Conclusion::Session(*r), Conclusion::Start) <--
        major(n), if *n < 16, is(p, ?Conclusion::Session(r)), createrole(r);
    because(p, Conclusion::Reaches(Target::Superuser), PathStep::HasCreaterole(*r), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        major(n), if *n < 16, is(p, ?Conclusion::Frame(d, r)), createrole(r);
    relation alters(RoleId, RoleId);
    alters(r, x) <-- major(n), if *n >= 16, createrole(r), belongs(r, g), admin(g, x), !superuser(x);
    because(p, Conclusion::Session(*x), PathStep::SetsPassword(*r, *x), Conclusion::Session(*r), Conclusion::Start) <--
        is(p, ?Conclusion::Session(r)), alters(r, x), !foreign_role(p, x);
    because(p, Conclusion::LogsInWith(*x), PathStep::SetsPassword(*r, *x), Conclusion::Session(*r), Conclusion::Start) <--
        is(p, ?Conclusion::Session(r)), alters(r, x), !foreign_role(p, x);
    because(p, Conclusion::Reaches(Target::ServiceRole(*x)), PathStep::SetsPassword(*r, *x), Conclusion::Session(*r), Conclusion::Start) <--
        is(p, ?Conclusion::Session(r)), alters(r, x), foreign_role(p, x);
    because(p, Conclusion::Session(*x), PathStep::SetsPassword(*r, *x), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        is(p, ?Conclusion::Frame(d, r)), alters(r, x), !foreign_role(p, x);
    because(p, Conclusion::LogsInWith(*x), PathStep::SetsPassword(*r, *x), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        is(p, ?Conclusion::Frame(d, r)), alters(r, x), !foreign_role(p, x);

    // The ends. A superuser's privileges count for who inherits them, too.
    because(p, Conclusion::Reaches(Target::Superuser), PathStep::IsSuperuser(*g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), superuser(g);
    // https://www.postgresql.org/docs/current/predefined-roles.html
    because(p, Conclusion::Reaches(Target::Files), PathStep::IsServerRole(*g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), server_role(g);
    because(p, Conclusion::Reaches(Target::Admin(*g)), PathStep::IsAdmin(*g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), server_admin(g);
    because(p, Conclusion::Reaches(Target::Admin(*g)), PathStep::IsAdmin(*g), Conclusion::LogsInWith(*g), Conclusion::Start) <--
        is(p, ?Conclusion::LogsInWith(g)), server_admin(g);
    because(p, Conclusion::Reaches(Target::ServiceRole(*o)), PathStep::IsOf(*o), Conclusion::Frame(*d, *o), Conclusion::Start) <--
        is(p, ?Conclusion::Frame(d, o)), foreign_role(p, o);

    // Functions: EXECUTE and USAGE of the schema, which may be held by two roles (one prepares, the other executes).
    // https://www.postgresql.org/docs/current/ddl-priv.html
    relation function(ObjectId, DatabaseId, ObjectId);
    function(f, d, s) <-- definer(f, d, s, _);
    function(f, d, s) <-- power(f, d, s, _);
    because(p, Conclusion::Calls(*f), PathStep::Executes(*f, *g), Conclusion::Holds(*d, *g), Conclusion::Holds(*d, *h)) <--
        is(p, ?Conclusion::Holds(d, g)), execute(f, g), function(f, d, s), !trigger_function(f),
        usage(s, h), is(p, Conclusion::Holds(*d, *h));
    // SECURITY DEFINER: https://www.postgresql.org/docs/current/sql-createfunction.html
    because(p, Conclusion::Frame(*d, *o), PathStep::CallsDefiner(*f, *o), Conclusion::Calls(*f), Conclusion::Start) <--
        is(p, ?Conclusion::Calls(f)), definer(f, d, _, o);
    because(p, Conclusion::Reaches(*t), PathStep::Opens(*f), Conclusion::Calls(*f), Conclusion::Start) <--
        is(p, ?Conclusion::Calls(f)), power(f, _, _, t);
    // The server calls it for a type, an operator class or an aggregate, and asks for no EXECUTE.
    because(p, Conclusion::Frame(*d, *o), PathStep::MadeServerCall(*f), Conclusion::Enters(*d), Conclusion::Start) <--
        is(p, ?Conclusion::Enters(d)), called_by_server(f), definer(f, d, _, o);

    // Triggers run with the function's rights if it is a definer; nothing is asked when they fire.
    // https://www.postgresql.org/docs/current/sql-createtrigger.html
    because(p, Conclusion::Writes(*t), PathStep::WritesTo(*t, *g), Conclusion::Holds(*d, *g), Conclusion::Holds(*d, *h)) <--
        is(p, ?Conclusion::Holds(d, g)), write(t, g), trigger(t, d, s, _), usage(s, h), is(p, Conclusion::Holds(*d, *h));
    because(p, Conclusion::Frame(*d, *o), PathStep::FiresTrigger(*t, *f), Conclusion::Writes(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Writes(t)), trigger(t, _, _, f), definer(f, d, _, o);
    // Its holder makes a trigger with it, on a temporary table or on one of its own.
    relation makes_tables(RoleId, DatabaseId);
    makes_tables(p, d) <-- is(p, ?Conclusion::Holds(d, g)), temporary(d, g);
    makes_tables(p, d) <-- is(p, ?Conclusion::Holds(d, g)), create(s, g), schema(s, d);
    because(p, Conclusion::Frame(*d, *o), PathStep::MakesTrigger(*f, *g), Conclusion::Holds(*d, *g), Conclusion::Holds(*d, *h)) <--
        is(p, ?Conclusion::Holds(d, g)), execute(f, g), trigger_function(f), definer(f, d, s, o),
        usage(s, h), is(p, Conclusion::Holds(*d, *h)), makes_tables(p, d);

    // Reading: SELECT and USAGE of the schema. What a view reads, it reads with its owner's rights.
    // https://www.postgresql.org/docs/current/rules-privileges.html
    because(p, Conclusion::Reads(*t), PathStep::Selects(*t, *g), Conclusion::Holds(*d, *g), Conclusion::Holds(*d, *h)) <--
        is(p, ?Conclusion::Holds(d, g)), select(t, g), table(t, d, s, _), usage(s, h), is(p, Conclusion::Holds(*d, *h));
    relation readable(ObjectId, RoleId);
    readable(t, o) <-- select(t, o);
    readable(t, o) <-- table(t, _, _, _), superuser(o);
    readable(t, o) <-- readable(t, g), inherits(o, g);
    because(p, Conclusion::Reads(*t), PathStep::ReadsThrough(*v, *t), Conclusion::Reads(*v), Conclusion::Start) <--
        is(p, ?Conclusion::Reads(v)), view(v, t), table(v, _, _, o), readable(t, o);
    because(p, Conclusion::Reads(*t), PathStep::ReadsThrough(*v, *t), Conclusion::Reads(*v), Conclusion::Start) <--
        is(p, ?Conclusion::Reads(v)), copy(v, t);
    because(p, Conclusion::Reaches(*target), PathStep::Holds(*t), Conclusion::Reads(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Reads(t)), secret(t, target);

    // A superuser's session calls what a schema of its search path has under the name that it calls.
    // CVE-2018-1058, https://wiki.postgresql.org/wiki/A_Guide_to_CVE-2018-1058
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::CreatesIn(*s, *g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), create(s, g), superuser_path(d, s);
    // https://www.postgresql.org/docs/current/event-trigger-definition.html
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::ReplacesFunction(*f, *o), Conclusion::Holds(*d, *o), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, o)), event_trigger(d, f, o);
}

impl Rules {
    /// Everything holds what PUBLIC holds.
    pub fn add_public(&mut self) {
        self.inherits.extend(self.role.iter().map(|(role,)| (*role, PUBLIC)));
    }
}
