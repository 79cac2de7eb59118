//! `revision --from`: writes the difference between a declared schema and the end state of the migrations, after scratch
//! databases have shown that the files make it and undo it.

use std::collections::{BTreeMap, BTreeSet};

use super::arguments::Arguments;
use super::proof::{RevisionProof, prove};
use super::sides::{Declared, Sides, declared};
use crate::app::App;
use crate::commands::migrate::migrating::plain_options;
use martydb_apply::scratch::Scratch;
use martydb_context::targets;
use martydb_migrate::MigrationTarget;
use martydb_migrate::files::Written;
use martydb_migrate::files::revision::{self, Numbering};
use martydb_model::DesiredService;
use martydb_model::error::{Error, Kind, Result};
use martydb_schema_diff::script::Texts;
use martydb_schema_diff::{
    FilePlan, Rename, SchemaObjectId, SchemaObjectKind, SchemaPair, SchemaStep, Structure, execute_in,
    likely_renames, read, rename, row_counts, script, steps,
};
use martydb_ui::prompt;

/// Result of a comparison with a declared schema.
#[derive(Default)]
pub struct Revised {
    /// Migrations that were written, none in a dry run.
    pub written: Vec<Written>,
    /// Texts of the files, in the order of the migrations.
    pub texts: Vec<Texts>,
    /// Objects whose statements are commented out, with the reason.
    pub held: Vec<(String, String)>,
}

/// Compares, proves and writes.
///
/// # Errors
/// [`Kind::Divergent`] if a difference cannot be expressed, or the files are not proven; nothing is written then.
pub async fn revise(
    app: &App,
    service: &DesiredService,
    arguments: &Arguments,
    from: &str,
) -> Result<Revised> {
    let (_, target) = targets::of(app, std::slice::from_ref(service)).await?.remove(0);
    let sides = Sides {
        access: app.access(&service.server).await?,
        desired: app.manifest.desired(&service.server),
        service,
        target: target?,
        options: plain_options(app),
    };
    let result = sides.revised(arguments, from).await;
    result.map_err(|error| error.while_doing(format!("no revision of {} was written", service.name)))
}

/// Both sides as they were read.
struct ComparedSides {
    before: Structure,
    declared: Declared,
    renames: Vec<Rename>,
    /// Labels of enums that later statements may use, and the schema without them.
    labels: Option<(Vec<SchemaStep>, Structure)>,
}

impl ComparedSides {
    /// Returns the statements that add labels to enums, if there are others that may use them: the server allows that
    /// only in a later transaction. `simple` looks for others that name one.
    fn new_labels(&self, simple: bool) -> Vec<SchemaStep> {
        let all = steps(&self.before, &self.declared.structure).unwrap_or_default();
        let adds = |step: &SchemaStep| {
            step.id.kind == SchemaObjectKind::Enum
                && !step.part.is_empty()
                && step.text.contains(" ADD VALUE ")
        };
        let (labels, others): (Vec<SchemaStep>, Vec<SchemaStep>) = all.into_iter().partition(adds);
        let used =
            others.iter().any(|step| !simple || labels.iter().any(|label| step.text.contains(&label.part)));
        if used { labels } else { vec![] }
    }
}

impl Sides<'_> {
    async fn revised(&self, arguments: &Arguments, from: &str) -> Result<Revised> {
        let former = self.former().await?;
        let target = former.target(&self.target);
        let (before, declared) = match self.both(from, &target).await {
            Ok(both) => both,
            Err(error) => return former.remove_after(Err(error)).await,
        };
        let (former, pairs) =
            self.answered(arguments, former, likely_renames(&before, &declared.structure)).await?;
        let target = former.target(&self.target);
        let compared = ComparedSides { before, declared, renames: vec![], labels: None };
        let compared = match self.renamed(compared, &pairs, arguments.simple, &target).await {
            Ok(compared) => compared,
            Err(error) => return former.remove_after(Err(error)).await,
        };
        // A database with other names is no longer at the end state of the migrations.
        let former = match compared.renames.is_empty() && compared.labels.is_none() {
            true => Some(former),
            false => former.remove_after(Ok(None)).await?,
        };
        let plan = match RevisionPlan::of(&compared) {
            Ok(plan) if plan.is_empty() => {
                let same = self.same(&target, &compared.declared).await;
                return removed(former, same.map(|()| Revised::default())).await;
            }
            Ok(plan) => plan,
            Err(why) => return removed(former, Err(inexpressible(&why))).await,
        };
        self.written(arguments, &compared, &plan, former).await
    }

    async fn both(&self, from: &str, target: &MigrationTarget) -> Result<(Structure, Declared)> {
        Ok((read(target, self.options.lock_wait).await?, declared(self, from).await?))
    }

    /// Returns the pairs that the author says are renames, with a scratch database. None is open during a question: a
    /// signal there ends the run at once.
    async fn answered(
        &self,
        arguments: &Arguments,
        former: Scratch,
        likely: Vec<String>,
    ) -> Result<(Scratch, Vec<String>)> {
        if !arguments.rename.is_empty() || likely.is_empty() || !prompt::possible() {
            return Ok((former, arguments.rename.clone()));
        }
        former.remove_after(Ok(())).await?;
        let pairs = asked(likely).await?;
        Ok((self.former().await?, pairs))
    }

    /// Makes the renames in the scratch database, and then the labels, and reads it again.
    async fn renamed(
        &self,
        mut compared: ComparedSides,
        pairs: &[String],
        simple: bool,
        target: &MigrationTarget,
    ) -> Result<ComparedSides> {
        let wait = self.options.lock_wait;
        let found: Result<Vec<Rename>, String> =
            pairs.iter().map(|pair| rename(&compared.before, pair)).collect();
        let mut renames = found.map_err(|why| {
            Error::usage(format!("a rename cannot be made: {why}")).hint(
                "--rename takes OLD:NEW, such as item:article for a table and item.title:name for a column",
            )
        })?;
        // Parts of a table are renamed while it has its present name.
        renames.sort_by_key(|rename| std::cmp::Reverse(rename.done.id.name.matches('.').count()));
        compared.renames = renames;
        if !compared.renames.is_empty() {
            let texts: Vec<String> = compared.renames.iter().map(|rename| rename.done.text.clone()).collect();
            let done = execute_in(target, wait, &texts).await;
            done.map_err(|error| error.while_doing("a rename cannot be made"))?;
            compared.before = read(target, wait).await?;
        }
        let labels = compared.new_labels(simple);
        if !labels.is_empty() {
            let texts: Vec<String> = labels.iter().map(|step| step.text.clone()).collect();
            execute_in(target, wait, &texts).await?;
            let with_labels = read(target, wait).await?;
            compared.labels = Some((labels, std::mem::replace(&mut compared.before, with_labels)));
        }
        Ok(compared)
    }

    async fn written(
        &self,
        arguments: &Arguments,
        compared: &ComparedSides,
        plan: &RevisionPlan,
        former: Option<Scratch>,
    ) -> Result<Revised> {
        let message = arguments.message.clone().unwrap_or_else(|| plan.message());
        let numbering = if arguments.timestamp { Numbering::Timestamp } else { Numbering::Next };
        let files = match revision::planned(self.service, &message, numbering) {
            Ok(files) => files,
            Err(error) => return removed(former, Err(error)).await,
        };
        let rows = row_counts(&self.target, self.options.lock_wait).await.unwrap_or_default();
        let both = (plan.up.as_slice(), plan.down.as_slice());
        let reasons = script::reasons(&compared.before, both, &rows);
        let schemas = (&compared.before, &compared.declared.structure);
        let held = script::held(schemas, both, arguments.with_drops);
        let plans = plan.files(compared, &held, arguments.simple);
        let files = further(&files, &plans);
        let proof = RevisionProof { sides: self, declared: &compared.declared, files: &files };
        let all = texts(&plans, &message, &BTreeSet::new(), &BTreeMap::new());
        let texts = texts(&plans, &message, &held, &reasons);
        prove(&proof, former, &all, (!held.is_empty()).then_some(texts.as_slice())).await?;
        let held = reasons.into_iter().filter(|(id, _)| held.contains(id));
        let left = plans.iter().flat_map(|plan| plan.left.iter().cloned());
        let held = held.chain(left).map(|(id, why)| (id.to_string(), why)).collect();
        if arguments.dry_run {
            return Ok(Revised { written: vec![], texts, held });
        }
        for (file, texts) in files.iter().zip(&texts) {
            revision::write_texts(file, &texts.up, &texts.down)?;
        }
        Ok(Revised { written: files, texts, held })
    }

    /// Demands that two schemas without a statement between them are equal.
    async fn same(&self, former: &MigrationTarget, declared: &Declared) -> Result<()> {
        let left = self.differences(former, declared).await?;
        if left.is_empty() { Ok(()) } else { Err(inexpressible(&left)) }
    }

    /// Returns the differences of a scratch database from the declared schema.
    ///
    /// # Errors
    /// If a catalog cannot be read.
    pub async fn differences(&self, scratch: &MigrationTarget, declared: &Declared) -> Result<Vec<String>> {
        let wait = self.options.lock_wait;
        let made = martydb_migrate::catalog(scratch, wait).await?;
        let expected =
            martydb_migrate::normalize_expressions(scratch, wait, declared.catalog.clone(), &made).await?;
        Ok(expected.differences(&made).iter().map(ToString::to_string).collect())
    }
}

async fn removed<T>(former: Option<Scratch>, result: Result<T>) -> Result<T> {
    match former {
        Some(former) => former.remove_after(result).await,
        None => result,
    }
}

/// Asks about the likeliest renames.
async fn asked(pairs: Vec<String>) -> Result<Vec<String>> {
    let mut renames = vec![];
    for pair in pairs {
        let (old, new) = pair.split_once(':').unwrap_or((&pair, ""));
        if prompt::yes_no(&format!("Is {new} the new name of {old}?")).await? {
            renames.push(pair);
        }
    }
    Ok(renames)
}

fn inexpressible(why: &[String]) -> Error {
    Error::new(Kind::Divergent, "the difference cannot be written as a revision")
        .causes(why.iter().take(20))
        .hint("write that part by hand, into the files of a revision without --from")
}

/// Statements of both files.
struct RevisionPlan {
    /// Migration before, which adds labels to enums.
    labels: Option<FilePlan>,
    up: Vec<SchemaStep>,
    down: Vec<SchemaStep>,
}

impl RevisionPlan {
    fn of(compared: &ComparedSides) -> Result<RevisionPlan, Vec<String>> {
        let (before, after) = (&compared.before, &compared.declared.structure);
        let mut renames: Vec<SchemaStep> =
            compared.renames.iter().map(|rename| rename.done.clone()).collect();
        let mut undone: Vec<SchemaStep> =
            compared.renames.iter().rev().map(|rename| rename.undone.clone()).collect();
        let mut labels = None;
        if let Some((added, without)) = &compared.labels {
            let up = renames.drain(..).chain(added.iter().cloned()).collect();
            let down = steps(before, without)?.into_iter().chain(undone.drain(..)).collect();
            labels = Some(FilePlan { suffix: "_labels", up, down, ..FilePlan::default() });
        }
        let up = renames.into_iter().chain(steps(before, after)?).collect();
        let down = steps(after, before)?.into_iter().chain(undone).collect();
        Ok(RevisionPlan { labels, up, down })
    }

    fn is_empty(&self) -> bool {
        self.labels.is_none() && self.up.is_empty() && self.down.is_empty()
    }

    /// Divides the statements into migrations; `simple` puts them into one.
    fn files(
        &self,
        compared: &ComparedSides,
        held: &BTreeSet<SchemaObjectId>,
        simple: bool,
    ) -> Vec<FilePlan> {
        let files = match simple {
            true => {
                let (up, down) = (self.up.clone(), self.down.clone());
                vec![FilePlan { up, down, ..FilePlan::default() }]
            }
            false => {
                let schemas = SchemaPair { from: &compared.before, to: &compared.declared.structure, held };
                schemas.files(&self.up, &self.down)
            }
        };
        self.labels.iter().cloned().chain(files).collect()
    }

    /// Returns a message that names the first object.
    fn message(&self) -> String {
        let first = self.up.iter().chain(&self.down).next();
        let name = |step: &SchemaStep| step.id.name.rsplit('.').next().unwrap_or_default().to_owned();
        first.map_or("declared schema".into(), |step| format!("{} {}", step.id.kind.name(), name(step)))
    }
}

/// Returns the files of each migration, of which the first is planned.
fn further(first: &Written, plans: &[FilePlan]) -> Vec<Written> {
    let one = |(number, plan): (i64, &FilePlan)| {
        let (version, name) = (first.version + number, format!("{}{}", first.name, plan.suffix));
        let path = |suffix: &str| first.up.with_file_name(format!("V{version}__{name}{suffix}"));
        let down = first.down.as_ref().map(|_| path(".down.sql"));
        Written { version, up: path(".sql"), down, name: name.clone() }
    };
    (0..).zip(plans).map(one).collect()
}

fn texts(
    plans: &[FilePlan],
    message: &str,
    held: &BTreeSet<SchemaObjectId>,
    reasons: &BTreeMap<SchemaObjectId, String>,
) -> Vec<Texts> {
    let message: Vec<&str> = message.split_whitespace().collect();
    let message = message.join(" ");
    let one = |plan: &FilePlan| {
        let mode = if plan.no_transaction { "-- martydb: no-transaction\n" } else { "" };
        let waivers: String =
            plan.waivers.iter().map(|waiver| format!("-- martydb: allow {waiver}\n")).collect();
        Texts {
            up: script::text(&format!("{mode}{waivers}-- {message}"), &plan.up, held, reasons),
            down: script::text(&format!("{mode}-- undo: {message}"), &plan.down, held, reasons),
        }
    };
    plans.iter().map(one).collect()
}
