//! Round trips in one scratch database, each starting from the state that the one before it left.

use super::outcome::{RoundTrip, RoundTripResult};
use crate::check::DowngradeTo;
use crate::engine::{Intent, MigrationSession, session};
use crate::expression_normalizer::normalize_expressions;
use crate::files::{Migration, MigrationFolder, folder};
use crate::history::{Catalog, CatalogQueries, Difference};
use crate::report::EventSender;
use crate::run::{Goal, run_in};
use crate::target::{MigrationTarget, Options};
use martydb_model::DownFiles;
use martydb_model::error::{Error, Result};
use martydb_pg::server::Connection;

/// The two sessions in a scratch database, and its last known catalog.
pub(crate) struct TripSession<'a> {
    session: MigrationSession<'a>,
    reader: Connection,
    queries: CatalogQueries,
    folder: &'a MigrationFolder,
    options: &'a Options,
    /// Present catalog of the database, if it was read.
    catalog: Option<Catalog>,
}

/// Reason why no further round trip is made in this database, with an index of the folder's migrations.
pub(crate) enum WalkEnd {
    Done,
    /// The next one needs a fresh database with the files before it applied.
    Fresh(usize),
    /// This one cannot be applied.
    Stuck(usize),
}

/// Result of one, and state of the database after it.
struct Trip {
    after_down: Vec<Difference>,
    after_up: Vec<Difference>,
    error: Option<Error>,
    state: StateAfter,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StateAfter {
    Applied,
    NotApplied,
    Doubtful,
}

impl<'a> TripSession<'a> {
    /// Brings a fresh database to the version before the migration at `first`.
    pub(crate) async fn start(
        target: &'a MigrationTarget,
        folder: &'a MigrationFolder,
        first: usize,
        options: &'a Options,
    ) -> Result<TripSession<'a>> {
        let events = EventSender::ignored();
        let session = MigrationSession::open(target, Intent::Write, options.lock_wait, &events).await?;
        let reader = session::connect_reader(target, options.lock_wait).await?;
        let queries = CatalogQueries::default();
        let mut walk = TripSession { session, reader, queries, folder, options, catalog: None };
        walk.replay(first).await?;
        Ok(walk)
    }

    /// Applies the migrations before the one at `at`, in one run.
    async fn replay(&mut self, at: usize) -> Result<()> {
        let before = at.checked_sub(1).map(|before| self.folder.migrations[before].version);
        // Files after a checkpoint need it.
        let Some(before) = before.or(self.folder.checkpoint_below(at)) else { return Ok(()) };
        let service = &self.session.target.service;
        let replayed = format!("the files of {service} cannot be replayed on an empty database");
        self.catalog = None;
        self.up(before).await.map_err(|error| {
            error
                .while_doing(replayed)
                .hint("a database that existed before its files cannot be rebuilt from them")
        })
    }

    /// Makes the chosen round trips, starting with the migration at `first`.
    pub(crate) async fn make(&mut self, chosen: &[i64], first: usize, all: &mut Vec<RoundTrip>) -> WalkEnd {
        let migrations = &self.folder.migrations;
        // Index after the last applied migration.
        let mut reached = first;
        for (at, migration) in migrations.iter().enumerate().skip(first) {
            if !chosen.contains(&migration.version) {
                continue;
            }
            if let Some(why) = without_down(self.session.target, migration) {
                all.push(RoundTrip::skipped(migration, why));
                continue;
            }
            if reached < at
                && let Err(error) = self.replay(at).await
            {
                all.push(failed(migration, error));
                return WalkEnd::Stuck(at);
            }
            let trip = self.round_trip(migration).await;
            match trip.state {
                // Rows that earlier round trips left in the tables may be the cause.
                StateAfter::NotApplied if at > first => return WalkEnd::Fresh(at),
                StateAfter::NotApplied => {
                    all.push(report(migration, trip));
                    return WalkEnd::Stuck(at);
                }
                StateAfter::Doubtful => {
                    all.push(report(migration, trip));
                    return next_chosen(migrations, chosen, at).map_or(WalkEnd::Done, WalkEnd::Fresh);
                }
                StateAfter::Applied => all.push(report(migration, trip)),
            }
            reached = at + 1;
        }
        WalkEnd::Done
    }

    pub(crate) async fn end(self) {
        self.session.close().await;
        self.reader.close().await;
    }

    async fn round_trip(&mut self, migration: &Migration) -> Trip {
        let mut trip =
            Trip { after_down: vec![], after_up: vec![], error: None, state: StateAfter::NotApplied };
        if let Err(error) = self.there_and_back(migration.version, &mut trip).await {
            trip.error = Some(error);
        }
        trip
    }

    /// Runs up, down and up. The catalog at the end is the one before the next round trip, so it is read once.
    async fn there_and_back(&mut self, version: i64, trip: &mut Trip) -> Result<()> {
        let before = match self.catalog.take() {
            Some(known) => known,
            None => self.read().await?,
        };
        self.up(version).await?;
        trip.state = StateAfter::Doubtful;
        let applied = self.read().await?;
        if let Err(error) = self.down().await {
            if self.is_at(version).await {
                trip.state = StateAfter::Applied;
                self.catalog = Some(applied);
            }
            return Err(error);
        }
        let undone = self.read().await?;
        trip.after_down = self.differences(before, &undone).await?;
        self.up(version).await.map_err(|error| error.while_doing("it cannot be applied again"))?;
        let again = self.read().await?;
        trip.after_up = self.differences(applied, &again).await?;
        if trip.after_up.is_empty() {
            trip.state = StateAfter::Applied;
            self.catalog = Some(again);
        }
        Ok(())
    }

    /// Returns the differences that are more than another form of an expression.
    async fn differences(&self, before: Catalog, after: &Catalog) -> Result<Vec<Difference>> {
        let (target, wait) = (self.session.target, self.options.lock_wait);
        let before = normalize_expressions(target, wait, before, after).await?;
        Ok(before.differences(after))
    }

    async fn read(&mut self) -> Result<Catalog> {
        self.queries.read(&mut self.reader).await
    }

    async fn up(&mut self, to: i64) -> Result<()> {
        let options = Options { to: Some(to), repeatables: false, ..self.options.clone() };
        run_in(&mut self.session, self.folder, Goal::Upgrade, &options).await
    }

    async fn down(&mut self) -> Result<()> {
        let goal = Goal::Downgrade(DowngradeTo::Steps(1));
        run_in(&mut self.session, self.folder, goal, self.options).await
    }

    /// Returns `true` if this version is the newest applied, and complete: the failed down file was rolled back.
    async fn is_at(&mut self, version: i64) -> bool {
        let rows = self.session.rows().await;
        rows.is_ok_and(|rows| rows.unfinished.is_empty() && rows.order.last() == Some(&version))
    }
}

fn next_chosen(migrations: &[Migration], chosen: &[i64], after: usize) -> Option<usize> {
    let rest = migrations.iter().enumerate().skip(after + 1);
    rest.filter(|(_, migration)| chosen.contains(&migration.version)).map(|(at, _)| at).next()
}

fn failed(migration: &Migration, error: Error) -> RoundTrip {
    RoundTrip { error: Some(error), ..RoundTrip::new(migration, RoundTripResult::Failed) }
}

fn report(migration: &Migration, trip: Trip) -> RoundTrip {
    let Trip { after_down, after_up, error, .. } = trip;
    let outcome = match (&error, after_down.is_empty() && after_up.is_empty()) {
        (Some(_), _) => RoundTripResult::Failed,
        (None, true) => RoundTripResult::Ok,
        (None, false) => RoundTripResult::Differs,
    };
    RoundTrip { after_down, after_up, error, ..RoundTrip::new(migration, outcome) }
}

/// Returns the reason why a migration needs no down file, if there is one.
fn without_down(target: &MigrationTarget, migration: &Migration) -> Option<String> {
    let down = || folder::load_down(migration.down.as_ref()?).ok()?.directives.irreversible;
    match (&migration.up.directives.irreversible, target.down) {
        (Some(reason), _) => Some(format!("irreversible: {reason}")),
        (None, DownFiles::None) => Some("the manifest has `down: none`".into()),
        (None, DownFiles::Optional) if migration.down.is_none() => Some("it has no down file".into()),
        _ => down().map(|reason| format!("irreversible: {reason}")),
    }
}
