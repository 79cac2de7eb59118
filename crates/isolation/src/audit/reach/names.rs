//! Descriptions of paths, step by step.

use super::gather::{Gathered, Runner};
use crate::reach::{PUBLIC, Path, PathStep, Target};

/// Describes the path of a login, such as "a: connects to d (CONNECT of PUBLIC) → …".
pub(crate) fn describe(gathered: &Gathered<'_>, path: &Path) -> String {
    // Inheriting from PUBLIC is not a step: every role does.
    let steps = path.steps.iter().filter(|step| !matches!(step, PathStep::Inherits(_, PUBLIC)));
    let steps = steps.map(|step| step_in_words(gathered, *step));
    let end = target_in_words(gathered, path.target);
    format!("{}: {} → {end}", gathered.role(path.login), steps.collect::<Vec<_>>().join(" → "))
}

pub(crate) fn step_in_words(all: &Gathered<'_>, step: PathStep) -> String {
    let role = |id| all.role(id);
    match step {
        PathStep::LogsIn | PathStep::Inside => String::new(),
        PathStep::Inherits(member, group) => {
            format!("{} has the privileges of {}", role(member), role(group))
        }
        PathStep::SetsRole(member, group) => format!("{} becomes {} (SET ROLE)", role(member), role(group)),
        PathStep::Connects(at, by) => format!("connects to {} (CONNECT of {})", all.database(at), role(by)),
        PathStep::GrantsConnect(at, by) => {
            format!("as {} grants itself CONNECT on {}", role(by), all.database(at))
        }
        PathStep::GrantsTemporary(at, by) => {
            format!("as {} grants any role TEMPORARY on {}", role(by), all.database(at))
        }
        PathStep::HasAdmin(by, of) => format!("{} has ADMIN OPTION on {}", role(by), role(of)),
        PathStep::GrantsRole(of) => format!("grants itself {}", role(of)),
        PathStep::SetsPassword(by, of) => {
            format!("as {} (CREATEROLE) sets the password of {}", role(by), role(of))
        }
        PathStep::SetsOwnPassword(of) => format!("as {} sets the password of {}", role(of), role(of)),
        PathStep::GivesFunction(from, to) => {
            format!("as {} creates a function and gives it to {}, as which it runs", role(from), role(to))
        }
        PathStep::OwnsDatabase(at, by) => {
            format!("{} owns {} and has the privileges of pg_database_owner", role(by), all.database(at))
        }
        PathStep::IsSuperuser(of) => format!("{} is a superuser", role(of)),
        PathStep::IsServerRole(of) => format!("{} uses the server's files and programs", role(of)),
        PathStep::HasCreaterole(of) => {
            format!("{} has CREATEROLE, which gives every predefined role", role(of))
        }
        PathStep::IsAdmin(of) => format!("{} is the admin or owns the services' databases", role(of)),
        _ => step_on_object(all, step),
    }
}

/// Describes steps that go through an object inside a database.
fn step_on_object(all: &Gathered<'_>, step: PathStep) -> String {
    let object = |id| all.object(id).display;
    let role = |id| all.role(id);
    match step {
        PathStep::LetsCreateIn(of, by) => {
            format!("as {} grants any role USAGE and CREATE on schema {}", role(by), object(of))
        }
        PathStep::Executes(of, by) => format!("calls {} (EXECUTE of {})", object(of), role(by)),
        PathStep::CallsDefiner(of, owner) => {
            format!("{} executes its argument as {}", object(of), role(owner))
        }
        PathStep::MakesTrigger(of, by) => {
            let owner = all.object(of).owner;
            format!("creates a trigger with {} (EXECUTE of {}), which runs as {owner}", object(of), role(by))
        }
        PathStep::WritesTo(of, by) => format!("writes to {} (privilege of {})", object(of), role(by)),
        PathStep::FiresTrigger(table, of) => {
            format!("the trigger of {} runs {} as {}", object(table), object(of), all.object(of).owner)
        }
        PathStep::MadeServerCall(of) => {
            format!("the server calls {} as {} without checking EXECUTE", object(of), all.object(of).owner)
        }
        PathStep::Selects(of, by) => format!("reads {} (SELECT of {})", object(of), role(by)),
        PathStep::ReadsThrough(view, of) => {
            format!("{} reads {} as {}", object(view), object(of), all.object(view).owner)
        }
        PathStep::Opens(of) => format!("{} opens it", object(of)),
        PathStep::Holds(of) => format!("{} contains it", object(of)),
        PathStep::CreatesIn(of, by) => {
            format!("creates in schema {} as {}, where a superuser's search_path looks", object(of), role(by))
        }
        PathStep::Steers(of) => format!("the extension acts on the rows of {}", object(of)),
        PathStep::FiresEventTrigger(of, owner) => {
            format!("creates an object, for which an event trigger runs {} as {}", object(of), role(owner))
        }
        _ => step_of_placing(all, step),
    }
}

/// Describes steps that place code or data where a superuser uses it.
fn step_of_placing(all: &Gathered<'_>, step: PathStep) -> String {
    let object = |id| all.object(id).display;
    let role = |id| all.role(id);
    let run_by = |id| all.object(id).run_by.unwrap_or(Runner::Object("a superuser"));
    match step {
        PathStep::ReplacesFunction(of, by) => {
            let uses = if all.object(of).kind == "view" { "reads" } else { "calls" };
            format!("as {} replaces {}, which {} {uses}", role(by), object(of), run_by(of))
        }
        PathStep::PutsTrigger(of, by) => {
            format!("as {} puts a trigger on {}, to which {} writes", role(by), object(of), run_by(of))
        }
        PathStep::AddsCheck(of, by) => {
            format!("as {} adds a CHECK to {}, which {} uses", role(by), object(of), run_by(of))
        }
        PathStep::MakesReference(of, by) => format!(
            "creates a foreign key to {} (REFERENCES of {}), whose check runs a cast of the login's as {}",
            object(of),
            role(by),
            all.object(of).owner
        ),
        PathStep::RoutesTo(of, to) => format!("a row of {} goes to {}", object(of), object(to)),
        PathStep::Touches(of, used) => {
            format!("{} runs that code of {} as {}", object(of), object(used), all.object(of).owner)
        }
        PathStep::ExecutesRows(of) => format!("{} executes the rows of {}", run_by(of), object(of)),
        PathStep::NamesObject(of, by) => {
            format!("as {} gives an object a name that {} executes", role(by), object(of))
        }
        _ => String::new(),
    }
}

pub(crate) fn target_in_words(all: &Gathered<'_>, target: Target) -> String {
    match target {
        Target::Superuser => "superuser".into(),
        Target::SuperuserVisit(at) => format!("superuser, as soon as one uses {}", all.database(at)),
        Target::Admin(role) => format!("the privileges of {}", all.role(role)),
        Target::Files => "the server's files".into(),
        Target::Verifiers => "secrets of the server's catalogs".into(),
        Target::OtherDatabases => "activity of other databases".into(),
        Target::ServiceRole(role) => format!("the role {}", all.role(role)),
        Target::ServiceDatabase(at) => format!("the database {}", all.database(at)),
    }
}
