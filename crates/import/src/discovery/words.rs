//! A proposal for people: its services, and the commands that come next.

use super::not_imported::next_command;
use super::proposal::{Proposal, ProposedService};
use martydb_model::ServiceName;
use martydb_model::text::printable;

impl Proposal {
    /// Lists the services that were found, one line for each source.
    pub fn listing(&self) -> String {
        if self.services.is_empty() {
            return "No services were found here.".into();
        }
        let mut text = String::from("Found here:\n");
        for (name, service) in &self.services {
            text += &format!("  {name}\n");
            service.found.iter().for_each(|line| text += &format!("    {}\n", printable(line)));
        }
        self.notes.iter().for_each(|note| text += &format!("  note: {}\n", printable(note)));
        text.trim_end().to_owned()
    }

    /// Returns the commands from the manifest to the first query.
    pub fn next_commands(&self) -> Vec<String> {
        let imports = self.services.iter().filter_map(|(name, service)| {
            let (tool, folder) = service.import.as_ref()?;
            Some(next_command(name.as_str(), tool.name(), folder))
        });
        let fresh =
            |(_, service): &(&ServiceName, &ProposedService)| service.import.is_none() && !service.ready;
        let first = self.services.iter().find(fresh);
        let first = first.map(|(name, _)| format!("martydb revision {name} -m \"first table\""));
        let any = self.services.keys().next().map(|name| format!("martydb psql {name}"));
        imports.chain(first).chain(["martydb init-all".to_owned()]).chain(any).collect()
    }
}
