//! The prompt of `init`.

use std::collections::BTreeSet;

use martydb_import::discovery::{Proposal, service_name};
use martydb_model::ServiceName;
use martydb_model::error::{Error, Result};
use martydb_ui::prompt;
use martydb_ui::report::{Out, printable};

/// Shows the proposal, asks which of it to take, and for further names until all are valid.
pub(crate) async fn services(proposal: &Proposal, out: &Out) -> Result<BTreeSet<ServiceName>> {
    let found: Vec<&ServiceName> = proposal.services.keys().collect();
    let mut taken = BTreeSet::new();
    if !found.is_empty() {
        out.show(&proposal.listing());
        let items: Vec<String> = found.iter().map(ToString::to_string).collect();
        let chosen = prompt::several_of("Services", &items, true).await?;
        taken.extend(chosen.into_iter().map(|at| found[at].clone()));
    }
    let question = match taken.is_empty() {
        true => "Services, separated by spaces or commas",
        false => "Further services, separated by spaces or commas; Enter for none",
    };
    loop {
        let answer = prompt::text(question).await?;
        let given: Vec<&str> = answer.split([' ', ',', '\t']).filter(|name| !name.is_empty()).collect();
        match names(given.iter().copied()) {
            Ok(names) if !names.is_empty() || !taken.is_empty() => {
                taken.extend(names);
                return Ok(taken);
            }
            Ok(_) => out.eprint("Enter at least one, such as: catalog orders"),
            Err(error) => out.show(&[vec![error.message], error.hints].concat().join("\n")),
        }
    }
}

/// Characters that a suggested name may lack.
const MAX_DROPPED: usize = 8;

/// Parses the typed names.
///
/// # Errors
/// For the first invalid name, with the nearest valid one.
pub(crate) fn names<'a>(given: impl Iterator<Item = &'a str>) -> Result<BTreeSet<ServiceName>> {
    let checked = given.map(|name| {
        ServiceName::new(name).map_err(|error| {
            // Of a long name, the nearest valid one would only be its beginning.
            let near = service_name(name).filter(|near| name.len() <= near.as_str().len() + MAX_DROPPED);
            let near = near.map(|near| format!("did you mean \"{near}\"?"));
            Error::usage(format!("service \"{}\" {error}", printable(name))).hint_if(near)
        })
    });
    checked.collect()
}
