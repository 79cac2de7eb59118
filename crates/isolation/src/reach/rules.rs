//! The rules, each with its page of PostgreSQL's manual. `tests/it/attack` compares them, in both directions, with
//! what an attacker reaches on random servers.
//!
//! There are two kinds of session. In a *session* of its own a login may `SET ROLE`; in a *frame* (a function that
//! runs with its owner's privileges) it may not, and has what the owner has or inherits. A login's privileges in each
//! database are derived from those it holds anywhere and from the databases it enters, which keeps the product of
//! both small: the walk ends at the border of another service.

use ascent::ascent;

use super::actor::{Actor, as_role, at_database};
use super::ids::{DatabaseId, ObjectId, PUBLIC, RoleId, ServiceId};
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
    /// Logins that inherit roles granted from now on.
    relation inheriting(RoleId);
    relation major(u32);
    relation superuser(RoleId);
    relation createrole(RoleId);
    relation server_role(RoleId);
    relation server_admin(RoleId);
    /// Every role with its service.
    relation service(RoleId, ServiceId);
    relation database(DatabaseId);
    /// Every database with its service.
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
    /// Domain, database, schema, owner.
    relation visited_domain(ObjectId, DatabaseId, ObjectId, RoleId);
    relation event_function(ObjectId);
    relation puts_trigger(ObjectId, RoleId);
    relation references(ObjectId, RoleId);
    relation routes(ObjectId, ObjectId);
    /// Function, database, schema, owner, and the object that it uses.
    relation touches(ObjectId, DatabaseId, ObjectId, RoleId, ObjectId);
    relation executed_rows(ObjectId, DatabaseId);
    /// Function, database.
    relation executed_names(ObjectId, DatabaseId);

    // Conclusions: the login, and its state.
    relation is(Actor, Conclusion);
    /// Derivations: the login, the conclusion, the step, and one or two premises.
    relation because(Actor, Conclusion, PathStep, Conclusion, Conclusion);

    // The only rule that makes conclusions.
    is(p, s) <-- because(p, s, _, _, _);

    // Transitive memberships of any kind.
    relation belongs(RoleId, RoleId);
    belongs(r, r) <-- role(r);
    belongs(m, h) <-- belongs(m, g), member(g, h);

    // Logins whose sessions are followed: the principals, and those that one of them can log in as. Sessions of two
    // logins are separate, except for changes to the server.
    relation actor(Actor);
    relation actor_of(RoleId, Actor);
    actor(Actor { login: *p, principal: *p, service: *s }) <-- principal(p), service(p, s);
    actor(p.as_login(*x)) <-- is(p, ?Conclusion::Takes(x));
    actor_of(p.principal, p) <-- actor(p);
    /// The login, the conclusion, and the other login whose conclusion it is.
    relation borrowed(Actor, Conclusion, Actor);
    borrowed(p, c, other) <-- is(other, c), if c.is_shared(), actor_of(other.principal, p), if p != other;
    is(p, c) <-- borrowed(p, c, _);

    // CONNECT is checked with the privileges that the login inherits; roles with only SET do not count.
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

    // SET ROLE: from the session's login, along memberships with SET (since 16; before, any).
    // https://www.postgresql.org/docs/current/sql-set-role.html
    because(p, Conclusion::Session(p.login), PathStep::Inside, Conclusion::Enters(*d), Conclusion::Start) <-- is(p, ?Conclusion::Enters(d));
    because(p, as_role(p.service, *its, *g, Conclusion::Session(*g)), PathStep::SetsRole(*m, *g), Conclusion::Session(*m), Conclusion::Start) <--
        is(p, ?Conclusion::Session(m)), sets(m, g), service(g, its);

    // Privileges are those of the current role and of the roles it inherits.
    // https://www.postgresql.org/docs/current/role-membership.html
    because(p, Conclusion::Uses(*r), PathStep::Inside, Conclusion::Session(*r), Conclusion::Start) <-- is(p, ?Conclusion::Session(r));
    because(p, as_role(p.service, *its, *g, Conclusion::Uses(*g)), PathStep::Inherits(*m, *g), Conclusion::Uses(*m), Conclusion::Start) <--
        is(p, ?Conclusion::Uses(m)), inherits(m, g), service(g, its);
    because(p, Conclusion::Holds(*d, *g), PathStep::Inside, Conclusion::Uses(*g), Conclusion::Enters(*d)) <--
        is(p, ?Conclusion::Enters(d)), is(p, ?Conclusion::Uses(g));
    because(p, Conclusion::Holds(*d, *o), PathStep::Inside, Conclusion::Frame(*d, *o), Conclusion::Start) <-- is(p, ?Conclusion::Frame(d, o));
    because(p, as_role(p.service, *its, *g, Conclusion::Holds(*d, *g)), PathStep::Inherits(*m, *g), Conclusion::Holds(*d, *m), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, m)), inherits(m, g), service(g, its);
    // In its own database the owner has the privileges of pg_database_owner, since 14.
    // https://www.postgresql.org/docs/current/predefined-roles.html
    because(p, Conclusion::Holds(*d, *g), PathStep::OwnsDatabase(*d, *o), Conclusion::Holds(*d, *o), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, o)), owns_database(d, o), database_owner_role(g);

    // ADMIN OPTION: its holder grants the role to any login. Since 16 an inherited row counts, before that any.
    // Only a superuser grants a superuser's role. https://www.postgresql.org/docs/current/sql-grant.html
    because(p, Conclusion::Grants(*x), PathStep::HasAdmin(*g, *x), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        major(n), if *n >= 16, is(p, ?Conclusion::Holds(d, g)), admin(g, x), !superuser(x);
    because(p, Conclusion::Grants(*x), PathStep::HasAdmin(*g, *x), Conclusion::Session(*r), Conclusion::Start) <--
        major(n), if *n < 16, is(p, ?Conclusion::Session(r)), belongs(r, g), admin(g, x), !superuser(x);
    because(p, Conclusion::Grants(*x), PathStep::HasAdmin(*g, *x), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        major(n), if *n < 16, is(p, ?Conclusion::Frame(d, r)), belongs(r, g), admin(g, x), !superuser(x);
    // Circular memberships are rejected.
    because(p, as_role(p.service, *its, *x, Conclusion::Session(*x)), PathStep::GrantsRole(*x), Conclusion::Grants(*x), Conclusion::Start) <--
        is(p, ?Conclusion::Grants(x)), !belongs(x, &p.login), service(x, its);
    because(p, as_role(p.service, *its, *x, Conclusion::LogsInWith(*x)), PathStep::GrantsRole(*x), Conclusion::Grants(*x), Conclusion::Start) <--
        is(p, ?Conclusion::Grants(x)), !belongs(x, &p.login), inheriting(&p.login), service(x, its);
    // The role may also be granted to the owner of the current frame.
    because(p, as_role(p.service, *its, *x, Conclusion::Holds(*d, *x)), PathStep::GrantsRole(*x), Conclusion::Grants(*x), Conclusion::Frame(*d, *o)) <--
        is(p, ?Conclusion::Frame(d, o)), is(p, ?Conclusion::Grants(x)), !belongs(x, o), service(x, its);

    // A role may set its own password, even as a function's owner: a session of its own follows.
    // https://www.postgresql.org/docs/current/sql-alterrole.html
    because(p, as_role(p.service, *its, *r, Conclusion::Takes(*r)), PathStep::SetsOwnPassword(*r), Conclusion::Session(*r), Conclusion::Start) <--
        is(p, ?Conclusion::Session(r)), can_log_in(r), if p.login != *r, service(r, its);
    because(p, as_role(p.service, *its, *r, Conclusion::Takes(*r)), PathStep::SetsOwnPassword(*r), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        is(p, ?Conclusion::Frame(d, r)), can_log_in(r), if p.login != *r, service(r, its);

    // A function's owner may give it to a role that the owner can become, with or without SET ROLE; it then runs as
    // that role. The new owner needs CREATE on the schema, unless it is a superuser.
    // https://www.postgresql.org/docs/current/sql-alterfunction.html
    relation frame_owner(RoleId);
    frame_owner(o) <-- is(_, ?Conclusion::Frame(_, o));
    relation may_give(RoleId, RoleId);
    may_give(o, x) <-- frame_owner(o), sets(o, x);
    may_give(o, y) <-- may_give(o, x), sets(x, y);
    // Roles that those two have or inherit.
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

    // A schema's owner grants USAGE and CREATE to any role, and a role that may grant TEMPORARY grants it to any
    // role: the login supplies what a function's owner lacks. https://www.postgresql.org/docs/current/sql-grant.html
    because(p, Conclusion::LetsCreate(*d), PathStep::LetsCreateIn(*s, *g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), schema_owner(s, g), schema(s, d);
    because(p, Conclusion::LendsSchema(*s), PathStep::LetsCreateIn(*s, *g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), schema_owner(s, g), schema(s, d), lendable(s);
    // Schemas that may contain something that another login can call, write to or read.
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

    // CREATEROLE: only the attribute of the current role. Before 16 it gives every role except superusers, including
    // predefined ones; since 16 the passwords of the roles that it has ADMIN on.
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

    // Targets. A superuser's privileges also count for roles that inherit them.
    because(p, Conclusion::Reaches(Target::Superuser), PathStep::IsSuperuser(*g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), superuser(g);
    // https://www.postgresql.org/docs/current/predefined-roles.html
    because(p, Conclusion::Reaches(Target::Files), PathStep::IsServerRole(*g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), server_role(g);
    because(p, Conclusion::Reaches(Target::Admin(*g)), PathStep::IsAdmin(*g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), server_admin(g);
    because(p, Conclusion::Reaches(Target::Admin(*g)), PathStep::IsAdmin(*g), Conclusion::LogsInWith(*g), Conclusion::Start) <--
        is(p, ?Conclusion::LogsInWith(g)), server_admin(g);

    // Functions: EXECUTE, and USAGE of the schema, which two roles may hold (one prepares, the other executes).
    // https://www.postgresql.org/docs/current/ddl-priv.html
    relation function(ObjectId, DatabaseId, ObjectId);
    function(f, d, s) <-- definer(f, d, s, _);
    function(f, d, s) <-- power(f, d, s, _);
    function(f, d, s) <-- touches(f, d, s, _, _);
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
    // The server calls it for a type, an operator class or an aggregate, without a check for EXECUTE.
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::MadeServerCall(*f), Conclusion::Enters(*d), Conclusion::Start) <--
        is(p, ?Conclusion::Enters(d)), called_by_server(f), definer(f, d, _, o), service(o, its);

    // A trigger runs with the function's privileges if that is SECURITY DEFINER; no privilege is checked when it
    // fires.
    // https://www.postgresql.org/docs/current/sql-createtrigger.html
    // A write to a table fires the triggers of the partition that the row goes to, without a privilege on it.
    // https://www.postgresql.org/docs/current/ddl-partitioning.html, https://www.postgresql.org/docs/current/ddl-inherit.html
    relation written(ObjectId, DatabaseId, ObjectId);
    written(t, d, s) <-- trigger(t, d, s, _);
    written(t, d, s) <-- lever(t, _), table(t, d, s, _);
    written(t, d, s) <-- executed_rows(t, _), table(t, d, s, _);
    written(t, d, s) <-- routes(t, c), written(c, d, _), table(t, d, s, _);
    because(p, Conclusion::Writes(*c), PathStep::RoutesTo(*t, *c), Conclusion::Writes(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Writes(t)), routes(t, c);
    because(p, Conclusion::Writes(*t), PathStep::WritesTo(*t, *g), Conclusion::Holds(*d, *g), Conclusion::Holds(*d, *h)) <--
        is(p, ?Conclusion::Holds(d, g)), write(t, g), written(t, d, s), usage(s, h), is(p, Conclusion::Holds(*d, *h));
    because(p, Conclusion::Writes(*t), PathStep::WritesTo(*t, *g), Conclusion::Holds(*d, *g), Conclusion::LendsSchema(*s)) <--
        is(p, ?Conclusion::LendsSchema(s)), written(t, d, s), write(t, g), is(p, Conclusion::Holds(*d, *g));
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::FiresTrigger(*t, *f), Conclusion::Writes(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Writes(t)), trigger(t, _, _, f), definer(f, d, _, o), service(o, its);
    because(p, Conclusion::Reaches(*target), PathStep::Opens(*f), Conclusion::Writes(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Writes(t)), trigger(t, _, _, f), power(f, _, _, target);
    // An event trigger calls it for every role that creates an object.
    // https://www.postgresql.org/docs/current/event-triggers.html
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::FiresEventTrigger(*f, *o), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        event_function(f), definer(f, d, _, o), service(o, its), temporary(d, g), is(p, Conclusion::Holds(*d, *g));
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::FiresEventTrigger(*f, *o), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        event_function(f), definer(f, d, _, o), service(o, its), schema(s, d), create(s, g), is(p, Conclusion::Holds(*d, *g));
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::FiresEventTrigger(*f, *o), Conclusion::Enters(*d), Conclusion::LetsMakeTemporary(*d)) <--
        event_function(f), definer(f, d, _, o), service(o, its), is(p, Conclusion::Enters(*d)), is(p, Conclusion::LetsMakeTemporary(*d));
    // The holder creates a trigger with it, on a temporary table or on one of the login's in a schema that it may
    // use. CREATE TRIGGER checks EXECUTE, and USAGE of the schema, for one role: the current one, to which others may
    // have granted these.
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

    // Reading: SELECT and USAGE of the schema. A view reads with its owner's privileges.
    // https://www.postgresql.org/docs/current/rules-privileges.html
    because(p, Conclusion::Reads(*t), PathStep::Selects(*t, *g), Conclusion::Holds(*d, *g), Conclusion::Holds(*d, *h)) <--
        is(p, ?Conclusion::Holds(d, g)), select(t, g), table(t, d, s, _), usage(s, h), is(p, Conclusion::Holds(*d, *h));
    because(p, Conclusion::Reads(*t), PathStep::Selects(*t, *g), Conclusion::Holds(*d, *g), Conclusion::LendsSchema(*s)) <--
        is(p, ?Conclusion::LendsSchema(s)), table(t, d, s, _), select(t, g), is(p, Conclusion::Holds(*d, *g));
    relation readable(ObjectId, RoleId);
    readable(t, o) <-- select(t, o);
    readable(t, o) <-- table(t, _, _, o);
    readable(t, o) <-- readable(t, g), inherits(o, g);
    // Superuser status is not inherited.
    relation reads_for(RoleId, ObjectId);
    reads_for(o, t) <-- readable(t, o);
    reads_for(o, t) <-- view(v, t), table(v, _, _, o), superuser(o);
    because(p, Conclusion::Reads(*t), PathStep::ReadsThrough(*v, *t), Conclusion::Reads(*v), Conclusion::Start) <--
        is(p, ?Conclusion::Reads(v)), view(v, t), table(v, _, _, o), reads_for(o, t);
    because(p, Conclusion::Reads(*t), PathStep::ReadsThrough(*v, *t), Conclusion::Reads(*v), Conclusion::Start) <--
        is(p, ?Conclusion::Reads(v)), copy(v, t);
    because(p, Conclusion::Reaches(*target), PathStep::Holds(*t), Conclusion::Reads(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Reads(t)), secret(t, target);

    because(p, Conclusion::Reaches(*target), PathStep::Steers(*t), Conclusion::Writes(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Writes(t)), lever(t, target);

    // A superuser's session calls a function of that name in a schema of its search path.
    // CVE-2018-1058, https://wiki.postgresql.org/wiki/A_Guide_to_CVE-2018-1058
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::CreatesIn(*s, *g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), create(s, g), superuser_path(d, s), !delivered(s, g);

    include_source!(super::captured::captured);
}

impl Rules {
    /// Adds PUBLIC's privileges to every role.
    pub(crate) fn add_public(&mut self) {
        self.inherits.extend(self.role.iter().map(|(role,)| (*role, PUBLIC)));
    }
}
