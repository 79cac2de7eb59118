//! Decisions of a split, from the map, the catalog of the source and the services' migrations. Pure.
//!
//! `source` contains the shared database's objects. `assignment` places every table, `needs` follows references, also in
//! the bodies of routines, `edges` finds objects that need something in another database, and `plan` combines them with
//! the answers of the map. `members` lists the first objects of a service, `dependencies` adds their dependencies, and
//! `selection` selects the archive entries. `proposal` guesses a first map, and `text` writes it.

pub mod answers;
pub mod assignment;
pub mod crossing_writes;
pub mod dependencies;
pub mod edges;
pub mod members;
pub mod needs;
pub mod placement;
pub mod plan;
pub mod proposal;
mod scan;
pub mod selection;
pub mod source;
pub mod text;
