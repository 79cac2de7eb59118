//! The rules on servers with a few roles, and on versions of PostgreSQL that differ.

use super::*;

const LOGIN: RoleId = 1;
const GROUP: RoleId = 2;
const MIGHTY: RoleId = 3;
const OTHER: RoleId = 5;
const DATABASE: DatabaseId = 0;

fn member(member: RoleId, role: RoleId, [inherit, set, admin]: [bool; 3]) -> Member {
    Member { member, role, inherit, set, admin }
}

/// A login that may connect to one database, two groups, and a superuser.
fn server(major: u32, members: &[Member]) -> Facts {
    Facts {
        major,
        roles: vec![LOGIN, GROUP, MIGHTY, OTHER],
        inheriting: vec![LOGIN],
        principals: vec![LOGIN],
        superusers: vec![MIGHTY],
        databases: vec![DATABASE],
        connect: vec![(DATABASE, LOGIN)],
        members: members.to_vec(),
        ..Facts::default()
    }
}

fn targets(facts: &Facts) -> Vec<Target> {
    conclude(facts).paths.into_iter().map(|path| path.target).collect()
}

#[test]
fn a_member_of_a_superuser_reaches_it_by_inherit_and_by_set_and_not_by_admin() {
    for options in [[true, false, false], [false, true, false], [true, true, false]] {
        assert_eq!(
            targets(&server(16, &[member(LOGIN, MIGHTY, options)])),
            [Target::Superuser],
            "{options:?}"
        );
    }
    assert_eq!(targets(&server(16, &[member(LOGIN, MIGHTY, [false, false, true])])), []);
    assert_eq!(targets(&server(16, &[member(LOGIN, MIGHTY, [false, false, false])])), []);
}

#[test]
fn a_row_without_set_ends_the_way_behind_it() {
    let rows = |first| [member(LOGIN, GROUP, first), member(GROUP, MIGHTY, [false, true, false])];
    assert_eq!(targets(&server(16, &rows([false, true, false]))), [Target::Superuser]);
    assert_eq!(targets(&server(16, &rows([true, false, false]))), []);
}

#[test]
fn admin_counts_through_rows_that_inherit_from_16_on_and_through_any_before() {
    let rows = [
        member(LOGIN, GROUP, [false, false, false]),
        member(GROUP, OTHER, [false, false, true]),
        member(OTHER, MIGHTY, [true, true, false]),
    ];
    assert_eq!(targets(&server(16, &rows)), []);
    assert_eq!(targets(&server(15, &rows)), [Target::Superuser]);
}

#[test]
fn a_login_that_enters_no_database_reaches_nothing() {
    let facts = Facts { connect: vec![], ..server(16, &[member(LOGIN, MIGHTY, [true, true, false])]) };
    assert_eq!(targets(&facts), []);
}

#[test]
fn createrole_gives_everything_before_16() {
    let facts = |major| Facts { createrole: vec![LOGIN], ..server(major, &[]) };
    assert_eq!(targets(&facts(15)), [Target::Superuser]);
    assert_eq!(targets(&facts(16)), []);
}

/// A function that executes its argument as a superuser, in a schema.
fn with_definer(facts: Facts, usage: &[RoleId], execute: &[RoleId]) -> Facts {
    let function = Object { id: 1, database: DATABASE, schema: 0, owner: MIGHTY };
    Facts {
        schemas: vec![(0, DATABASE)],
        usage: usage.iter().map(|role| (0, *role)).collect(),
        execute: execute.iter().map(|role| (1, *role)).collect(),
        definers: vec![function],
        ..facts
    }
}

#[test]
fn usage_and_execute_may_come_from_two_roles() {
    let members = [member(LOGIN, GROUP, [false, true, false])];
    let facts = |usage, execute| with_definer(server(16, &members), usage, execute);
    assert_eq!(targets(&facts(&[LOGIN], &[GROUP])), [Target::Superuser]);
    assert_eq!(targets(&facts(&[PUBLIC], &[PUBLIC])), [Target::Superuser]);
    assert_eq!(targets(&facts(&[], &[PUBLIC])), []);
    assert_eq!(targets(&facts(&[PUBLIC], &[])), []);
}

#[test]
fn a_trigger_function_is_not_called_and_its_holder_makes_a_trigger_of_it() {
    let facts = with_definer(server(16, &[]), &[PUBLIC], &[PUBLIC]);
    let facts = Facts { trigger_functions: vec![1], ..facts };
    assert_eq!(targets(&facts), []);
    assert_eq!(targets(&Facts { temporary: vec![(DATABASE, LOGIN)], ..facts.clone() }), [Target::Superuser]);
    assert_eq!(targets(&Facts { create: vec![(0, LOGIN)], ..facts }), [Target::Superuser]);
}

#[test]
fn the_path_is_the_shortest_and_has_each_step_once() {
    let members = [member(LOGIN, GROUP, [true, true, false]), member(GROUP, MIGHTY, [true, true, false])];
    let facts = with_definer(server(16, &members), &[LOGIN], &[LOGIN]);
    let paths = conclude(&facts).paths;
    assert_eq!(paths.len(), 1);
    let steps = [
        PathStep::Connects(DATABASE, LOGIN),
        PathStep::Inherits(LOGIN, GROUP),
        PathStep::Inherits(GROUP, MIGHTY),
        PathStep::IsSuperuser(MIGHTY),
    ];
    assert_eq!(paths[0].steps, steps);
}

#[test]
fn the_walk_ends_at_another_service() {
    let foreign: RoleId = 4;
    let mut facts = server(16, &[member(LOGIN, foreign, [false, true, false])]);
    facts.roles.push(foreign);
    facts.members.push(member(foreign, MIGHTY, [true, true, false]));
    facts.service_roles = vec![(LOGIN, 0), (foreign, 1)];
    assert_eq!(targets(&facts), [Target::ServiceRole(foreign)]);
    facts.service_roles = vec![(LOGIN, 0), (foreign, 0)];
    assert_eq!(targets(&facts), [Target::Superuser]);
}

/// A function that executes its argument as the group, and the privileges that the login needs to call it.
fn with_group_definer(facts: Facts) -> Facts {
    let function = Object { id: 1, database: DATABASE, schema: 0, owner: GROUP };
    Facts {
        schemas: vec![(0, DATABASE)],
        usage: vec![(0, PUBLIC)],
        execute: vec![(1, PUBLIC)],
        definers: vec![function],
        ..facts
    }
}

#[test]
fn a_function_owner_that_can_log_in_has_its_password_set_and_sets_roles_in_a_session_of_its_own() {
    // Only SET: without a session of its own the function's owner gets nowhere.
    let facts = with_group_definer(server(16, &[member(GROUP, MIGHTY, [false, true, false])]));
    assert_eq!(targets(&facts), []);
    let facts = Facts { logins: vec![LOGIN, GROUP], ..facts };
    assert_eq!(targets(&facts), [], "it connects to no database");
    let facts = Facts { connect: vec![(DATABASE, LOGIN), (DATABASE, GROUP)], ..facts };
    assert_eq!(targets(&facts), [Target::Superuser]);
}

#[test]
fn a_function_is_given_to_a_role_that_its_owner_can_become() {
    let facts = with_group_definer(server(16, &[member(GROUP, MIGHTY, [false, true, false])]));
    assert_eq!(targets(&Facts { temporary: vec![(DATABASE, GROUP)], ..facts.clone() }), [Target::Superuser]);
    assert_eq!(targets(&Facts { create: vec![(0, GROUP)], ..facts }), [Target::Superuser]);
}

#[test]
fn a_view_of_a_member_of_a_superuser_reads_no_more_than_the_member() {
    let facts = |owner| Facts {
        schemas: vec![(0, DATABASE)],
        usage: vec![(0, PUBLIC)],
        select: vec![(1, LOGIN)],
        relations: vec![
            Object { id: 1, database: DATABASE, schema: 0, owner },
            Object { id: 2, database: DATABASE, schema: 0, owner: OTHER },
        ],
        views: vec![(1, 2)],
        secrets: vec![(2, Target::Verifiers)],
        ..server(15, &[member(GROUP, MIGHTY, [true, true, false])])
    };
    assert_eq!(targets(&facts(MIGHTY)), [Target::Verifiers]);
    assert_eq!(targets(&facts(GROUP)), []);
}

#[test]
fn a_login_that_was_taken_lends_its_schema_to_the_one_that_took_it() {
    let way_in = Object { id: 1, database: DATABASE, schema: 0, owner: OTHER };
    let mighty = Object { id: 2, database: 1, schema: 7, owner: MIGHTY };
    let lent = Facts {
        logins: vec![OTHER],
        databases: vec![DATABASE, 1],
        connect: vec![(DATABASE, LOGIN), (1, LOGIN), (1, OTHER)],
        schemas: vec![(0, DATABASE), (7, 1)],
        schema_owners: vec![(7, OTHER)],
        usage: vec![(0, LOGIN), (7, OTHER)],
        definers: vec![way_in, mighty],
        execute: vec![(1, LOGIN), (2, LOGIN)],
        ..server(16, &[])
    };
    assert_eq!(targets(&lent), [Target::Superuser]);
    assert_eq!(targets(&Facts { schema_owners: vec![], ..lent }), []);
}
