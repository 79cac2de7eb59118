//! Texts that run with a superuser's privileges: functions, rules and jobs.

use super::super::context::Audit;
use super::super::roles::RoleClass;
use super::super::search_paths::{path_of, schemas_of};
use super::body_text::{BodyText, read_body};
use super::gather::Runner;
use martydb_catalog::{DatabaseCatalog, Job, RoutineBody};
use martydb_model::DbName;
use martydb_model::sql::split_name_list;

pub(crate) struct PrivilegedText<'a> {
    pub run_by: Runner<'a>,
    pub text: BodyText,
    /// Schemas in which names without a schema are looked up; `None` if they depend on who runs it.
    pub path: Option<Vec<String>>,
    pub origin: TextOrigin<'a>,
}

pub(crate) enum TextOrigin<'a> {
    /// Name with arguments of the function; `None` for a rule.
    Called {
        function: Option<&'a str>,
        definer: bool,
    },
    Scheduled(&'a Job),
}

impl<'a> PrivilegedText<'a> {
    /// Returns all of one database. The jobs of all databases are kept in one.
    pub(crate) fn all(
        audit: &Audit<'a>,
        database: &str,
        catalog: &'a DatabaseCatalog,
    ) -> Vec<PrivilegedText<'a>> {
        let is_trusted = |role: &String| audit.class_of(role) == RoleClass::Trusted;
        let runs_here = |job: &&Job| job.database == database && job.role.as_ref().is_none_or(is_trusted);
        let routines = catalog.privileged.bodies.iter().map(PrivilegedText::of_routine);
        let jobs = audit.snapshot.databases.values().flat_map(|catalog| &catalog.jobs);
        routines.chain(jobs.filter(runs_here).map(|job| PrivilegedText::of_job(audit, job))).collect()
    }

    fn of_routine(found: &'a RoutineBody) -> PrivilegedText<'a> {
        PrivilegedText {
            run_by: Runner::Object(&found.run_by),
            text: read_body(&found.text, found.language == "plpgsql"),
            path: found.path.as_deref().map(split_name_list),
            origin: TextOrigin::Called { function: found.function.as_deref(), definer: found.definer },
        }
    }

    fn of_job(audit: &Audit<'a>, job: &'a Job) -> PrivilegedText<'a> {
        let role = job.role.as_ref().and_then(|role| audit.role(role));
        let path = role
            .zip(DbName::found(&job.database).ok())
            .map(|(role, database)| schemas_of(path_of(audit, role, &database).1, role.as_str()).collect());
        PrivilegedText {
            run_by: Runner::Job(&job.display),
            text: read_body(&job.command, false),
            path,
            origin: TextOrigin::Scheduled(job),
        }
    }
}
