//! Proof of a revision: in scratch databases up makes the declared schema, down the former one, and up again.

use super::sides::{Declared, Sides};
use martydb_apply::scratch::Scratch;
use martydb_migrate::files::{Written, folder};
use martydb_migrate::round_trip::{RoundTrip, ScratchSource, check_round_trips};
use martydb_migrate::{EventSender, Goal, MigrationTarget};
use martydb_model::DownFiles;
use martydb_model::error::{Error, Kind, Result};
use martydb_schema_diff::DraftFolder;
use martydb_schema_diff::script::Texts;

/// Files of a revision that are proven.
pub(crate) struct RevisionProof<'a> {
    pub sides: &'a Sides<'a>,
    pub declared: &'a Declared,
    pub files: &'a [Written],
}

/// Proves the files, and those with lines commented out. `former` is at the end state of the migrations, and is removed.
///
/// # Errors
/// [`Kind::Divergent`] if the files make another schema, or down another one than the former.
pub(crate) async fn prove(
    proof: &RevisionProof<'_>,
    former: Option<Scratch>,
    all: &[Texts],
    held: Option<&[Texts]>,
) -> Result<()> {
    proof.round_trip(former, all, true).await?;
    match held {
        Some(held) => {
            let hint = "with --with-drops the lines that lose rows are not commented out";
            proof.round_trip(None, held, false).await.map_err(|error| error.hint(hint))
        }
        None => Ok(()),
    }
}

impl RevisionProof<'_> {
    /// Makes a round trip; `complete` files must make the declared schema.
    async fn round_trip(&self, former: Option<Scratch>, texts: &[Texts], complete: bool) -> Result<()> {
        let draft = DraftFolder::new()?;
        draft.copy(&self.sides.target.folder)?;
        self.write(&draft, texts)?;
        let mut source = FormerDatabases { sides: self.sides, draft: &draft, former, last: None };
        let result = self.walk(&mut source, &draft, complete).await;
        let result = match source.former.take() {
            Some(unused) => unused.remove_after(result).await,
            None => result,
        };
        match source.last.take() {
            Some(last) => last.remove_after(result).await,
            None => result,
        }
    }

    fn write(&self, draft: &DraftFolder, texts: &[Texts]) -> Result<()> {
        let name =
            |path: &std::path::Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (file, texts) in self.files.iter().zip(texts) {
            draft.write(&name(&file.up), &texts.up)?;
            if let Some(down) = &file.down {
                draft.write(&name(down), &texts.down)?;
            }
        }
        Ok(())
    }

    async fn walk(
        &self,
        source: &mut FormerDatabases<'_>,
        draft: &DraftFolder,
        complete: bool,
    ) -> Result<()> {
        let folder = folder::load_valid(draft.path(), self.sides.service.name.as_str())?;
        let options = &self.sides.options;
        if self.sides.service.down == DownFiles::None {
            let target = source.fresh().await?;
            let outcome =
                martydb_migrate::run(&target, Goal::Upgrade, options, &EventSender::ignored()).await;
            outcome.error.map_or(Ok(()), Err).map_err(unproven)?;
        } else {
            let versions: Vec<i64> = self.files.iter().map(|file| file.version).collect();
            let trips = check_round_trips(source, &folder, &versions, options).await?;
            trips.iter().try_for_each(judged)?;
        }
        let Some(last) = source.last.as_ref().filter(|_| complete) else { return Ok(()) };
        let left = self.sides.differences(&last.target(&self.sides.target), self.declared).await?;
        if left.is_empty() {
            Ok(())
        } else {
            Err(unequal("up makes another schema than the declared one", &left))
        }
    }
}

fn judged(trip: &RoundTrip) -> Result<()> {
    if let Some(error) = &trip.error {
        return Err(unproven(error.clone()));
    }
    for (message, found) in [
        ("down makes another schema than the former one", &trip.after_down),
        ("a second up makes another schema than the first", &trip.after_up),
    ] {
        let left: Vec<String> = found.iter().map(ToString::to_string).collect();
        if !left.is_empty() {
            return Err(unequal(message, &left));
        }
    }
    Ok(())
}

fn unproven(error: Error) -> Error {
    Error { kind: Kind::Divergent, ..error.while_doing("the difference cannot be written as a revision") }
}

fn unequal(message: &str, left: &[String]) -> Error {
    Error::new(Kind::Divergent, message)
        .first_causes(left)
        .hint("write that part by hand, into the files of a revision without --from")
}

/// Scratch databases at the end state of the migrations.
struct FormerDatabases<'a> {
    sides: &'a Sides<'a>,
    draft: &'a DraftFolder,
    former: Option<Scratch>,
    last: Option<Scratch>,
}

impl ScratchSource for FormerDatabases<'_> {
    async fn fresh(&mut self) -> Result<MigrationTarget> {
        if let Some(last) = self.last.take() {
            last.remove_after(Ok(())).await?;
        }
        let scratch = match self.former.take() {
            Some(former) => former,
            None => self.sides.former().await?,
        };
        let mut target = scratch.target(&self.sides.target);
        target.folder = self.draft.path().into();
        self.last = Some(scratch);
        Ok(target)
    }
}
