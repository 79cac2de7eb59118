//! All stores of the manifest's `backup:`. A backup goes into each of them, and is read from the first that has it.

use futures_util::future::join_all;
use time::OffsetDateTime;

use super::blocking_task::BlockingTask;
use super::id::BackupId;
use super::repository::{Listing, Repository, local};
use super::staging::Staging;
use super::summary::{StoreSummary, furthest_behind};
use martydb_manifest::Manifest;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::{BackupSettings, ServiceName};

/// Stores in the manifest's order; there is at least one.
#[derive(Clone)]
pub struct Stores(Vec<Repository>);

/// A store that has a backup.
pub struct BackupHolder<'a> {
    pub repository: &'a Repository,
    /// Errors of the stores before it.
    pub failures: Vec<Error>,
}

impl Stores {
    /// Opens the stores of the manifest.
    ///
    /// # Errors
    /// If the manifest has no `backup` section, or the settings of a store are unusable.
    pub fn from_manifest(manifest: &Manifest, environment: &Environment) -> Result<Stores> {
        let settings = manifest.backup.as_ref().ok_or_else(|| {
            Error::usage("the manifest has no `backup` section")
                .hint("add it: backup: { to: ./backups }, or s3://bucket/prefix")
        })?;
        Stores::open(settings, environment)
    }

    /// Opens the stores.
    ///
    /// # Errors
    /// If the settings of one cannot be used. Nothing is created, and no server is contacted yet.
    pub fn open(settings: &BackupSettings, variables: &Environment) -> Result<Stores> {
        let open = |to| Repository::at(settings, to, variables, Default::default());
        settings.to.iter().map(open).collect::<Result<_>>().map(Stores)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Repository> {
        self.0.iter()
    }

    /// Returns the name of a store for a report; `None` if there is only one.
    pub fn name_of(&self, repository: &Repository) -> Option<String> {
        self.are_several().then(|| repository.place())
    }

    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// Returns the first store, which has the settings of all.
    pub fn first(&self) -> &Repository {
        &self.0[0]
    }

    /// Returns the places of all stores, for people.
    pub fn places(&self) -> String {
        self.iter().map(Repository::place).collect::<Vec<_>>().join(" and ")
    }

    /// Begins a backup. For several stores its files are in a folder on this machine until it is finished.
    #[martydb_pg::boxed]
    pub async fn stage(&self, service: &ServiceName) -> Result<Staging> {
        if !self.are_several() {
            return self.first().stage(service).await;
        }
        let id = BackupId::new(OffsetDateTime::now_utc(), service)?;
        let Repository { cipher, settings, .. } = self.first().clone();
        let backends: Vec<_> = self.iter().map(|repository| repository.backend.clone()).collect();
        BlockingTask::run(move |task| {
            task.check()?;
            let failures = backends.iter().map(|backend| backend.prepare().err()).collect();
            let workspace = local(&settings, id.as_str())?;
            Ok(Staging { id, workspace, backends, failures, cipher, threads: settings.jobs })
        })
        .await
    }

    /// Lists each store.
    pub async fn list(&self) -> Vec<(&Repository, Result<Listing>)> {
        join_all(self.iter().map(async |repository| (repository, repository.list().await))).await
    }

    /// Returns the first store that has a backup. A store that does not answer is passed over: another one may have it.
    ///
    /// # Errors
    /// If no store has it, with the errors of all.
    pub async fn holder(&self, id: &BackupId) -> Result<BackupHolder<'_>> {
        if !self.are_several() {
            return Ok(BackupHolder { repository: self.first(), failures: vec![] });
        }
        let (mut failures, mut absent): (Vec<Error>, Option<Error>) = (vec![], None);
        for repository in self.iter() {
            match repository.encryption(id).await {
                Ok(_) => return Ok(BackupHolder { repository, failures }),
                Err(error) if error.kind == Kind::Usage => absent = absent.or(Some(error)),
                Err(error) => failures.push(error),
            }
        }
        let all = failures.into_iter().chain(absent).reduce(Error::and_also);
        Err(all.unwrap_or_else(|| Error::operation(format!("no store has the backup {id}"))))
    }

    /// Summarizes the backups of each service in the store that is furthest behind, and counts the problems of all.
    ///
    /// # Errors
    /// If a store cannot be read.
    pub async fn summaries(&self, project: &str, env: &str) -> Result<StoreSummary> {
        let mut all = vec![];
        for (repository, listing) in self.list().await {
            all.push((self.name_of(repository), listing?));
        }
        let problems = all.iter().map(|(_, listing)| listing.problems.len()).sum();
        let each = all.into_iter().map(|(name, listing)| (name, listing.summaries(project, env)));
        Ok(StoreSummary { problems, services: furthest_behind(each.collect()) })
    }

    /// Returns the note of every run that writes unencrypted backups.
    pub fn unencrypted(&self) -> Option<String> {
        self.first().unencrypted_in(&self.places())
    }
}
