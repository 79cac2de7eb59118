//! Decisions of a split, from the map, the catalog of the source and the services' migrations. Pure.
//!
//! `source` contains the shared database's objects. `assignment` places every table, `needs` follows references, also in
//! the bodies of routines, `edges` finds objects that need something in another database, and `plan` combines them with
//! the answers of the map. `members` lists the first objects of a service, `dependencies` adds their dependencies, and
//! `selection` selects the archive entries. `proposal` guesses a first map, and `text` writes it.

pub(crate) mod answers;
pub(crate) mod assignment;
pub(crate) mod crossing_writes;
pub(crate) mod dependencies;
pub(crate) mod edges;
pub(crate) mod members;
pub(crate) mod needs;
pub(crate) mod placement;
pub(crate) mod plan;
pub(crate) mod proposal;
mod scan;
pub(crate) mod selection;
pub(crate) mod source;
pub(crate) mod text;
