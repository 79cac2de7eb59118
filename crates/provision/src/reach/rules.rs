//! The rules, each with the page of the manual that it comes from. `tests/it/attack` holds them to what an attacker
//! reaches on random servers, in both directions.
//!
//! Two kinds of session count. In a *session* of its own a login may `SET ROLE`; in a *frame* (a function that runs
//! with its owner's rights) it may not, and has what the owner has or inherits. What a login holds in each database
//! is derived from what it holds anywhere and from what it enters, so that the product of both stays small: the
//! walk ends at the border of a foreign service.

use ascent::ascent;

use super::ids::{DatabaseId, NO_SERVICE, ObjectId, PUBLIC, RoleId, ServiceId};
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
    relation can_log_in(RoleId);
    /// Whether the login gets the privileges of a role that is granted to it now.
    relation inheriting(RoleId);
    relation major(u32);
    relation superuser(RoleId);
    relation createrole(RoleId);
    relation server_role(RoleId);
    relation server_admin(RoleId);
    /// The service that a role is of, for every role.
    relation service(RoleId, ServiceId);
    relation database(DatabaseId);
    /// The service that a database is of, for every database.
    relation database_service(DatabaseId, ServiceId);
    relation owns_database(DatabaseId, RoleId);
    /// `pg_database_owner`.
    relation database_owner_role(RoleId);
    relation connect(DatabaseId, RoleId);
    relation grants_connect(DatabaseId, RoleId);
    relation temporary(DatabaseId, RoleId);
    relation grants_temporary(DatabaseId, RoleId);
    relation usage(ObjectId, RoleId);
    relation create(ObjectId, RoleId);
    relation schema(ObjectId, DatabaseId);
    relation schema_owner(ObjectId, RoleId);
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
    relation lever(ObjectId, Target);
    relation superuser_path(DatabaseId, ObjectId);
    relation delivered(ObjectId, RoleId);
    /// Function, database, schema, owner.
    relation visited_function(ObjectId, DatabaseId, ObjectId, RoleId);
    /// Table, database, schema, owner.
    relation visited_table(ObjectId, DatabaseId, ObjectId, RoleId);
    relation event_function(ObjectId);

    // What follows: the login, and its state.
    relation is(Actor, Conclusion);
    /// Why: the login, the conclusion, the step, and one or two premises.
    relation because(Actor, Conclusion, PathStep, Conclusion, Conclusion);

    // Every conclusion is drawn here.
    is(p, s) <-- because(p, s, _, _, _);

    // Memberships, of any kind, followed to their end.
    relation belongs(RoleId, RoleId);
    belongs(r, r) <-- role(r);
    belongs(m, h) <-- belongs(m, g), member(g, h);

    // Whose sessions are followed: the logins that are asked about, and those that one of them can log in as. What
    // two logins do in sessions of their own is not mixed, but for what changes the server.
    relation actor(Actor);
    relation actor_of(RoleId, Actor);
    actor(Actor { login: *p, asked: *p, service: *s }) <-- principal(p), service(p, s);
    actor(p.as_login(*x)) <-- is(p, ?Conclusion::Takes(x));
    actor_of(p.asked, p) <-- actor(p);
    /// The login, the conclusion, and the other login whose conclusion it is.
    relation borrowed(Actor, Conclusion, Actor);
    borrowed(p, c, other) <-- is(other, c), if c.is_shared(), actor_of(other.asked, p), if p != other;
    is(p, c) <-- borrowed(p, c, _);

    // CONNECT counts with what the login inherits when it logs in; a role behind SET alone opens no door.
    // https://www.postgresql.org/docs/current/ddl-priv.html
    because(p, Conclusion::LogsInWith(p.login), PathStep::LogsIn, Conclusion::Start, Conclusion::Start) <-- actor(p);
    because(p, Conclusion::LogsInWith(*g), PathStep::Inherits(*m, *g), Conclusion::LogsInWith(*m), Conclusion::Start) <--
        is(p, ?Conclusion::LogsInWith(m)), inherits(m, g);
    because(p, at_database(p.service, *its, *d), PathStep::Connects(*d, *g), Conclusion::LogsInWith(*g), Conclusion::Start) <--
        is(p, ?Conclusion::LogsInWith(g)), connect(d, g), database(d), database_service(d, its);
    // A role that may grant CONNECT grants it to any login, from any database.
    because(p, Conclusion::Admits(*d), PathStep::GrantsConnect(*d, *g), Conclusion::Holds(*e, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(e, g)), grants_connect(d, g), database(d);
    because(p, at_database(p.service, *its, *d), PathStep::Inside, Conclusion::Admits(*d), Conclusion::Start) <--
        is(p, ?Conclusion::Admits(d)), database_service(d, its);

    // SET ROLE: from the session's login, along memberships that have SET (from 16 on; before, any).
    // https://www.postgresql.org/docs/current/sql-set-role.html
    because(p, Conclusion::Session(p.login), PathStep::Inside, Conclusion::Enters(*d), Conclusion::Start) <-- is(p, ?Conclusion::Enters(d));
    because(p, as_role(p.service, *its, *g, Conclusion::Session(*g)), PathStep::SetsRole(*m, *g), Conclusion::Session(*m), Conclusion::Start) <--
        is(p, ?Conclusion::Session(m)), sets(m, g), service(g, its);

    // Privileges are those of the current role and of what it inherits.
    // https://www.postgresql.org/docs/current/role-membership.html
    because(p, Conclusion::Uses(*r), PathStep::Inside, Conclusion::Session(*r), Conclusion::Start) <-- is(p, ?Conclusion::Session(r));
    because(p, as_role(p.service, *its, *g, Conclusion::Uses(*g)), PathStep::Inherits(*m, *g), Conclusion::Uses(*m), Conclusion::Start) <--
        is(p, ?Conclusion::Uses(m)), inherits(m, g), service(g, its);
    because(p, Conclusion::Holds(*d, *g), PathStep::Inside, Conclusion::Uses(*g), Conclusion::Enters(*d)) <--
        is(p, ?Conclusion::Enters(d)), is(p, ?Conclusion::Uses(g));
    because(p, Conclusion::Holds(*d, *o), PathStep::Inside, Conclusion::Frame(*d, *o), Conclusion::Start) <-- is(p, ?Conclusion::Frame(d, o));
    because(p, as_role(p.service, *its, *g, Conclusion::Holds(*d, *g)), PathStep::Inherits(*m, *g), Conclusion::Holds(*d, *m), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, m)), inherits(m, g), service(g, its);
    // In its own database the owner has the privileges of pg_database_owner, from 14 on.
    // https://www.postgresql.org/docs/current/predefined-roles.html
    because(p, Conclusion::Holds(*d, *g), PathStep::OwnsDatabase(*d, *o), Conclusion::Holds(*d, *o), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, o)), owns_database(d, o), database_owner_role(g);

    // ADMIN OPTION: its holder grants the role to any login. From 16 on an inherited row counts, before that any.
    // Only a superuser grants a superuser's role. https://www.postgresql.org/docs/current/sql-grant.html
    because(p, Conclusion::Grants(*x), PathStep::HasAdmin(*g, *x), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        major(n), if *n >= 16, is(p, ?Conclusion::Holds(d, g)), admin(g, x), !superuser(x);
    because(p, Conclusion::Grants(*x), PathStep::HasAdmin(*g, *x), Conclusion::Session(*r), Conclusion::Start) <--
        major(n), if *n < 16, is(p, ?Conclusion::Session(r)), belongs(r, g), admin(g, x), !superuser(x);
    because(p, Conclusion::Grants(*x), PathStep::HasAdmin(*g, *x), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        major(n), if *n < 16, is(p, ?Conclusion::Frame(d, r)), belongs(r, g), admin(g, x), !superuser(x);
    // A membership that would close a circle is refused.
    because(p, as_role(p.service, *its, *x, Conclusion::Session(*x)), PathStep::GrantsRole(*x), Conclusion::Grants(*x), Conclusion::Start) <--
        is(p, ?Conclusion::Grants(x)), !belongs(x, &p.login), service(x, its);
    because(p, as_role(p.service, *its, *x, Conclusion::LogsInWith(*x)), PathStep::GrantsRole(*x), Conclusion::Grants(*x), Conclusion::Start) <--
        is(p, ?Conclusion::Grants(x)), !belongs(x, &p.login), inheriting(&p.login), service(x, its);
    // It may grant the role to the owner of the frame that it is in, too.
    because(p, as_role(p.service, *its, *x, Conclusion::Holds(*d, *x)), PathStep::GrantsRole(*x), Conclusion::Grants(*x), Conclusion::Frame(*d, *o)) <--
        is(p, ?Conclusion::Frame(d, o)), is(p, ?Conclusion::Grants(x)), !belongs(x, o), service(x, its);

    // A role may set its own password, also where it is a function's owner: a session of its own follows.
    // https://www.postgresql.org/docs/current/sql-alterrole.html
    because(p, as_role(p.service, *its, *r, Conclusion::Takes(*r)), PathStep::SetsOwnPassword(*r), Conclusion::Session(*r), Conclusion::Start) <--
        is(p, ?Conclusion::Session(r)), can_log_in(r), if p.login != *r, service(r, its);
    because(p, as_role(p.service, *its, *r, Conclusion::Takes(*r)), PathStep::SetsOwnPassword(*r), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        is(p, ?Conclusion::Frame(d, r)), can_log_in(r), if p.login != *r, service(r, its);

    // A function may be given to a role that its owner can become, SET ROLE or not, and runs as that role from then
    // on. The new owner needs CREATE where the function is, unless it is a superuser.
    // https://www.postgresql.org/docs/current/sql-alterfunction.html
    relation frame_owner(RoleId);
    frame_owner(o) <-- is(_, ?Conclusion::Frame(_, o));
    relation may_give(RoleId, RoleId);
    may_give(o, x) <-- frame_owner(o), sets(o, x);
    may_give(o, y) <-- may_give(o, x), sets(x, y);
    // What those two have or inherit.
    relation party(RoleId);
    party(o) <-- may_give(o, _);
    party(x) <-- may_give(_, x);
    relation party_holds(RoleId, RoleId);
    party_holds(r, r) <-- party(r);
    party_holds(r, h) <-- party_holds(r, g), inherits(g, h);
    relation gives(RoleId, DatabaseId, RoleId);
    gives(o, d, x) <-- may_give(o, x), party_holds(o, g), temporary(d, g), party_holds(x, h), temporary(d, h);
    gives(o, d, x) <-- may_give(o, x), superuser(x), party_holds(o, g), temporary(d, g);
    gives(o, d, x) <-- may_give(o, x), party_holds(o, g), create(s, g), schema(s, d), party_holds(o, u), usage(s, u),
        party_holds(x, h), create(s, h);
    gives(o, d, x) <-- may_give(o, x), superuser(x), party_holds(o, g), create(s, g), schema(s, d), party_holds(o, u), usage(s, u);
    because(p, as_role(p.service, *its, *x, Conclusion::Frame(*d, *x)), PathStep::GivesFunction(*o, *x), Conclusion::Frame(*d, *o), Conclusion::Start) <--
        is(p, ?Conclusion::Frame(d, o)), gives(o, d, x), service(x, its);

    // The owner of a schema lets any role use it and create in it, and who may grant TEMPORARY grants it to any role:
    // what a function's owner lacks of these, the login gives it. https://www.postgresql.org/docs/current/sql-grant.html
    because(p, Conclusion::LetsCreate(*d), PathStep::LetsCreateIn(*s, *g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), schema_owner(s, g), schema(s, d);
    because(p, Conclusion::LendsSchema(*s), PathStep::LetsCreateIn(*s, *g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), schema_owner(s, g), schema(s, d), lendable(s);
    // Schemas in which something that another login may call, write to or read can stand.
    relation lendable(ObjectId);
    lendable(s) <-- function(_, _, s);
    lendable(s) <-- trigger(_, _, s, _);
    lendable(s) <-- table(_, _, s, _);
    lendable(s) <-- visited_function(_, _, s, _);
    because(p, Conclusion::LetsMakeTemporary(*d), PathStep::GrantsTemporary(*d, *g), Conclusion::Holds(*e, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(e, g)), grants_temporary(d, g), database(d);
    because(p, as_role(p.service, *its, *x, Conclusion::Frame(*d, *x)), PathStep::GivesFunction(*o, *x), Conclusion::Frame(*d, *o), Conclusion::LetsCreate(*d)) <--
        is(p, ?Conclusion::LetsCreate(d)), is(p, ?Conclusion::Frame(e, o)), if d == e, may_give(o, x), service(x, its);
    because(p, as_role(p.service, *its, *x, Conclusion::Frame(*d, *x)), PathStep::GivesFunction(*o, *x), Conclusion::Frame(*d, *o), Conclusion::LetsMakeTemporary(*d)) <--
        is(p, ?Conclusion::LetsMakeTemporary(d)), is(p, ?Conclusion::Frame(e, o)), if d == e, may_give(o, x), service(x, its);

    // CREATEROLE: the attribute of the current role alone. Before 16 it gives every role but superusers, predefined
    // ones too; from 16 on the passwords of the roles that it has ADMIN on.
    // https://www.postgresql.org/docs/current/role-attributes.html
    because(p, Conclusion::Reaches(Target::Superuser), PathStep::HasCreaterole(*r), Conclusion::Session(*r), Conclusion::Start) <--
        major(n), if *n < 16, is(p, ?Conclusion::Session(r)), createrole(r);
    because(p, Conclusion::Reaches(Target::Superuser), PathStep::HasCreaterole(*r), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        major(n), if *n < 16, is(p, ?Conclusion::Frame(d, r)), createrole(r);
    relation alters(RoleId, RoleId);
    alters(r, x) <-- major(n), if *n >= 16, createrole(r), belongs(r, g), admin(g, x), !superuser(x);
    because(p, as_role(p.service, *its, *x, Conclusion::Takes(*x)), PathStep::SetsPassword(*r, *x), Conclusion::Session(*r), Conclusion::Start) <--
        is(p, ?Conclusion::Session(r)), alters(r, x), service(x, its);
    because(p, as_role(p.service, *its, *x, Conclusion::Takes(*x)), PathStep::SetsPassword(*r, *x), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        is(p, ?Conclusion::Frame(d, r)), alters(r, x), service(x, its);

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

    // Functions: EXECUTE and USAGE of the schema, which may be held by two roles (one prepares, the other executes).
    // https://www.postgresql.org/docs/current/ddl-priv.html
    relation function(ObjectId, DatabaseId, ObjectId);
    function(f, d, s) <-- definer(f, d, s, _);
    function(f, d, s) <-- power(f, d, s, _);
    because(p, Conclusion::Calls(*f), PathStep::Executes(*f, *g), Conclusion::Holds(*d, *g), Conclusion::Holds(*d, *h)) <--
        is(p, ?Conclusion::Holds(d, g)), execute(f, g), function(f, d, s), !trigger_function(f),
        usage(s, h), is(p, Conclusion::Holds(*d, *h));
    because(p, Conclusion::Calls(*f), PathStep::Executes(*f, *g), Conclusion::Holds(*d, *g), Conclusion::LendsSchema(*s)) <--
        is(p, ?Conclusion::LendsSchema(s)), function(f, d, s), !trigger_function(f), execute(f, g), is(p, Conclusion::Holds(*d, *g));
    // SECURITY DEFINER: https://www.postgresql.org/docs/current/sql-createfunction.html
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::CallsDefiner(*f, *o), Conclusion::Calls(*f), Conclusion::Start) <--
        is(p, ?Conclusion::Calls(f)), definer(f, d, _, o), service(o, its);
    because(p, Conclusion::Reaches(*t), PathStep::Opens(*f), Conclusion::Calls(*f), Conclusion::Start) <--
        is(p, ?Conclusion::Calls(f)), power(f, _, _, t);
    // The server calls it for a type, an operator class or an aggregate, and asks for no EXECUTE.
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::MadeServerCall(*f), Conclusion::Enters(*d), Conclusion::Start) <--
        is(p, ?Conclusion::Enters(d)), called_by_server(f), definer(f, d, _, o), service(o, its);

    // Triggers run with the function's rights if it is a definer; nothing is asked when they fire.
    // https://www.postgresql.org/docs/current/sql-createtrigger.html
    because(p, Conclusion::Writes(*t), PathStep::WritesTo(*t, *g), Conclusion::Holds(*d, *g), Conclusion::Holds(*d, *h)) <--
        is(p, ?Conclusion::Holds(d, g)), write(t, g), trigger(t, d, s, _), usage(s, h), is(p, Conclusion::Holds(*d, *h));
    because(p, Conclusion::Writes(*t), PathStep::WritesTo(*t, *g), Conclusion::Holds(*d, *g), Conclusion::LendsSchema(*s)) <--
        is(p, ?Conclusion::LendsSchema(s)), trigger(t, d, s, _), write(t, g), is(p, Conclusion::Holds(*d, *g));
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::FiresTrigger(*t, *f), Conclusion::Writes(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Writes(t)), trigger(t, _, _, f), definer(f, d, _, o), service(o, its);
    because(p, Conclusion::Reaches(*target), PathStep::Opens(*f), Conclusion::Writes(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Writes(t)), trigger(t, _, _, f), power(f, _, _, target);
    // An event trigger calls it for every role that makes an object. https://www.postgresql.org/docs/current/event-triggers.html
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::FiresEventTrigger(*f, *o), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        event_function(f), definer(f, d, _, o), service(o, its), temporary(d, g), is(p, Conclusion::Holds(*d, *g));
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::FiresEventTrigger(*f, *o), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        event_function(f), definer(f, d, _, o), service(o, its), schema(s, d), create(s, g), is(p, Conclusion::Holds(*d, *g));
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::FiresEventTrigger(*f, *o), Conclusion::Enters(*d), Conclusion::LetsMakeTemporary(*d)) <--
        event_function(f), definer(f, d, _, o), service(o, its), is(p, Conclusion::Enters(*d)), is(p, Conclusion::LetsMakeTemporary(*d));
    // Its holder makes a trigger with it, on a temporary table or on one of the login's, whose schema it may use.
    // CREATE TRIGGER asks one role for EXECUTE and for USAGE of the schema: the current one, which others may have
    // been granted to.
    relation current(Actor, RoleId);
    current(p, r) <-- is(p, ?Conclusion::Session(r));
    current(p, o) <-- is(p, ?Conclusion::Frame(_, o));
    party(r) <-- current(_, r);
    party(x) <-- is(_, ?Conclusion::Grants(x));
    relation current_holds(Actor, RoleId, RoleId);
    current_holds(p, r, g) <-- current(p, r), party_holds(r, g);
    current_holds(p, r, g) <-- is(p, ?Conclusion::Grants(x)), current(p, r), !belongs(x, r), inheriting(r), party_holds(x, g);
    relation makes_temporary(Actor, DatabaseId);
    makes_temporary(p, d) <-- is(p, ?Conclusion::Holds(d, g)), temporary(d, g);
    relation makes_tables(Actor, DatabaseId, ObjectId);
    makes_tables(p, d, s) <-- is(p, ?Conclusion::Holds(d, g)), create(s, g), schema(s, d), usage(s, h), is(p, Conclusion::Holds(*d, *h));
    relation uses_table(Actor, RoleId, DatabaseId);
    uses_table(p, r, d) <-- makes_temporary(p, d), current(p, r);
    uses_table(p, r, d) <-- makes_tables(p, d, s), usage(s, u), current_holds(p, r, u);
    relation fires(Actor, RoleId, ObjectId, DatabaseId, RoleId);
    fires(p, r, f, d, g) <-- trigger_function(f), definer(f, d, s, _), execute(f, g), current_holds(p, r, g),
        usage(s, h), current_holds(p, r, h);
    fires(p, r, f, d, g) <-- trigger_function(f), definer(f, d, s, _), execute(f, g), current_holds(p, r, g),
        is(p, Conclusion::LendsSchema(*s));
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::MakesTrigger(*f, *g), Conclusion::Session(*r), Conclusion::Enters(*d)) <--
        fires(p, r, f, d, g), uses_table(p, r, d), is(p, Conclusion::Session(*r)), is(p, Conclusion::Enters(*d)), definer(f, d, _, o), service(o, its);
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::MakesTrigger(*f, *g), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        fires(p, r, f, d, g), uses_table(p, r, d), is(p, Conclusion::Frame(*d, *r)), definer(f, d, _, o), service(o, its);
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::MakesTrigger(*f, *g), Conclusion::Session(*r), by) <--
        fires(p, r, f, d, g), is(p, Conclusion::Session(*r)), lets_use_table(p, d, by), definer(f, d, _, o), service(o, its);
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::MakesTrigger(*f, *g), Conclusion::Frame(*d, *r), by) <--
        fires(p, r, f, d, g), is(p, Conclusion::Frame(*d, *r)), lets_use_table(p, d, by), definer(f, d, _, o), service(o, its);
    relation lets_use_table(Actor, DatabaseId, Conclusion);
    lets_use_table(p, d, c) <-- is(p, c), if let Conclusion::LetsCreate(d) | Conclusion::LetsMakeTemporary(d) = c, is(p, Conclusion::Enters(*d));

    // Reading: SELECT and USAGE of the schema. What a view reads, it reads with its owner's rights.
    // https://www.postgresql.org/docs/current/rules-privileges.html
    because(p, Conclusion::Reads(*t), PathStep::Selects(*t, *g), Conclusion::Holds(*d, *g), Conclusion::Holds(*d, *h)) <--
        is(p, ?Conclusion::Holds(d, g)), select(t, g), table(t, d, s, _), usage(s, h), is(p, Conclusion::Holds(*d, *h));
    because(p, Conclusion::Reads(*t), PathStep::Selects(*t, *g), Conclusion::Holds(*d, *g), Conclusion::LendsSchema(*s)) <--
        is(p, ?Conclusion::LendsSchema(s)), table(t, d, s, _), select(t, g), is(p, Conclusion::Holds(*d, *g));
    relation readable(ObjectId, RoleId);
    readable(t, o) <-- select(t, o);
    readable(t, o) <-- table(t, _, _, o);
    readable(t, o) <-- readable(t, g), inherits(o, g);
    // That a role is a superuser is not inherited.
    relation reads_for(RoleId, ObjectId);
    reads_for(o, t) <-- readable(t, o);
    reads_for(o, t) <-- view(v, t), table(v, _, _, o), superuser(o);
    because(p, Conclusion::Reads(*t), PathStep::ReadsThrough(*v, *t), Conclusion::Reads(*v), Conclusion::Start) <--
        is(p, ?Conclusion::Reads(v)), view(v, t), table(v, _, _, o), reads_for(o, t);
    because(p, Conclusion::Reads(*t), PathStep::ReadsThrough(*v, *t), Conclusion::Reads(*v), Conclusion::Start) <--
        is(p, ?Conclusion::Reads(v)), copy(v, t);
    because(p, Conclusion::Reaches(*target), PathStep::Holds(*t), Conclusion::Reads(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Reads(t)), secret(t, target);

    because(p, Conclusion::Writes(*t), PathStep::WritesTo(*t, *g), Conclusion::Holds(*d, *g), Conclusion::Holds(*d, *h)) <--
        is(p, ?Conclusion::Holds(d, g)), write(t, g), lever(t, _), table(t, d, s, _), usage(s, h), is(p, Conclusion::Holds(*d, *h));
    because(p, Conclusion::Writes(*t), PathStep::WritesTo(*t, *g), Conclusion::Holds(*d, *g), Conclusion::LendsSchema(*s)) <--
        is(p, ?Conclusion::LendsSchema(s)), table(t, d, s, _), lever(t, _), write(t, g), is(p, Conclusion::Holds(*d, *g));
    because(p, Conclusion::Reaches(*target), PathStep::Steers(*t), Conclusion::Writes(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Writes(t)), lever(t, target);

    // A superuser's session calls what a schema of its search path has under the name that it calls.
    // CVE-2018-1058, https://wiki.postgresql.org/wiki/A_Guide_to_CVE-2018-1058
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::CreatesIn(*s, *g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), create(s, g), superuser_path(d, s), !delivered(s, g);
    // https://www.postgresql.org/docs/current/event-trigger-definition.html
    // It calls, too, what an event trigger, an index or another object of a superuser calls.
    // The owner replaces it where it may create: in the function's schema, or in another one, to which it moves it
    // first. https://www.postgresql.org/docs/current/sql-createfunction.html
    relation replaces(Actor, RoleId, ObjectId, DatabaseId, RoleId);
    replaces(p, r, f, d, o) <-- visited_function(f, d, s, o), current_holds(p, r, o), create(s, g), current_holds(p, r, g);
    replaces(p, r, f, d, o) <-- visited_function(f, d, s, o), current_holds(p, r, o), usage(s, g), current_holds(p, r, g),
        schema(t, d), create(t, h), current_holds(p, r, h);
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::ReplacesFunction(*f, *o), Conclusion::Holds(*d, *o), Conclusion::Session(*r)) <--
        replaces(p, r, f, d, o), is(p, Conclusion::Session(*r)), is(p, Conclusion::Holds(*d, *o));
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::ReplacesFunction(*f, *o), Conclusion::Holds(*d, *o), Conclusion::Frame(*d, *r)) <--
        replaces(p, r, f, d, o), is(p, Conclusion::Frame(*d, *r)), is(p, Conclusion::Holds(*d, *o));
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::ReplacesFunction(*f, *o), Conclusion::Holds(*d, *o), Conclusion::LetsCreate(*d)) <--
        is(p, ?Conclusion::LetsCreate(d)), visited_function(f, d, s, o), is(p, Conclusion::Holds(*d, *o)), current_holds(p, r, o),
        usage(s, u), current_holds(p, r, u);
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::ReplacesFunction(*f, *o), Conclusion::Holds(*d, *o), Conclusion::LendsSchema(*s)) <--
        is(p, ?Conclusion::LendsSchema(s)), visited_function(f, d, s, o), is(p, Conclusion::Holds(*d, *o));
    // The owner of a table puts triggers on it: they run as the role that writes, and their function
    // may be made in any schema.
    // https://www.postgresql.org/docs/current/sql-createtrigger.html
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::PutsTrigger(*t, *o), Conclusion::Holds(*d, *o), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, o)), visited_table(t, d, _, o), schema(s, d), create(s, g), is(p, Conclusion::Holds(*d, *g));
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::PutsTrigger(*t, *o), Conclusion::Holds(*d, *o), Conclusion::LetsCreate(*d)) <--
        is(p, ?Conclusion::LetsCreate(d)), visited_table(t, d, _, o), is(p, Conclusion::Holds(*d, *o));
}

/// A login, the login that is asked about and can log in as it, and the service of that one, where its walk ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor {
    pub asked: RoleId,
    pub login: RoleId,
    pub service: ServiceId,
}

impl Actor {
    pub fn as_login(self, login: RoleId) -> Actor {
        Actor { login, ..self }
    }

    pub fn is_asked(self) -> bool {
        self.login == self.asked
    }
}

/// Whether a role or database is of a service that is not the login's.
fn is_foreign(mine: ServiceId, its: ServiceId) -> bool {
    its != NO_SERVICE && its != mine
}

/// What becoming a role comes to: the walk ends at a foreign service's.
fn as_role(mine: ServiceId, its: ServiceId, role: RoleId, otherwise: Conclusion) -> Conclusion {
    if is_foreign(mine, its) { Conclusion::Reaches(Target::ServiceRole(role)) } else { otherwise }
}

/// What entering a database comes to: the walk ends at a foreign service's.
fn at_database(mine: ServiceId, its: ServiceId, database: DatabaseId) -> Conclusion {
    let end = Conclusion::Reaches(Target::ServiceDatabase(database));
    if is_foreign(mine, its) { end } else { Conclusion::Enters(database) }
}

impl Rules {
    /// Everything holds what PUBLIC holds.
    pub fn add_public(&mut self) {
        self.inherits.extend(self.role.iter().map(|(role,)| (*role, PUBLIC)));
    }
}
