//! Expressions that the server writes in another way once it has read what it wrote.

use super::{can_dump, checkpoint, service};
use crate::backup::expressions::expressions;
use crate::support::Server;

#[test]
fn an_equivalent_expression_is_not_a_difference() {
    let server = Server::start();
    let project = service(&server, "sqx");
    let (up, down) = ("sqx/migrations/V5__expressions.sql", "sqx/migrations/V5__expressions.down.sql");
    project.write(up, &expressions(&server));
    project.write(down, "-- martydb: irreversible: a test\n");
    project.run(&["upgrade", "--all"]).expect(0);
    if !can_dump(&server, &project, "sqx") {
        return;
    }
    project.run(&["squash", "--service", "sqx", "--to", "5"]).expect(0);
    assert!(project.path().join(checkpoint("sqx", 5)).exists());
}
