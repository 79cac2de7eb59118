//! The rules about code and data of one role that another role executes, as a part of [`super::rules`].
//!
//! A superuser's sessions use the superuser's objects, and with them what other roles put there: the functions that
//! these call, the triggers of tables to which they write, the checks of domains, the rows that they execute.

ascent::ascent_source! {
    captured:

    // Event triggers, indexes and other objects of a superuser call functions.
    // https://www.postgresql.org/docs/current/event-trigger-definition.html
    // A function's owner replaces it if it has CREATE on the function's schema, or on another one, to which it is
    // first moved. https://www.postgresql.org/docs/current/sql-createfunction.html
    relation replaces(Actor, RoleId, ObjectId, DatabaseId, RoleId);
    replaces(p, r, f, d, o) <-- visited_function(f, d, s, o), current_holds(p, r, o), create(s, g), current_holds(p, r, g);
    replaces(p, r, f, d, o) <-- visited_function(f, d, s, o), current_holds(p, r, o), usage(s, g), current_holds(p, r, g),
        schema(t, d), create(t, h), current_holds(p, r, h);
    // A function's owner is the current role in that function's database alone.
    relation present(Actor, RoleId, DatabaseId);
    present(p, r, d) <-- is(p, ?Conclusion::Session(r)), is(p, ?Conclusion::Enters(d));
    present(p, r, d) <-- is(p, ?Conclusion::Frame(d, r));
    because(p, Conclusion::Controls(*f), PathStep::ReplacesFunction(*f, *o), Conclusion::Holds(*d, *o), Conclusion::Session(*r)) <--
        replaces(p, r, f, d, o), is(p, Conclusion::Session(*r)), is(p, Conclusion::Holds(*d, *o));
    because(p, Conclusion::Controls(*f), PathStep::ReplacesFunction(*f, *o), Conclusion::Holds(*d, *o), Conclusion::Frame(*d, *r)) <--
        replaces(p, r, f, d, o), is(p, Conclusion::Frame(*d, *r)), is(p, Conclusion::Holds(*d, *o));
    because(p, Conclusion::Controls(*f), PathStep::ReplacesFunction(*f, *o), Conclusion::Holds(*d, *o), Conclusion::LetsCreate(*d)) <--
        is(p, ?Conclusion::LetsCreate(d)), visited_function(f, d, s, o), is(p, Conclusion::Holds(*d, *o)), present(p, r, d),
        current_holds(p, r, o), usage(s, u), current_holds(p, r, u);
    because(p, Conclusion::Controls(*f), PathStep::ReplacesFunction(*f, *o), Conclusion::Holds(*d, *o), Conclusion::LendsSchema(*s)) <--
        is(p, ?Conclusion::LendsSchema(s)), visited_function(f, d, s, o), is(p, Conclusion::Holds(*d, *o));
    // The owner of a domain adds a CHECK, which may call functions of the server only.
    // https://www.postgresql.org/docs/current/sql-alterdomain.html
    relation checks(Actor, RoleId, ObjectId, DatabaseId, RoleId);
    checks(p, r, t, d, o) <-- visited_domain(t, d, s, o), current_holds(p, r, o), usage(s, h), current_holds(p, r, h);
    checks(p, r, t, d, o) <-- visited_domain(t, d, s, o), current_holds(p, r, o), is(p, Conclusion::LendsSchema(*s));
    because(p, Conclusion::Controls(*t), PathStep::AddsCheck(*t, *o), Conclusion::Session(*r), Conclusion::Enters(*d)) <--
        checks(p, r, t, d, o), is(p, Conclusion::Session(*r)), is(p, Conclusion::Enters(*d));
    because(p, Conclusion::Controls(*t), PathStep::AddsCheck(*t, *o), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        checks(p, r, t, d, o), is(p, Conclusion::Frame(*d, *r));
    // A trigger runs as the role that writes, and its function may be in any schema, pg_temp included. CREATE TRIGGER
    // needs TRIGGER, and USAGE of the schema, in one role.
    // https://www.postgresql.org/docs/current/sql-createtrigger.html
    relation puts(Actor, RoleId, ObjectId, DatabaseId, RoleId);
    puts(p, r, t, d, g) <-- visited_table(t, d, s, _), puts_trigger(t, g), current_holds(p, r, g), usage(s, h), current_holds(p, r, h);
    puts(p, r, t, d, g) <-- visited_table(t, d, s, _), puts_trigger(t, g), current_holds(p, r, g), is(p, Conclusion::LendsSchema(*s));
    because(p, Conclusion::Controls(*t), PathStep::PutsTrigger(*t, *g), Conclusion::Session(*r), Conclusion::Enters(*d)) <--
        puts(p, r, t, d, g), uses_table(p, r, d), is(p, Conclusion::Session(*r)), is(p, Conclusion::Enters(*d));
    because(p, Conclusion::Controls(*t), PathStep::PutsTrigger(*t, *g), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        puts(p, r, t, d, g), uses_table(p, r, d), is(p, Conclusion::Frame(*d, *r));
    because(p, Conclusion::Controls(*t), PathStep::PutsTrigger(*t, *g), Conclusion::Session(*r), by) <--
        puts(p, r, t, d, g), is(p, Conclusion::Session(*r)), lets_use_table(p, d, by);
    because(p, Conclusion::Controls(*t), PathStep::PutsTrigger(*t, *g), Conclusion::Frame(*d, *r), by) <--
        puts(p, r, t, d, g), is(p, Conclusion::Frame(*d, *r)), lets_use_table(p, d, by);
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::Inside, Conclusion::Controls(*f), Conclusion::Start) <--
        is(p, ?Conclusion::Controls(f)), visited_function(f, d, _, _);
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::Inside, Conclusion::Controls(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Controls(t)), visited_table(t, d, _, _);
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::Inside, Conclusion::Controls(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Controls(t)), visited_domain(t, d, _, _);
    // A role that makes the function run needs no other session.
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::Touches(*f, *x), Conclusion::Calls(*f), Conclusion::Controls(*x)) <--
        touches(f, d, _, o, x), is(p, Conclusion::Calls(*f)), is(p, Conclusion::Controls(*x)), service(o, its);
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::Touches(*f, *x), Conclusion::Writes(*t), Conclusion::Controls(*x)) <--
        touches(f, d, _, o, x), trigger(t, d, _, f), is(p, Conclusion::Writes(*t)), is(p, Conclusion::Controls(*x)), service(o, its);

    // The check of a foreign key runs as the owner of the referenced table, and converts the value by the cast of its
    // type, which the owner of that type made: https://www.postgresql.org/docs/current/sql-createcast.html,
    // ri_PerformCheck and ri_GenerateQual in src/backend/utils/adt/ri_triggers.c. The owner finds its table by name.
    relation owner_holds(RoleId, RoleId);
    owner_holds(o, o) <-- references(t, _), table(t, _, _, o);
    owner_holds(o, h) <-- owner_holds(o, g), inherits(g, h);
    relation referable(ObjectId, DatabaseId, ObjectId, RoleId);
    referable(t, d, s, g) <-- references(t, g), table(t, d, s, o), superuser(o);
    referable(t, d, s, g) <-- references(t, g), table(t, d, s, o), usage(s, h), owner_holds(o, h);
    relation refers(Actor, RoleId, ObjectId, DatabaseId, RoleId);
    refers(p, r, t, d, g) <-- referable(t, d, s, g), current_holds(p, r, g), usage(s, h), current_holds(p, r, h);
    refers(p, r, t, d, g) <-- references(t, g), table(t, d, s, _), current_holds(p, r, g), is(p, Conclusion::LendsSchema(*s));
    relation makes_permanent(Actor, RoleId, DatabaseId);
    makes_permanent(p, r, d) <-- schema(s, d), create(s, g), current_holds(p, r, g), usage(s, h), current_holds(p, r, h);
    makes_permanent(p, r, d) <-- is(p, ?Conclusion::LetsCreate(d)), current(p, r);
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::MakesReference(*t, *g), Conclusion::Session(*r), Conclusion::Enters(*d)) <--
        refers(p, r, t, d, g), makes_permanent(p, r, d), is(p, Conclusion::Session(*r)), is(p, Conclusion::Enters(*d)), table(t, d, _, o), service(o, its);
    because(p, as_role(p.service, *its, *o, Conclusion::Frame(*d, *o)), PathStep::MakesReference(*t, *g), Conclusion::Frame(*d, *r), Conclusion::Start) <--
        refers(p, r, t, d, g), makes_permanent(p, r, d), is(p, Conclusion::Frame(*d, *r)), table(t, d, _, o), service(o, its);

    // A superuser's function executes text from the rows of a table, or the names of objects.
    // https://www.postgresql.org/docs/current/plpgsql-statements.html
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::ExecutesRows(*t), Conclusion::Writes(*t), Conclusion::Start) <--
        is(p, ?Conclusion::Writes(t)), executed_rows(t, d);
    because(p, Conclusion::Reaches(Target::SuperuserVisit(*d)), PathStep::NamesObject(*f, *g), Conclusion::Holds(*d, *g), Conclusion::Start) <--
        is(p, ?Conclusion::Holds(d, g)), executed_names(f, d), schema(s, d), create(s, g), usage(s, h), is(p, Conclusion::Holds(*d, *h));
}
