//! The catalog audit on a real server: leaks are found and named, mended ones are gone, harmless changes pass.

mod blind;
mod blinding;
mod builtins;
mod closing;
mod cursors;
mod definers;
mod doors;
mod extensions;
mod fixes;
mod formats;
mod handover;
mod harmless;
mod hostile;
mod inside;
mod leaks;
mod limited;
mod mutation;
mod output;
mod passwords;
mod prepared;
mod reach;
mod rules;
mod secrets;
mod server_settings;
mod simulated;
pub(crate) mod support;
mod ways;
