//! Report of `adopt`, as text and for scripts.

use serde::Serialize;
use similar::TextDiff;

use crate::commands::support::change::{Change, Changes, Summary, as_held, limits_text, risk};
use martydb_apply::adopt::{AdoptedRole, Consequences, Declarations, consequences};
use martydb_manifest::ManifestDraft;
use martydb_model::DesiredService;
use martydb_model::units::{counted, listed};
use martydb_plan::PrivilegeGap;
use martydb_plan::grouping::StepGroup;
use martydb_provision::PlannedServer;
use martydb_ui::report::{Cell, Report, ReportColumn, Style, printable};

/// Manifest before and after the run.
pub struct ManifestEdit {
    pub before: ManifestDraft,
    pub after: ManifestDraft,
    pub written: bool,
}

#[derive(Serialize)]
pub struct AdoptReport {
    service: String,
    server: String,
    database: String,
    /// Path of the manifest.
    manifest: String,
    /// `true` if the manifest was changed.
    written: bool,
    /// Change of the manifest as a unified diff; empty if everything is declared already.
    manifest_changes: String,
    access: Vec<AdoptedRole>,
    notes: Vec<String>,
    plan: Consequences,
    limits: Vec<PrivilegeGap>,
    summary: Summary,
    /// Next commands.
    next: Vec<String>,
    #[serde(skip)]
    locks: String,
}

impl AdoptReport {
    pub fn new(
        service: &DesiredService,
        declared: Declarations,
        planned: &PlannedServer,
        edit: ManifestEdit,
        next: Vec<String>,
    ) -> AdoptReport {
        let (steps, major) = (&planned.plan.steps, planned.actual.major());
        let changes = steps.iter().map(|step| Change::new(&planned.server, step, major, None)).collect();
        let changes = Changes { changes, ..Changes::default() };
        AdoptReport {
            service: service.name.to_string(),
            server: service.server.clone(),
            database: service.database.to_string(),
            manifest: edit.before.place.path.display().to_string(),
            written: edit.written,
            manifest_changes: difference(&edit),
            access: declared.roles,
            notes: declared.notes,
            plan: consequences(&planned.desired, &planned.actual, service, &planned.plan),
            limits: planned.plan.limits.clone(),
            summary: Summary::new(&changes.changes),
            next,
            locks: changes.locks(),
        }
    }

    fn manifest_text(&self) -> String {
        if self.manifest_changes.is_empty() {
            return format!("{} declares all of it already; nothing was written.\n", self.manifest);
        }
        let changes: Vec<String> = self.manifest_changes.lines().map(printable).collect();
        let said = match self.written {
            true => format!("Written to {}.", self.manifest),
            false => format!("Dry run: {} is unchanged.", self.manifest),
        };
        format!("{}\n\n{said}\n", changes.join("\n"))
    }

    /// Lists the roles with access, each with its level.
    fn people_text(&self, style: &Style) -> String {
        let columns: Vec<ReportColumn<&AdoptedRole>> = vec![
            ReportColumn::shown("role", |role, _| role.role.as_str().into()),
            ReportColumn::shown("kind", |role, _| if role.login { "login" } else { "group" }.into()),
            ReportColumn::shown("access", |role, _| role.words().into()),
            ReportColumn::shown("session", |role, _| if role.connected { "open" } else { "-" }.into()),
            ReportColumn::shown("members", |role, _| match role.members.is_empty() {
                true => "-".into(),
                false => listed(&role.members).into(),
            }),
        ];
        let table = ReportColumn::table(columns, &[], &self.access, style);
        match table.is_empty() {
            true => String::new(),
            false => format!("\nDeclared under `access:`:\n{}", table.render(style)),
        }
    }

    fn plan_text(&self, style: &Style) -> String {
        if self.plan.groups.is_empty() {
            return "\n`apply` would change nothing.\n".into();
        }
        let columns: Vec<ReportColumn<&StepGroup>> = vec![
            ReportColumn::shown("changes", |group, _| Cell::number(group.count)),
            ReportColumn::shown("risk", |group, _| risk(group.risk)),
            ReportColumn::shown("what", |group, _| printable(&group.what).into()),
        ];
        let table = ReportColumn::table(columns, &[], &self.plan.groups, style);
        let summary = self.summary;
        format!("\nWhat `apply` would change:\n{}\nPlan: {summary}.\n{}", table.render(style), self.locks)
    }

    /// Lists access that is kept without an entry, and access that is lost.
    fn consequences_text(&self) -> String {
        let plan = &self.plan;
        let app = "the app role";
        let owners = match plan.old_owners.len() {
            0 => String::new(),
            _ => format!(
                "\nOld owners: {}. `apply` makes such a login a member of {app}, so that it keeps working; it needs no entry.\n",
                printable(&listed(&plan.old_owners))
            ),
        };
        let settings = plan.kept_settings.iter();
        let settings = settings
            .map(|one| format!("{} keeps {} = {}", one.role, one.name, one.value))
            .collect::<Vec<_>>();
        let policies = plan.row_policies.iter().flat_map(|one| {
            [format!("table {}: {}", one.table, listed(&one.roles)), format!("  {};", one.keep)]
        });
        let taken = "Not carried over: no level of `access:` includes it, and `apply` revokes it";
        let left = "Not declared and left alone";
        let outside: Vec<&String> = plan.locked_out.iter().filter(|role| !plan.dead.contains(role)).collect();
        owners
            + &lines("Settings of the database that go to the logins that use it", settings)
            + &lines(
                "Row security policies begin to apply to the old owners (ALTER ROLE … BYPASSRLS by a superuser, or the \
                 policy, keeps every row; the app role needs its own)",
                policies,
            )
            + &lines(taken, plan.not_carried_over.iter().map(|group| group.what.clone()))
            + &lines(left, plan.left_alone.iter().map(|group| as_held(&group.what)))
            + &lines(
                "No longer usable, because the role can connect only by PUBLIC (declare it, or GRANT CONNECT)",
                plan.dead.iter().map(|role| format!("privileges of {role}")),
            )
            + &lines(
                "Can connect only by PUBLIC, hold no privileges in the database and are not declared",
                (!outside.is_empty()).then(|| listed(&outside)),
            )
    }
}

fn lines(head: &str, all: impl IntoIterator<Item = String>) -> String {
    let all: Vec<String> = all.into_iter().map(|line| format!("  {}\n", printable(&line))).collect();
    if all.is_empty() { String::new() } else { format!("\n{head}:\n{}", all.concat()) }
}

fn difference(edit: &ManifestEdit) -> String {
    let name = edit.before.place.path.file_name().unwrap_or_default().to_string_lossy();
    let (before, after) = (&edit.before.text, &edit.after.text);
    let diff = TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(3).header(&name, &name).to_string()
}

impl Report for AdoptReport {
    fn text(&self, style: &Style) -> String {
        let (server, roles) = (&self.server, counted(self.access.len(), "role"));
        let head =
            format!("{}: database {} on server {server}, {roles} with access", self.service, self.database);
        let next = self.next.iter().map(|command| format!("  {command}\n"));
        format!("{}\n\n", printable(&head))
            + &self.manifest_text()
            + &self.people_text(style)
            + &self.plan_text(style)
            + &self.consequences_text()
            + &lines("Notes", self.notes.iter().cloned())
            + &limits_text(&self.limits)
            + "\nNothing on the server was changed. Next:\n"
            + &next.collect::<String>()
    }
}
