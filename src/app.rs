//! The application's context: the context of the crates, with the options of the command line, prompts and output.

mod backups;

use std::ops::Deref;
use std::sync::Arc;

use martydb_context::{Context, Dialog, NoteSink, PasswordPrompt};
use martydb_manifest as manifest;
use martydb_manifest::{Manifest, ServerSpec};
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_model::units::listed;
use martydb_model::{DesiredService, Jobs};
use martydb_ui::flags::{Global, Select};
use martydb_ui::report::Out;

pub(crate) use backups::IDENTITY;

/// Context of a command. A function that needs neither options nor output takes the [`Context`] alone.
pub struct App {
    pub context: Context,
    pub yes: bool,
    pub can_ask: bool,
    pub out: Arc<Out>,
}

impl Deref for App {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl App {
    pub fn new(global: &Global, environment: Environment, out: Arc<Out>) -> Result<App> {
        let here = std::env::current_dir().unwrap_or_default();
        let manifest = manifest::find(global.manifest.as_deref(), &here)
            .and_then(|path| manifest::load(&path, &global.env, &environment))?;
        Ok(App::with_manifest(global, manifest, environment, out))
    }

    /// Creates the context for a manifest that is not in its file yet.
    pub fn with_manifest(
        global: &Global,
        manifest: Manifest,
        environment: Environment,
        out: Arc<Out>,
    ) -> App {
        let can_ask = !global.no_input && martydb_ui::prompt::possible();
        let note: NoteSink = Arc::new({
            let out = out.clone();
            move |text| out.note(text)
        });
        let password: PasswordPrompt =
            Arc::new(|question| Box::pin(async move { martydb_ui::prompt::password(&question).await }));
        let dialog = Dialog { note, password: can_ask.then_some(password) };
        let jobs = Jobs {
            count: global.jobs.map_or_else(default_jobs, usize::from),
            explicit: global.jobs.is_some(),
        };
        martydb_pg::silence::set_connect_timeout(global.connect_timeout);
        let context = Context::new(manifest, environment, jobs, global.lock_wait, dialog);
        App { context, yes: global.yes, can_ask, out }
    }

    /// Returns the context of a command: some start no embedded server, and where servers are named, variables that name
    /// one and are not used are noted.
    #[must_use]
    pub(crate) fn of_command(mut self, command: &str, names_servers: bool) -> App {
        self.context.starts_servers = starts_servers(command);
        let unused = self.manifest.unused_variables(&self.environment);
        if !unused.is_empty() && names_servers {
            let (are, names) = (if unused.len() == 1 { "is" } else { "are" }, listed(&unused));
            self.out.note(&format!("note: {names} {are} set and not used: the manifest names the servers"));
        }
        self
    }

    /// Returns the context in another environment.
    ///
    /// # Errors
    /// If there is no overlay for it, or it is not valid.
    pub(crate) fn in_environment(&self, env: &str) -> Result<App> {
        let manifest = manifest::load(&self.manifest.place(), env, &self.environment)?;
        Ok(self.fresh_copy_with(manifest))
    }

    /// Returns the context with a server that the manifest lacks.
    #[must_use]
    pub(crate) fn and_server(&self, name: &str, server: &ServerSpec) -> App {
        let mut manifest = self.manifest.clone();
        manifest.servers.insert(name.to_owned(), server.clone());
        self.fresh_copy_with(manifest)
    }

    /// Returns a fresh copy for a long-running command, which determines again which host of a server is
    /// the primary.
    #[must_use]
    pub(crate) fn fresh_copy(&self) -> App {
        self.fresh_copy_with(self.manifest.clone())
    }

    fn fresh_copy_with(&self, manifest: Manifest) -> App {
        let (context, out) = (self.context.with_manifest(manifest), self.out.clone());
        App { context, yes: self.yes, can_ask: self.can_ask, out }
    }

    /// Returns the services for a command that reads: all that fulfil its conditions if none is named.
    pub(crate) fn readable(&self, select: &Select) -> Result<Vec<DesiredService>> {
        let named = self.named(select)?;
        self.manifest.narrow(named, select.filter())
    }

    /// Returns the services that are named, or all.
    fn named(&self, select: &Select) -> Result<Vec<DesiredService>> {
        if select.names_none() {
            return Ok(self.manifest.services.values().cloned().collect());
        }
        let mut chosen: Vec<DesiredService> = vec![];
        for name in select.named() {
            let service = self.service(name)?;
            if !chosen.iter().any(|other| other.name == service.name) {
                chosen.push(service.clone());
            }
        }
        Ok(chosen)
    }

    /// Returns the services for a command that writes: they must be named or chosen by a condition, or `--all` given.
    pub fn writable(&self, select: &Select) -> Result<Vec<DesiredService>> {
        if select.is_open() && !select.all {
            return Err(self
                .no_service_given()
                .cause("commands that write need --service NAME or --all")
                .hint("use --service NAME, --server NAME, --label KEY=VALUE or --all"));
        }
        self.readable(select)
    }

    /// Returns the error of a command that needs a service, with their names.
    pub(crate) fn no_service_given(&self) -> Error {
        let error = Error::usage("no service given");
        match self.service_names().as_slice() {
            [] => error.hint("add a service to the manifest: `martydb init NAME`"),
            names => error.hint(format!("services: {}", names.join(", "))),
        }
    }

    /// Asks for confirmation of changes that may affect others; without a terminal only `-y` confirms. `would` is
    /// the question as a statement, for an error. The hint names the commands that show the changes and that
    /// confirm them without a prompt.
    #[martydb_pg::boxed]
    pub(crate) async fn confirm(&self, question: &str, would: &str, hint: &str) -> Result<()> {
        match (self.yes, self.can_ask) {
            (true, _) => Ok(()),
            (false, true) if martydb_ui::prompt::yes_no(question).await? => Ok(()),
            (false, true) => Err(Error::usage("not confirmed, nothing was touched")),
            (false, false) => Err(Error::usage("these changes need a confirmation, nothing was touched")
                .cause(format!("{would}, and this is not a terminal, so no confirmation could be asked"))
                .hint(hint)),
        }
    }
}

/// Commands that show what there is: they start no embedded server that is stopped.
const OBSERVERS: &[&str] = &["current", "doctor", "history", "logs", "monitor", "report", "status"];

fn starts_servers(command: &str) -> bool {
    !OBSERVERS.contains(&command)
}

/// Returns the number of cores, and at least four: most of the time is spent on the server.
fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(4, usize::from).max(4)
}
