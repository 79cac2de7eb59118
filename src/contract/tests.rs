//! The rules of the tables, held against plan, audit and the page.

mod agreement;
mod page;
