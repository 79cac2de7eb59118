//! Comparison of the schema with what earlier runs left, before a run, and its definitions after it.

use crate::definitions::{self, FoundSchema};
use crate::engine::MigrationSession;
use crate::history::definitions::KnownDifference;
use crate::report::{Event, MigrationOutcome, SchemaState, UnknownSchema, drift_hint, drift_in_words};
use crate::target::{Execution, Options};
use martydb_model::OnSchemaDrift;
use martydb_model::error::{Error, Kind, Result};

/// Compares, and names what was changed by hand. Returns the objects that differ, if that is known.
///
/// # Errors
/// [`Kind::SchemaDrift`] if the manifest refuses to upgrade such a schema.
pub(super) async fn look(
    session: &mut MigrationSession<'_>,
    upgrade: bool,
    outcome: &mut MigrationOutcome,
) -> Result<Option<Vec<KnownDifference>>> {
    let target = session.target;
    if target.throwaway {
        return Ok(None);
    }
    let FoundSchema { state, differing } = definitions::look(session).await?;
    if let SchemaState::Drifted(all) = &state {
        let said = drift_in_words(all);
        if target.on_schema_drift == OnSchemaDrift::Refuse && upgrade {
            return Err(Error::new(Kind::SchemaDrift, format!("{}: {said}", target.service))
                .cause("the manifest has `on_schema_drift: refuse`")
                .hint(drift_hint(target.service.as_str())));
        }
        session.events.send(Event::Noticed(said));
    }
    outcome.schema = Some(state);
    Ok(differing)
}

/// Keeps the definitions after a run. A failure stops nothing: the schema is unknown then.
pub(super) async fn keep(
    session: &mut MigrationSession<'_>,
    options: &Options,
    known: Option<Vec<KnownDifference>>,
    outcome: &mut MigrationOutcome,
) {
    let keeps = options.execution == Execution::Real && !session.target.throwaway;
    let Some(known) = known.filter(|_| keeps) else { return };
    let kept = match definitions::keep(session, &known).await {
        Ok(()) if known.is_empty() => Ok(SchemaState::Same),
        Ok(()) => definitions::look(session).await.map(|found| found.state),
        Err(error) => Err(error),
    };
    outcome.schema = Some(kept.unwrap_or_else(|error| {
        tracing::debug!("the definitions were not kept: {error}");
        SchemaState::Unknown(UnknownSchema::Position)
    }));
}
