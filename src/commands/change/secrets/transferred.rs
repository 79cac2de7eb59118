//! Outcome of each entry that was written to a store.

use serde::Serialize;

use martydb_model::error::{Error, ExitStatus};
use martydb_model::units::counted;
use martydb_secrets::{StoredEntries, TransferOutcome};
use martydb_ui::report::{Style, error_text};

#[derive(Serialize)]
pub(crate) struct Transferred {
    service: String,
    role: String,
    server: String,
    entry: String,
    outcome: &'static str,
    error: Option<Error>,
}

impl Transferred {
    pub(crate) fn all(incoming: &[StoredEntries], receipts: Vec<Vec<TransferOutcome>>) -> Vec<Transferred> {
        let of_key = |(one, receipts): (&StoredEntries, Vec<TransferOutcome>)| {
            let entries = one.entries.iter().zip(receipts);
            entries.map(|((name, _), receipt)| Transferred::new(one, name, receipt)).collect::<Vec<_>>()
        };
        incoming.iter().zip(receipts).flat_map(of_key).collect()
    }

    fn new(one: &StoredEntries, name: &str, receipt: TransferOutcome) -> Transferred {
        let (outcome, error) = match receipt {
            TransferOutcome::Written => ("written", None),
            TransferOutcome::Unchanged => ("unchanged", None),
            TransferOutcome::Failed(error) => ("failed", Some(error)),
            TransferOutcome::Skipped => ("skipped", None),
        };
        Transferred {
            service: one.key.service.to_string(),
            role: one.key.label.clone(),
            server: one.key.server.clone(),
            entry: name.to_owned(),
            outcome,
            error,
        }
    }

    pub(crate) fn summary(all: &[Transferred]) -> String {
        let count = |outcome| all.iter().filter(|one| one.outcome == outcome).count();
        let mut text = format!(
            "{} written to the secret store, {} existed already.",
            counted(count("written"), "password"),
            count("unchanged")
        );
        if count("failed") > 0 {
            text += &format!(" {} failed, {} were not tried:", count("failed"), count("skipped"));
            let left = all.iter().filter(|one| ["failed", "skipped"].contains(&one.outcome));
            text += &left.map(|one| format!(" {}", one.entry)).collect::<String>();
            text += ".\nRun the command again to write the rest.";
        }
        text
    }

    pub(crate) fn failures(all: &[Transferred], style: &Style) -> String {
        let errors = all.iter().filter_map(|one| one.error.as_ref());
        errors.map(|error| error_text(error, style) + "\n").collect()
    }

    pub(crate) fn worst(all: &[Transferred]) -> ExitStatus {
        ExitStatus::of_errors(all.iter().filter_map(|one| one.error.as_ref()))
    }
}
