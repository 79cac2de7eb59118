//! Fuzz targets that need no nightly compiler: valid text, spoilt in every way, must get an answer.
//!
//! `MARTYDB_FUZZ_SECONDS` says how long each target runs; CI gives each fifteen seconds, a developer who changed a
//! parser gives it 600 (`MARTYDB_FUZZ_SECONDS=600 cargo test --release --test fuzz`). `MARTYDB_FUZZ_SEED` repeats a run.

mod archive;
mod engine;
mod hba;
#[cfg(feature = "monitor")]
mod http;
mod manifest;
mod migration;
mod pgoutput;
mod spoil;
mod wire;
