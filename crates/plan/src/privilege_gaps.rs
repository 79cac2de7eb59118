//! Turns steps that the admin lacks privileges for into gaps: each with a reason and a request to a DBA.

pub(crate) mod kept_settings;
pub(crate) mod run_record;

use std::collections::{BTreeMap, BTreeSet};

use super::action::Action;
use super::admin_capabilities::{AdminCapabilities, Refusal};
use super::ddl::{PASSWORDLESS, script};
use super::object::Object;
use super::stage::Stage;
use super::step::{DbaRequest, Plan, PrivilegeGap, Step};
use martydb_model::platform::Platform;
use martydb_model::sql::{Qualified, Statement, stmt};
use martydb_model::{ActualServer, DesiredServer, DesiredService, SchemaName};

/// Gap of a provider's customers before PostgreSQL 15.
const CLOSE_PUBLIC: &str = "take over and close schema public of the services' databases";

/// Common part of the refused steps, so one sentence covers all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Topic {
    service: Option<String>,
    what: String,
    refusal: Refusal,
}

/// Moves the steps that the admin cannot do from the plan to its gaps.
pub(crate) fn separate(desired: &DesiredServer, actual: &ActualServer, plan: &mut Plan) {
    let authority = AdminCapabilities::new(desired, actual);
    let mut refused: BTreeMap<Topic, Vec<Step>> = BTreeMap::new();
    let mut held = BTreeSet::new();
    plan.steps.retain(|step| {
        let Some(refusal) = authority.refusal(step) else { return true };
        // The same gap in every service's database is reported once.
        let public = is_superusers_public(step, &refusal) && actual.major() < 15;
        let shared = desired.platform.is_some() && (public || matches!(refusal, Refusal::Setting(_)));
        let service = step.service.as_ref().filter(|_| !shared).map(ToString::to_string);
        let kept = kept_settings::kept(desired, step);
        let what = match &kept {
            _ if shared && public => CLOSE_PUBLIC.to_owned(),
            Some((role, database, name)) => format!("keep {name} of database {database} for login {role}"),
            None => what(step, &refusal),
        };
        held.extend(kept.map(|(_, database, name)| (database, name)));
        let topic = Topic { service, what, refusal };
        refused.entry(topic).or_default().push(step.clone());
        false
    });
    kept_settings::keep_where_refused(plan, &held);
    // Steps that belong together are kept together.
    let stuck = plan.prunable.iter().any(|step| step.service.is_none() && authority.refusal(step).is_some());
    let stays = |step: &Step| if step.service.is_none() { !stuck } else { authority.refusal(step).is_none() };
    plan.prunable.retain(stays);
    plan.limits.extend(refused.into_iter().map(|(topic, steps)| limit(desired, actual, topic, &steps)));
}

/// Returns the gap for a database to which the admin cannot connect, so its contents are unknown.
pub(crate) fn closed_database(
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
) -> PrivilegeGap {
    let (admin, database) = (&actual.admin.name, &service.database);
    let owner = actual.databases.get(database).map_or("", |found| found.owner.as_str());
    let asked = actual.admin_role().map(|role| stmt!("ALTER DATABASE {database} OWNER TO {role}"));
    PrivilegeGap {
        server: desired.name.clone(),
        service: Some(service.name.to_string()),
        what: format!("inspect database {database}"),
        why: format!("it belongs to {owner}, and {admin} lacks CONNECT on it"),
        grant: asked.as_ref().map(ToString::to_string),
        request: asked.map(|asked| DbaRequest { database: None, statements: vec![asked.to_string()] }),
        awaits_migration: false,
    }
}

fn limit(desired: &DesiredServer, actual: &ActualServer, topic: Topic, steps: &[Step]) -> PrivilegeGap {
    let admin = &actual.admin.name;
    let why = match &topic.refusal {
        Refusal::NotGiven(role) => {
            format!("{role} was made by another role, and from PostgreSQL 16 on {admin} needs ADMIN on it")
        }
        Refusal::Superuser(role) if opens_public(steps) && actual.major() < 15 => format!(
            "before PostgreSQL 15 it belongs to {role}, a superuser: PUBLIC keeps CREATE there, so \
             every login of the service can make tables in it"
        ),
        Refusal::Superuser(role) => format!("{role} is a superuser, and {admin} is not"),
        Refusal::Attribute(_) => format!("only a superuser may, and {admin} is not one"),
        Refusal::Setting(_) => format!("only a superuser may set it, and {admin} was not granted SET on it"),
        Refusal::Tablespace(_) => format!("{admin} lacks CREATE on it"),
        Refusal::Immovable(name) if !actual.host_extensions.relocatable.contains(name) => format!(
            "its control file says that it is not relocatable: write the schema that it is in, or drop {name} and let `apply` create it"
        ),
        Refusal::Immovable(_) => {
            format!("only the owner of all its objects may, a superuser, and {admin} is not one")
        }
        Refusal::Extension(_) => {
            format!("the extension is not trusted, and {admin} is not a superuser")
        }
        Refusal::Planted(_, schema) => format!(
            "its script runs as the admin with schema {schema} first in its search path, where the service has \
             functions, operators or types of its own, and its objects cannot be moved there afterwards"
        ),
        Refusal::Unknown(_, since) => {
            format!("PostgreSQL {} does not support it; it was added in {since}", actual.major())
        }
    };
    let kept = desired.platform.and_then(|platform| kept(platform, &topic));
    let request = if kept.is_some() { None } else { request(desired, actual, &topic.refusal, steps) };
    let (why, grant) = (kept.unwrap_or(why), request.as_ref().map(DbaRequest::text));
    PrivilegeGap {
        server: desired.name.clone(),
        service: topic.service,
        what: topic.what,
        why,
        grant,
        request,
        awaits_migration: false,
    }
}

/// Returns the reason for a gap that a customer's DBA cannot close, because the provider keeps the privilege.
fn kept(platform: &Platform, topic: &Topic) -> Option<String> {
    match &topic.refusal {
        Refusal::Setting(name) => {
            let way = platform.temp_files.filter(|_| name == "temp_file_limit");
            let way = way.map_or(String::new(), |way| format!("; a limit in {way} counts for all logins"));
            Some(format!("{} does not give the admin this privilege{way}", platform.name))
        }
        Refusal::Superuser(role) if topic.what == CLOSE_PUBLIC => Some(format!(
            "before PostgreSQL 15 it belongs to {role}, which {} keeps: PUBLIC keeps CREATE there, so every login of \
             a service can make tables in its own database's public",
            platform.name
        )),
        Refusal::Superuser(role) | Refusal::NotGiven(role) if topic.service.is_none() => {
            Some(format!("it belongs to {role}, and {} keeps it", platform.name))
        }
        _ => None,
    }
}

/// Returns `true` if the step is about a schema `public` that a superuser owns.
fn is_superusers_public(step: &Step, refusal: &Refusal) -> bool {
    let (Action::SetOwner { object: on, .. } | Action::Grant { on, .. } | Action::Revoke { on, .. }) =
        &step.action
    else {
        return false;
    };
    let public = *on == Object::Schema(SchemaName::public());
    public && step.service.is_some() && matches!(refusal, Refusal::Superuser(_))
}

fn opens_public(steps: &[Step]) -> bool {
    let public = Object::Schema(SchemaName::public());
    steps.iter().any(|step| matches!(&step.action, Action::Revoke { on, .. } if *on == public))
}

/// Returns a single grant if one is enough, or else the very statements that could not be run.
fn request(
    desired: &DesiredServer,
    actual: &ActualServer,
    refusal: &Refusal,
    steps: &[Step],
) -> Option<DbaRequest> {
    let admin = actual.admin_role()?;
    let asked: Vec<Statement> = match refusal {
        Refusal::NotGiven(role)
            if !role.as_str().starts_with("pg_")
                // The one statement is less than a privilege on an unmanaged login.
                && !steps.iter().all(|step| kept_settings::kept(desired, step).is_some()) =>
        {
            vec![stmt!("GRANT {role} TO {admin} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")]
        }
        Refusal::Setting(name) if actual.major() >= 15 => {
            let name = Qualified::dotted(name);
            vec![stmt!("GRANT SET ON PARAMETER {name} TO {admin}")]
        }
        Refusal::Tablespace(name) => {
            vec![stmt!("GRANT CREATE ON TABLESPACE {t} TO {admin}", t = Qualified(vec![name.clone()]))]
        }
        Refusal::Unknown(..) => return None,
        Refusal::Immovable(name) if !actual.host_extensions.relocatable.contains(name) => return None,
        Refusal::Planted(name, _) => vec![
            stmt!("CREATE SCHEMA {name}", name = Qualified::dotted(name)),
            stmt!("CREATE EXTENSION {name} SCHEMA {name}", name = Qualified::dotted(name)),
        ],
        _ => {
            let scripts = steps.iter().map(|step| script(&step.action, actual.major(), &PASSWORDLESS));
            scripts.flat_map(|script| script.statements().to_vec()).collect()
        }
    };
    let inside = steps.iter().find(|step| step.stage == Stage::InDatabase);
    let place = inside.and_then(|step| step.database.as_ref());
    let by_hand = !matches!(refusal, Refusal::NotGiven(_) | Refusal::Setting(_) | Refusal::Tablespace(_));
    Some(DbaRequest {
        database: place.filter(|_| by_hand).cloned(),
        statements: asked.iter().map(|statement| statement.shown().to_owned()).collect(),
    })
}

fn what(step: &Step, refusal: &Refusal) -> String {
    let database = step.database.as_ref().map_or_else(String::new, |name| format!(" of database {name}"));
    match (refusal, &step.action) {
        (Refusal::NotGiven(role), _) => format!("manage role {role}"),
        (Refusal::Setting(name) | Refusal::Unknown(name, _), Action::SetSetting { role, .. }) => match role {
            Some(_) => format!("set {name} on the logins"),
            None => format!("set {name} on the database"),
        },
        (Refusal::Tablespace(name), _) => format!("move the database to tablespace {name}"),
        (Refusal::Extension(name) | Refusal::Planted(name, _), _) => format!("install extension {name}"),
        (Refusal::Immovable(name), _) => format!("move extension {name} to another schema"),
        (_, Action::AlterRole { role, .. }) => format!("change the attributes of role {role}"),
        (_, Action::RevokeMembership { role, .. } | Action::GrantMembership { role, .. }) => {
            format!("change who is a member of {role}")
        }
        (_, Action::SetOwner { object: on, .. } | Action::Grant { on, .. } | Action::Revoke { on, .. }) => {
            on_object(on, &database, step.service.is_some(), refusal)
        }
        (Refusal::Superuser(role), Action::Lend { .. }) => {
            format!("take over what {role} owns in the schemas{database}")
        }
        (_, Action::Lend { .. }) => format!("manage objects{database}"),
        (_, action) => format!("{} {}", action.verb().name(), action.object()),
    }
}

fn on_object(object: &Object, database: &str, of_service: bool, refusal: &Refusal) -> String {
    match (object, refusal) {
        (Object::Database(name), _) if !of_service => format!("close database {name} to PUBLIC"),
        (Object::Database(name), _) => format!("manage database {name}"),
        (Object::Schema(name), _) => format!("take over and close schema {name}{database}"),
        (_, Refusal::Superuser(role)) => format!("take over what {role} owns in the schemas{database}"),
        _ => format!("manage objects{database}"),
    }
}
