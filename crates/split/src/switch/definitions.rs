//! Definitions that changed at the source since the copy: a cutover requires them in the service's own database, too.

use super::sides::SplitSides;
use crate::inspect::fingerprint::{self, ChangedDefinition};
use crate::state::SplitKind;
use crate::state::source::SplitRelation;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::text::printable;
use martydb_pg::server::Connection;

/// Returns the definitions that changed at the source, but not at the target.
///
/// # Errors
/// If one of them cannot be read.
#[martydb_pg::boxed]
pub(crate) async fn changed(
    source: &mut Connection,
    target: &mut Connection,
    relations: &[SplitRelation],
) -> Result<Vec<ChangedDefinition>> {
    let tables: Vec<&SplitRelation> =
        relations.iter().filter(|one| one.kind != SplitKind::Sequence && one.fingerprint.is_some()).collect();
    let names: Vec<(String, String)> =
        tables.iter().map(|one| (one.schema.clone(), one.name.clone())).collect();
    let now = fingerprint::read(source, &names).await?;
    let there = fingerprint::read(target, &names).await?;
    let nothing = fingerprint::TableLines::default();
    let one = |(relation, name): (&&SplitRelation, &(String, String))| {
        let then = fingerprint::parsed(relation.fingerprint.as_deref()?);
        let table = format!("{}.{}", name.0, name.1);
        fingerprint::changed(&table, &then, now.get(name), there.get(name).unwrap_or(&nothing))
    };
    Ok(tables.iter().zip(&names).filter_map(one).collect())
}

/// # Errors
/// [`Kind::Divergent`] with a diff.
pub(crate) async fn refuse_changed(sides: &mut SplitSides) -> Result<()> {
    let found = changed(&mut sides.source.session, &mut sides.target.session, &sides.relations).await?;
    if found.is_empty() {
        return Ok(());
    }
    let service = &sides.service.name;
    let what = format!("tables of {service} were changed at the source since they were copied");
    Err(Error::new(Kind::Divergent, what)
        .causes(found.iter().flat_map(ChangedDefinition::lines).map(|line| printable(&line)))
        .hint(format!(
            "make the same change in its own database, by a migration and `martydb upgrade {service}`, or revert it at the source"
        )))
}
