//! Comparison of the schema with what earlier runs left, before a run, and its definitions after it.

use super::{Goal, MigrationRun};
use crate::definitions::{self, FoundSchema, KnownDifference, SchemaState, UnknownSchema};
use crate::report::{Event, MigrationOutcome};
use crate::target::Execution;
use martydb_model::OnSchemaDrift;
use martydb_model::error::{Error, Kind, Result};

impl MigrationRun<'_, '_> {
    /// Compares, and names what was changed by hand. Returns the objects that differ, if that is known.
    ///
    /// # Errors
    /// [`Kind::SchemaDrift`] if the manifest refuses it.
    pub(super) async fn look_at_schema(
        &mut self,
        outcome: &mut MigrationOutcome,
    ) -> Result<Option<Vec<KnownDifference>>> {
        if self.session.target.throwaway {
            return Ok(None);
        }
        let FoundSchema { state, differing } = definitions::look(self.session).await?;
        if let SchemaState::Drifted(all) = &state {
            let target = self.session.target;
            let said = definitions::drift_in_words(all);
            if target.on_schema_drift == OnSchemaDrift::Refuse && self.goal == Goal::Upgrade {
                return Err(Error::new(Kind::SchemaDrift, format!("{}: {said}", target.service))
                    .cause("the manifest has `on_schema_drift: refuse`")
                    .hint(definitions::drift_hint(target.service.as_str())));
            }
            self.session.events.send(Event::Noticed(said));
        }
        outcome.schema = Some(state);
        Ok(differing)
    }

    /// Keeps the definitions after a run. A failure stops nothing: the schema is unknown then.
    pub(super) async fn keep_definitions(
        &mut self,
        known: Option<Vec<KnownDifference>>,
        outcome: &mut MigrationOutcome,
    ) {
        let Some(known) = known.filter(|_| self.keeps_definitions()) else { return };
        let kept = match definitions::keep(self.session, &known).await {
            Ok(()) if known.is_empty() => Ok(SchemaState::Same),
            Ok(()) => definitions::look(self.session).await.map(|found| found.state),
            Err(error) => Err(error),
        };
        outcome.schema = Some(kept.unwrap_or_else(|error| {
            tracing::debug!("the definitions were not kept: {error}");
            SchemaState::Unknown(UnknownSchema::Position)
        }));
    }

    fn keeps_definitions(&self) -> bool {
        self.options.execution == Execution::Real && !self.session.target.throwaway
    }
}
