//! The page of `martydb report` and of `martydb monitor`: values, their differences, and both as HTML. No I/O: a command collects
//! the values, and writes or serves the page.
//!
//! - [`values`]: the JSON of a report, typed; what is too long is cut before anything reads it
//! - [`counts`]: the matrix as rows of counts, small enough for a thousand services
//! - [`embedded`]: the JSON inside the page, and its way back
//! - [`difference`]: what changed between two reports
//! - [`verdict`]: what is wrong, worst first
//! - [`page`]: the HTML

pub mod counts;
pub mod difference;
pub mod embedded;
pub mod page;
pub mod values;
pub mod verdict;
