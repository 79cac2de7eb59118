//! Holds the source tree to the shape that `docs/architecture.md` describes: which file imports which, how long files
//! and functions are, and which words the program may say.

mod cycles;
mod glossary;
mod imports;
mod lists;
mod map;
mod purity;
mod runner;
mod seams;
mod sizes;
mod source;
mod words;
