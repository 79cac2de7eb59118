//! The page, printed from the tables.

mod page;
