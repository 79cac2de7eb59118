//! The prompt of `init`.

use std::collections::BTreeSet;

use martydb_migrate::discovery::{Proposal, service_name};
use martydb_model::ServiceName;
use martydb_model::error::{Error, Result};
use martydb_ui::prompt;
use martydb_ui::report::{Out, printable};

/// Shows the proposal and asks until all names are valid.
pub async fn services(proposal: &Proposal, out: &Out) -> Result<BTreeSet<ServiceName>> {
    let found: BTreeSet<ServiceName> = proposal.services.keys().cloned().collect();
    out.show(&super::report::found(proposal));
    let question = match found.len() {
        0 => "Services, separated by spaces or commas",
        1 => "Services, separated by spaces or commas; Enter selects the one above",
        _ => "Services, separated by spaces or commas; Enter selects all above",
    };
    loop {
        let answer = prompt::text(question).await?;
        let given: Vec<&str> = answer.split([' ', ',', '\t']).filter(|name| !name.is_empty()).collect();
        match names(given.iter().copied()) {
            Ok(names) if !names.is_empty() => return Ok(names),
            Ok(_) if !found.is_empty() => return Ok(found),
            Ok(_) => out.eprint("Enter at least one, such as: catalog orders"),
            Err(error) => out.show(&[vec![error.message], error.hints].concat().join("\n")),
        }
    }
}

/// Parses the typed names.
///
/// # Errors
/// For the first invalid name, with the nearest valid one.
pub fn names<'a>(given: impl Iterator<Item = &'a str>) -> Result<BTreeSet<ServiceName>> {
    let checked = given.map(|name| {
        ServiceName::new(name).map_err(|error| {
            let near = service_name(name).map(|near| format!("did you mean \"{near}\"?"));
            Error::usage(format!("service \"{}\" {error}", printable(name))).hint_if(near)
        })
    });
    checked.collect()
}
