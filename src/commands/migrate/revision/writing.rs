//! Files of a revision: proven in the staged form, or else in one migration, and then written.

use std::collections::{BTreeMap, BTreeSet};

use super::arguments::Arguments;
use super::compared::ComparedSides;
use super::from::{Revised, removed};
use super::plan::{RevisionPlan, further, texts};
use super::proof::{RevisionProof, prove};
use super::sides::Sides;
use martydb_apply::scratch::Scratch;
use martydb_migrate::MigrationTarget;
use martydb_migrate::files::Written;
use martydb_migrate::files::revision::{self, Numbering};
use martydb_model::DbName;
use martydb_model::error::{Error, Kind, Result};
use martydb_schema_diff::script::{self, KnownRows, Texts};
use martydb_schema_diff::{FilePlan, SchemaObjectId, changed_values, row_counts};

/// Statements of a revision with what the files say about them.
struct RevisionDraft<'a> {
    compared: &'a ComparedSides,
    plan: &'a RevisionPlan,
    message: &'a str,
    first: &'a Written,
    held: BTreeSet<SchemaObjectId>,
    reasons: BTreeMap<SchemaObjectId, String>,
}

/// Proven files.
struct ProvenFiles {
    plans: Vec<FilePlan>,
    files: Vec<Written>,
    texts: Vec<Texts>,
}

impl Sides<'_> {
    /// Proves the statements and writes their files.
    ///
    /// # Errors
    /// [`Kind::Divergent`] if neither form is proven; nothing is written then.
    pub(crate) async fn written(
        &self,
        arguments: &Arguments,
        compared: &ComparedSides,
        plan: &RevisionPlan,
        former: Option<Scratch>,
    ) -> Result<Revised> {
        let message = arguments.message.clone().unwrap_or_else(|| plan.message());
        let numbering = if arguments.timestamp { Numbering::Timestamp } else { Numbering::Next };
        let planned = revision::planned(self.service, &message, numbering);
        let known = self.known_rows(arguments, compared, plan).await;
        let (first, rows) = match (planned, known) {
            (Ok(first), Ok(rows)) => (first, rows),
            (Err(error), _) | (_, Err(error)) => return removed(former, Err(error)).await,
        };
        let both = (plan.up.as_slice(), plan.down.as_slice());
        let draft = RevisionDraft {
            compared,
            plan,
            message: &message,
            first: &first,
            held: script::held((&compared.before, &compared.declared.structure), both, arguments.with_drops),
            reasons: script::reasons(&compared.before, both, &rows),
        };
        let (proven, undivided) = self.proven(&draft, arguments.simple, former).await?;
        let held = draft.reasons.iter().filter(|(id, _)| draft.held.contains(id));
        let held = held.map(|(id, why)| (id.clone(), why.clone()));
        let left = proven.plans.iter().flat_map(|plan| plan.left.iter().cloned());
        let held = held.chain(left).map(|(id, why)| (id.to_string(), why)).collect();
        let tried = arguments.sample.as_ref().map(|name| (name.clone(), rows.counted()));
        let notes = proven.plans.iter().flat_map(|plan| &plan.up).flat_map(script::notes).collect();
        let mut revised = Revised { written: vec![], texts: proven.texts, held, notes, undivided, tried };
        if !arguments.dry_run {
            for (file, texts) in proven.files.iter().zip(&revised.texts) {
                revision::write_texts(file, &texts.up, &texts.down)?;
            }
            revised.written = proven.files;
        }
        Ok(revised)
    }

    /// Counts rows of the service's database, or of the sample.
    async fn known_rows(
        &self,
        arguments: &Arguments,
        compared: &ComparedSides,
        plan: &RevisionPlan,
    ) -> Result<KnownRows> {
        let wait = self.options.lock_wait;
        let schemas = (&compared.before, &compared.declared.structure);
        let Some(name) = &arguments.sample else {
            return Ok(KnownRows {
                tables: row_counts(&self.target, wait).await.unwrap_or_default(),
                columns: changed_values(&self.target, wait, schemas, &plan.up).await.unwrap_or_default(),
            });
        };
        let database = DbName::new(name).map_err(|why| Error::usage(format!("--sample: {why}")))?;
        let target = MigrationTarget { database, ..self.target.clone() };
        let unreadable = |error: Error| {
            let hint = format!(
                "the migrator {} must be able to connect there, and to act as {}",
                self.target.login.role, self.target.owner
            );
            Error::operation(format!("the sample {name} cannot be read"))
                .causes(error.causes.last())
                .hint(hint)
        };
        let tables = row_counts(&target, wait).await.map_err(unreadable)?;
        let columns = changed_values(&target, wait, schemas, &plan.up).await.map_err(unreadable)?;
        Ok(KnownRows { tables, columns })
    }

    /// Proves the staged form, or else one migration; the second value is the reason why it is one.
    async fn proven(
        &self,
        draft: &RevisionDraft<'_>,
        simple: bool,
        former: Option<Scratch>,
    ) -> Result<(ProvenFiles, Option<String>)> {
        let refused = match self.proven_form(draft, (simple, None), former).await {
            Err(error) if !simple && error.kind == Kind::Divergent => error,
            done => return Ok((done?, None)),
        };
        let why = refused.causes.last().unwrap_or(&refused.message);
        let note = format!("in one migration, as --simple writes it: the staged form is refused: {why}");
        match self.proven_form(draft, (true, Some(&note)), None).await {
            Ok(proven) => Ok((proven, Some(note))),
            Err(error) if error.kind == Kind::Divergent => {
                Err(refused.cause("one migration, as --simple writes it, is refused, too"))
            }
            Err(error) => Err(error),
        }
    }

    async fn proven_form(
        &self,
        draft: &RevisionDraft<'_>,
        (simple, note): (bool, Option<&str>),
        former: Option<Scratch>,
    ) -> Result<ProvenFiles> {
        let plans = draft.plan.files(draft.compared, &draft.held, simple);
        let files = further(draft.first, &plans);
        let proof = RevisionProof { sides: self, declared: &draft.compared.declared, files: &files };
        let head = (draft.message, note);
        let all = texts(&plans, head, &BTreeSet::new(), &BTreeMap::new());
        let texts = texts(&plans, head, &draft.held, &draft.reasons);
        prove(&proof, former, &all, (!draft.held.is_empty()).then_some(texts.as_slice())).await?;
        Ok(ProvenFiles { plans, files, texts })
    }
}
