//! `revision --from`: writes the difference between a declared schema and the end state of the migrations, after scratch
//! databases have shown that the files make it and undo it.

use super::arguments::Arguments;
use super::compared::ComparedSides;
use super::plan::RevisionPlan;
use super::sides::{Declared, Sides, declared};
use crate::app::App;
use crate::commands::migrate::migrating::plain_options;
use martydb_apply::scratch::Scratch;
use martydb_context::targets;
use martydb_migrate::MigrationTarget;
use martydb_migrate::files::Written;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Kind, Result};
use martydb_schema_diff::script::Texts;
use martydb_schema_diff::{Rename, Structure, execute_in, likely_renames, read, rename, steps};
use martydb_ui::prompt;

/// Result of a comparison with a declared schema.
#[derive(Default)]
pub(crate) struct Revised {
    /// Migrations that were written, none in a dry run.
    pub written: Vec<Written>,
    /// Texts of the files, in the order of the migrations.
    pub texts: Vec<Texts>,
    /// Objects whose statements are commented out, with the reason.
    pub held: Vec<(String, String)>,
    /// Effects that the statements do not have, though one may expect them.
    pub notes: Vec<String>,
    /// Reason why all statements are in one migration without `--simple`.
    pub undivided: Option<String>,
    /// Database whose rows were read, and the number of columns whose values were tried there.
    pub tried: Option<(String, usize)>,
}

/// Compares, proves and writes.
///
/// # Errors
/// [`Kind::Divergent`] if a difference cannot be expressed, or the files are not proven; nothing is written then.
pub(crate) async fn revise(
    app: &App,
    service: &DesiredService,
    arguments: &Arguments,
    from: &str,
) -> Result<Revised> {
    let (_, target) = targets::for_services(app, std::slice::from_ref(service)).await?.remove(0);
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
        let plan = match RevisionPlan::new(&compared) {
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
        let declared = declared(self, from).await?;
        Ok((self.read_like(&declared, target).await?, declared))
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
        let pairs = confirmed_renames(likely).await?;
        Ok((self.former().await?, pairs))
    }

    /// Reads a scratch database in the forms of the declared schema where the server reads both alike: it prints some
    /// expressions in another form once it has read its own print, such as that in a dump.
    async fn read_like(&self, declared: &Declared, scratch: &MigrationTarget) -> Result<Structure> {
        let wait = self.options.lock_wait;
        let mut structure = read(scratch, wait).await?;
        if structure != declared.structure {
            let made = martydb_migrate::catalog(scratch, wait).await?;
            let forms = martydb_migrate::equal_forms(scratch, wait, &made, &declared.catalog).await?;
            structure.adopt_forms(&declared.structure, &forms);
        }
        Ok(structure)
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
            compared.before = self.read_like(&compared.declared, target).await?;
        }
        let labels = compared.new_labels(simple);
        if !labels.is_empty() {
            let texts: Vec<String> = labels.iter().map(|step| step.text.clone()).collect();
            execute_in(target, wait, &texts).await?;
            let with_labels = self.read_like(&compared.declared, target).await?;
            compared.labels = Some((labels, std::mem::replace(&mut compared.before, with_labels)));
        }
        Ok(compared)
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
    pub(crate) async fn differences(
        &self,
        scratch: &MigrationTarget,
        declared: &Declared,
    ) -> Result<Vec<String>> {
        let wait = self.options.lock_wait;
        let decided = |catalog| martydb_migrate::without_decided(catalog, &scratch.owner, &scratch.schemas);
        let made = decided(martydb_migrate::catalog(scratch, wait).await?);
        let declared_catalog = decided(declared.catalog.clone());
        let expected = martydb_migrate::normalize_expressions(scratch, wait, declared_catalog, &made).await?;
        let left: Vec<String> = expected.differences(&made).iter().map(ToString::to_string).collect();
        if !left.is_empty() {
            return Ok(left);
        }
        // Some properties are only in the structure, such as the filters of publications.
        let structure = self.read_like(declared, scratch).await?;
        let steps = steps(&structure, &declared.structure);
        Ok(steps.map_or_else(|why| why, |steps| steps.into_iter().map(|step| step.text).collect()))
    }
}

/// Removes the scratch database behind a result.
pub(crate) async fn removed<T>(former: Option<Scratch>, result: Result<T>) -> Result<T> {
    match former {
        Some(former) => former.remove_after(result).await,
        None => result,
    }
}

/// Asks about the likeliest renames.
async fn confirmed_renames(pairs: Vec<String>) -> Result<Vec<String>> {
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
