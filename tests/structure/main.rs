//! Holds the source tree to the shape that `docs/architecture.md` describes: imports between files and crates, sizes of
//! files, functions and crates, names that leave a crate, and words.

mod application;
mod crate_sizes;
mod cycles;
mod dependencies;
mod doors;
mod facts;
mod file_reads;
mod folders;
mod glossary;
mod imports;
mod lists;
mod map;
mod purity;
mod runner;
mod seams;
mod sizes;
mod source;
mod test_names;
mod used_names;
mod ways;
mod words;
