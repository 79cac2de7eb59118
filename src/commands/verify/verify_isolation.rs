//! `verify-isolation`: tries every login of every service at every database of its server, and checks the privileges in
//! the catalogs.

mod document;
mod formats;
mod report_file;

use std::collections::BTreeSet;
use std::path::Path;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::app::App;
use crate::commands::support::change::Change;
use crate::commands::support::companions;
use crate::commands::verify::evidence;
use martydb_isolation::proof::{
    ANY_MAJOR, Baseline, Extent, Filter, Remediation, remediate, unclosed, verify,
};
use martydb_manifest::unknown_finding;
use martydb_model::DesiredService;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::findings::{Finding, Severity};
use martydb_model::units::counted;
use martydb_os::read_named_text;
use martydb_plan::StepOutcome;
use martydb_ui::annotation::Checkout;
use martydb_ui::flags::{self, Select};
use martydb_ui::report::{Report, Style, error_text};

use formats::MatrixExtent;
use report_file::ReportFile;

pub use document::{Body, Document, NoResult, ReportFormat, VerifyReport, json_schema};

#[derive(Debug, Default, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Output format; overrides --output.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<ReportFormat>,
    /// Also write the result to a file; may be repeated.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file::parse)]
    pub report: Vec<ReportFile>,
    /// Logins to try: by size, all, each at one other service's database, all one at a time without a wrong password,
    /// or none.
    #[arg(long, value_enum, default_value = "auto", value_name = "HOW")]
    pub probes: Probes,
    /// Try every login at every database on every address, with and without its password, and for replication.
    #[arg(long, hide_short_help = true)]
    pub exhaustive: bool,
    /// Report only findings of this severity and above.
    #[arg(long, value_enum, value_name = "SEVERITY", hide_short_help = true)]
    pub min_severity: Option<MinSeverity>,
    /// Report only findings with this ID; may be repeated.
    #[arg(long, value_name = "ID", hide_short_help = true)]
    pub only: Vec<String>,
    /// Write the result as a statement for auditors: an in-toto statement, without passwords and addresses.
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run", hide_short_help = true)]
    pub evidence: Option<std::path::PathBuf>,
    /// Sign the statement with this SSH key; the signature is FILE.sig.
    #[arg(long, value_name = "SSHKEY", requires = "evidence", hide_short_help = true)]
    pub sign_key: Option<std::path::PathBuf>,
    /// Accept the findings of this file, an earlier result as JSON.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub baseline: Option<std::path::PathBuf>,
    /// Apply the fixes of findings of medium severity and above, after a confirmation, and verify again.
    #[arg(long)]
    pub fix: bool,
    /// End sessions that outlived a revoke, after a confirmation, and verify again.
    #[arg(long, hide_short_help = true)]
    pub terminate: bool,
    /// Show what --fix and --terminate would do.
    #[arg(long)]
    pub dry_run: bool,
    /// Show the whole matrix, even if everything is denied.
    #[arg(long, hide_short_help = true)]
    pub matrix: bool,
    /// Exit with 4 if any check was not possible.
    #[arg(long, hide_short_help = true)]
    pub strict: bool,
}

impl Arguments {
    fn extent(&self) -> Extent {
        match (self.exhaustive, self.probes) {
            (true, _) => Extent::Exhaustive,
            (false, probes) => probes.extent(),
        }
    }

    /// Refuses contradictions, and unknown ids, before anything is read.
    fn check(&self) -> Result<()> {
        if self.exhaustive && !self.probes.may_be_full() {
            return Err(Error::usage("--exhaustive tries every login, but --probes limits them")
                .hint("omit one of the two"));
        }
        if self.dry_run && !self.fix && !self.terminate {
            return Err(Error::usage("--dry-run needs --fix or --terminate")
                .hint("without them verify-isolation changes nothing"));
        }
        match self.only.iter().find_map(|id| unknown_finding(id)) {
            Some((message, hint)) => Err(Error::usage(message).hint(hint)),
            None => Ok(()),
        }
    }

    fn filter(&self, app: &App) -> Result<Filter> {
        Ok(Filter {
            allow: app.manifest.allow.clone(),
            today: time::OffsetDateTime::now_utc().date().to_string(),
            covers_all: self.select.is_open() && self.probes.may_be_full(),
            baseline: self.baseline.as_deref().map(read_baseline).transpose()?.unwrap_or_default(),
            only: self.only.clone(),
            min_severity: self.min_severity.map(|least| least.0),
            strict: self.strict,
        })
    }
}

fn read_baseline(path: &Path) -> Result<Baseline> {
    let failed = |why: String| {
        let error = Error::usage(format!("cannot read the baseline {}", path.display())).cause(why);
        error.hint("create one with `martydb verify-isolation -o json > FILE`")
    };
    let text = read_named_text(path).map_err(|error| failed(error.to_string()))?;
    Baseline::parse(&text).map_err(failed)
}

/// Least severity of the findings that count, as `--min-severity` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinSeverity(pub Severity);

impl ValueEnum for MinSeverity {
    fn value_variants<'a>() -> &'a [MinSeverity] {
        &[
            MinSeverity(Severity::Low),
            MinSeverity(Severity::Medium),
            MinSeverity(Severity::High),
            MinSeverity(Severity::Critical),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self.0 {
            Severity::Low => "Worth knowing",
            Severity::Medium => "Some login can do what it was not given",
            Severity::High => "A service's data is one step away",
            Severity::Critical => "A service's data is within reach",
        };
        Some(PossibleValue::new(self.0.word()).help(help))
    }
}

/// Extent of the login attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Probes {
    /// Like `full` where that takes about a minute at most, else a random sample whose size is reported.
    #[default]
    Auto,
    /// Every login at every database.
    Full,
    /// Every login at its own database and one of another service.
    Sample,
    /// Every login at every database, one at a time: no wrong password, no statement that must be refused.
    Gentle,
    /// None: only the catalogs.
    None,
}

impl Probes {
    pub(crate) fn extent(self) -> Extent {
        match self {
            Probes::Auto => Extent::Auto,
            Probes::Full => Extent::Full,
            Probes::Sample => Extent::Sample,
            Probes::Gentle => Extent::Gentle,
            Probes::None => Extent::None,
        }
    }

    fn may_be_full(self) -> bool {
        matches!(self, Probes::Auto | Probes::Full)
    }
}

/// Maximum number of rounds in which `--fix` verifies again and fixes new findings.
const MOST_ROUNDS: usize = 4;

/// Verifies, fixes findings if requested, and writes the files of `--report`.
pub async fn run(app: &App, arguments: &Arguments) -> Result<VerifyReport> {
    let mut report = settled(app, arguments).await?;
    report.unwritten = report_file::write(&report, &arguments.report).err();
    if let Some(path) = &arguments.evidence {
        let written =
            evidence::write(app, (&report.assessment, report.status()), path, arguments.sign_key.as_deref())
                .await;
        report.unwritten = report.unwritten.or(written.err());
    }
    Ok(report)
}

/// Verifies; with `--fix` or `--terminate` fixes findings and verifies again.
async fn settled(app: &App, arguments: &Arguments) -> Result<VerifyReport> {
    arguments.check()?;
    let services = app.readable(&arguments.select)?;
    let mut report = verify_services(app, arguments, &services).await?;
    let mut closed = vec![];
    // Fixing one finding may reveal another one.
    for _ in 0..MOST_ROUNDS {
        let tried: BTreeSet<String> = report.changes.iter().map(Change::statement).collect();
        let remediation = Remediation::plan(&report.assessment, arguments.fix, arguments.terminate);
        let steps = remediation.steps();
        let changes: Vec<_> =
            steps.map(|(server, step)| Change::new(server, step, ANY_MAJOR, None)).collect();
        if arguments.dry_run {
            return Ok(VerifyReport { changes, ..report });
        }
        if changes.iter().all(|change| tried.contains(&change.statement())) {
            break;
        }
        changes.iter().for_each(|change| app.out.show(&change.in_words()));
        let (question, would) = consent(changes.len());
        let hint = "look at them with `martydb verify-isolation --fix --dry-run`, then add -y";
        if changes.iter().any(|change| !change.is_safe()) {
            app.confirm(&question, &would, hint).await?;
        }
        let done = remediate(app, &services, &remediation).await;
        for (server, finding, step, outcome) in done.steps {
            report.changes.push(Change::new(&server, &step, ANY_MAJOR, Some(outcome)));
            closed.push(finding);
        }
        let after = verify_services(app, arguments, &services).await?;
        report = VerifyReport { changes: report.changes, unclosed: done.failed, ..after };
    }
    Ok(tested(report, &closed))
}

/// Fails the changes whose findings are still found; `closed` has the finding of each change.
fn tested(mut report: VerifyReport, closed: &[Finding]) -> VerifyReport {
    for (change, finding) in report.changes.iter_mut().zip(closed) {
        let is_done = change.outcome == Some(StepOutcome::Ok);
        if let Some(failed) = unclosed(finding, &report.assessment).filter(|_| is_done) {
            change.outcome = Some(StepOutcome::Failed);
            report.unclosed.push(failed);
        }
    }
    report
}

/// Verifies without changes.
pub(crate) async fn verify_services(
    app: &App,
    arguments: &Arguments,
    services: &[DesiredService],
) -> Result<VerifyReport> {
    let filter = arguments.filter(app)?;
    let mut formats = arguments.format.into_iter().chain(arguments.report.iter().map(|file| file.format));
    let wants_graph = formats.any(|format| matches!(format, ReportFormat::Opengraph | ReportFormat::Dot));
    let companions = companions::prove(app, services, arguments.extent()).await?;
    let assessment = verify(app, services, arguments.extent(), &filter, wants_graph, companions).await;
    Ok(VerifyReport {
        format: arguments.format,
        checkout: Checkout::from_environment(&app.environment),
        matrix: if arguments.matrix { MatrixExtent::Whole } else { MatrixExtent::Findings },
        ..VerifyReport::new(assessment, app.manifest.path.clone())
    })
}

/// Returns the question, and the same as a statement.
fn consent(changes: usize) -> (String, String) {
    let (these, changes) = (if changes == 1 { "this" } else { "these" }, counted(changes, "change"));
    let question = format!("Make {these} {changes} to close what was found?");
    (question, format!("{changes} would close what was found"))
}

impl VerifyReport {
    fn text_as(&self, format: Option<ReportFormat>, style: &Style) -> String {
        match format {
            Some(ReportFormat::Junit) => formats::junit(self),
            Some(ReportFormat::Github) => formats::github(self),
            Some(ReportFormat::Sarif) => formats::sarif(self),
            Some(ReportFormat::Markdown) => formats::markdown(self),
            Some(ReportFormat::Opengraph) => formats::opengraph(&self.assessment),
            Some(ReportFormat::Dot) => formats::dot(&self.assessment),
            _ => formats::table(self, style),
        }
    }
}

impl Report for VerifyReport {
    fn text(&self, style: &Style) -> String {
        self.text_as(self.format, style)
    }

    fn messages(&self, style: &Style) -> String {
        let unwritten = self.unwritten.as_ref().map(|error| error_text(error, style) + "\n");
        // A drawing has no place for the reasons.
        let is_drawn = matches!(self.format, Some(ReportFormat::Opengraph | ReportFormat::Dot));
        let fails = is_drawn && self.status() != ExitStatus::Success;
        unwritten.into_iter().chain(fails.then(|| formats::closing_line(self) + "\n")).collect()
    }

    fn status(&self) -> ExitStatus {
        let unclosed = self.unclosed.iter().map(|failed| failed.error.kind.status());
        let unwritten = self.unwritten.iter().map(|error| error.kind.status());
        ExitStatus::worst(unclosed.chain(unwritten).chain([self.assessment.status()]))
    }

    fn format(&self) -> Option<flags::Format> {
        self.format.map(|format| match format {
            ReportFormat::Json => flags::Format::Json,
            _ => flags::Format::Table,
        })
    }
}

/// An entry of an ACL; no grantee is PUBLIC.
#[cfg(test)]
fn entry(grantee: Option<&str>, privilege: &str, grantor: &str) -> martydb_model::AclEntry {
    let role = |name: &str| martydb_model::RoleName::new(name).expect("a name");
    let (grantee, grantor) = (grantee.map(role).into(), role(grantor));
    martydb_model::AclEntry { grantee, grantor, privilege: privilege.into(), grantable: false }
}

#[cfg(test)]
mod tests {
    use super::entry;
    use super::*;
    use martydb_isolation::proof::step;
    use martydb_model::findings::{Finding, IN_DATABASE, PUBLIC_RIGHT, UNMANAGED_POWER};
    use martydb_model::grants::{Securable, alter_role, revoke};
    use martydb_model::sql::Keyword;

    #[test]
    fn a_step_names_what_it_changes_and_where_its_statement_runs() {
        let shown = |finding: Finding| {
            let step = step(&finding).unwrap();
            Change::new("main", &step, ANY_MAJOR, None).in_words()
        };
        let power = UNMANAGED_POWER.of("barman").evidence("it is REPLICATION");
        assert_eq!(
            shown(power.fix(alter_role("barman", Keyword("NOREPLICATION"))).on("main")),
            "caution: role barman: it is REPLICATION\n  on server main: ALTER ROLE \"barman\" NOREPLICATION;"
        );
        let inside = IN_DATABASE.of("red_ro").database("red").object("CREATE SCHEMA").evidence("it may");
        assert_eq!(
            shown(
                inside
                    .fix(revoke(&entry(None, "SELECT", "x"), None, &Securable::inside("TABLE t", "o")))
                    .on("main")
            ),
            "caution: role red_ro: it may\n  in red: SET ROLE \"x\"; REVOKE SELECT ON TABLE t FROM PUBLIC CASCADE; RESET ROLE;"
        );
        let table = PUBLIC_RIGHT.of("PUBLIC").database("red").object("table t").evidence("it may");
        assert!(
            shown(
                table
                    .fix(revoke(&entry(None, "SELECT", "o"), None, &Securable::inside("TABLE t", "o")))
                    .on("main")
            )
            .starts_with("caution: table t: ")
        );
    }

    #[test]
    fn a_step_to_confirm_is_phrased_as_a_statement() {
        assert_eq!(consent(1).1, "1 change would close what was found");
        assert_eq!(consent(1).0, "Make this 1 change to close what was found?");
        assert_eq!(consent(2).0, "Make these 2 changes to close what was found?");
    }
}
