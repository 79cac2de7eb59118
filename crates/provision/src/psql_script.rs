//! A plan as a script for psql: the statements of `apply`, in its order and its transactions, for a DBA who runs them.

use super::plan::PlannedServer;
use martydb_apply::converge::{AdminSide, statements};
use martydb_model::DbName;
use martydb_model::RoleName;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, psql};
use martydb_plan::admin_capabilities::AdminCapabilities;
use martydb_plan::{NewPasswords, Stage, Step, ranges, transactions};
use martydb_ui::report::printable;

/// First statement of each session: `\connect` starts a new one, whose database may set another search path.
const PINNED: &str = "SET search_path = pg_catalog;\n";

/// Returns the script; a login's verifier is the psql variable of its name.
///
/// # Errors
/// If a service moves, whose rows a script cannot copy.
pub fn psql_script(planned: &PlannedServer) -> Result<String> {
    let steps = &planned.plan.steps;
    if let Some(copy) = steps.iter().find(|step| step.is_copy()) {
        return Err(Error::usage("this plan copies a database to another server, which a script cannot do")
            .cause(copy.reason.clone())
            .hint("run `martydb apply`"));
    }
    let own = AdminCapabilities::new(&planned.desired, &planned.actual);
    let (admin, major) = (planned.access.admin.role.as_str(), planned.actual.major());
    let mut script = ScriptText { maintenance: &planned.access.maintenance, at: None, text: String::new() };
    let (borrowing, others) = planned.plan.parts();
    for (steps, authority) in [(borrowing, Some(&own)), (others, None)] {
        let side = AdminSide { admin, major, authority };
        for chain in ranges(steps, |step| (step.stage == Stage::Prepare, step.service.clone())) {
            let chain = &steps[chain];
            for group in ranges(chain, |step| (step.database.clone(), step.stage)) {
                script.group(&side, &chain[group]);
            }
        }
    }
    let head = format!(
        "-- Changes of server {}, by martydb plan --sql. As {}, in database {}:\n\
         -- psql -v ON_ERROR_STOP=1 -f PASSWORDS -f THIS_FILE\n\
         -- PASSWORDS: martydb secrets export --format psql --values --out FILE\n\
         \\set ON_ERROR_STOP on\n{PINNED}",
        printable(&planned.server),
        printable(admin),
        printable(&planned.access.maintenance)
    );
    Ok(head + &script.text)
}

struct ScriptText<'a> {
    maintenance: &'a str,
    /// Database of the session; `None` is the maintenance database.
    at: Option<DbName>,
    text: String,
}

impl ScriptText<'_> {
    /// Adds steps of one stage in one database, as `execute` runs them.
    fn group(&mut self, side: &AdminSide<'_>, steps: &[Step]) {
        let inside = matches!(steps[0].stage, Stage::InDatabase | Stage::Autocommit);
        self.connect(steps[0].database.clone().filter(|_| inside));
        let verifier = |role: &RoleName| psql::variable(role.as_str());
        let passwords = NewPasswords { verifier: &verifier, at: None };
        match steps[0].stage {
            Stage::Autocommit | Stage::Create => {
                for step in steps {
                    self.reason(step);
                    let alone = AdminSide { authority: None, ..*side };
                    statements(&alone, &passwords, std::slice::from_ref(step))
                        .iter()
                        .for_each(|one| self.add(one));
                }
            }
            _ => {
                for unit in transactions(steps) {
                    let unit = &steps[unit];
                    unit.iter().for_each(|step| self.reason(step));
                    self.text += "BEGIN;\n";
                    statements(side, &passwords, unit).iter().for_each(|one| self.add(one));
                    self.text += "COMMIT;\n";
                }
            }
        }
    }

    fn connect(&mut self, database: Option<DbName>) {
        if self.at == database {
            return;
        }
        let name = database.as_ref().map_or(self.maintenance, DbName::as_str);
        self.text += &match psql::connect(name) {
            Some(connect) => format!("\n{connect}\n{PINNED}"),
            None => format!("\n-- Connect to database {} by hand.\n\\quit\n", printable(name)),
        };
        self.at = database;
    }

    fn reason(&mut self, step: &Step) {
        let comment = Statement::comment(&printable(&step.reason));
        self.text += &format!("{comment}\n");
    }

    fn add(&mut self, statement: &Statement) {
        let text = statement.exact().trim_end();
        // Text of the server may end in a comment.
        let end = if text.contains("--") { "\n;\n" } else { ";\n" };
        self.text += text;
        self.text += end;
    }
}
