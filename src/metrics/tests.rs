//! Generator of the tables on the page.

mod page;
