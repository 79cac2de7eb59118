//! Tests of the tables against plan, audit and the page.

mod agreement;
mod page;
