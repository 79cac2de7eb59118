//! Guesses the service of each table from names and foreign keys: each guess with its reason, and none if the evidence
//! is contradictory.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Oid, SourceCatalog, SourceForeignKey, SourceRelation};
use martydb_migrate::check::other_tools;
use martydb_model::ServiceName;

/// Evidence of a service's tables.
#[derive(Debug, Clone)]
pub struct ServiceHints {
    pub service: ServiceName,
    /// Its database, without the project's prefix.
    pub database: String,
    /// Its schemas, except `public`.
    pub schemas: Vec<String>,
    /// Tables that its migrations create, each with the file.
    pub makes: BTreeMap<String, String>,
}

/// Table with the reason for the proposal, or for its absence.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GuessedTable {
    pub table: String,
    pub reason: String,
}

/// Proposed map.
#[derive(Debug, Default)]
pub struct SplitProposal {
    pub services: BTreeMap<ServiceName, Vec<GuessedTable>>,
    pub ignored: Vec<GuessedTable>,
    /// Tables without evidence, or with contradictory evidence.
    pub open: Vec<GuessedTable>,
}

/// Suffixes that describe what a service is, not its subject.
const ENDINGS: &[&str] = &["service", "svc", "engine", "api", "db", "server", "app", "worker"];

/// Minimum length of a prefix.
const MIN_PREFIX_LETTERS: usize = 3;

/// Guesses for all tables, the strongest evidence first.
pub fn propose(source: &SourceCatalog, services: &[ServiceHints]) -> SplitProposal {
    let tables: Vec<&SourceRelation> =
        source.relations.values().filter(|one| needs_guess(source, one)).collect();
    let mut guesses = Guesses { source, services, made: BTreeMap::new(), hints: BTreeMap::new() };
    let mut ignored = vec![];
    let mut left: Vec<&SourceRelation> = vec![];
    let mut by_schema: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for table in &tables {
        by_schema.entry(&table.schema).or_default().insert(&table.name);
    }
    let histories: BTreeMap<&str, BTreeSet<&str>> =
        by_schema.iter().map(|(schema, names)| (*schema, other_tools::histories(names))).collect();
    for table in tables {
        if histories[table.schema.as_str()].contains(table.name.as_str()) {
            ignored.push(guessed(table, "the history of a migration tool".into()));
        } else {
            left.push(table);
        }
    }
    guesses.each(&left, Guesses::by_migrations);
    guesses.each(&left, Guesses::by_schema);
    guesses.each(&left, Guesses::by_prefix);
    guesses.each(&left, Guesses::by_likeness);
    // Each round may provide evidence for the next.
    while guesses.each(&left, Guesses::by_foreign_keys) {}
    guesses.finish(&left, ignored)
}

/// Returns `true` if the table needs a guess: partitions follow their table.
fn needs_guess(source: &SourceCatalog, relation: &SourceRelation) -> bool {
    source.has_to_be_placed(relation) && source.root(relation.oid) == relation.oid
}

fn guessed(relation: &SourceRelation, reason: String) -> GuessedTable {
    GuessedTable { table: relation.ident.clone(), reason }
}

struct Guesses<'a> {
    source: &'a SourceCatalog,
    services: &'a [ServiceHints],
    made: BTreeMap<Oid, (ServiceName, String)>,
    /// Reason why a table is still open.
    hints: BTreeMap<Oid, String>,
}

/// Services with the evidence of each.
type ServiceEvidence = BTreeMap<ServiceName, String>;

impl Guesses<'_> {
    /// Applies a method to every open table; returns `true` if any was assigned.
    fn each(
        &mut self,
        tables: &[&SourceRelation],
        ask: fn(&Self, &SourceRelation) -> ServiceEvidence,
    ) -> bool {
        let mut decided = vec![];
        for table in tables.iter().filter(|table| !self.made.contains_key(&table.oid)) {
            let signs = ask(self, table);
            match signs.len() {
                0 => {}
                1 => decided.extend(signs.into_iter().map(|(service, sign)| (table.oid, (service, sign)))),
                _ => {
                    let all: Vec<String> =
                        signs.into_iter().map(|(service, sign)| format!("{service}: {sign}")).collect();
                    self.hints.entry(table.oid).or_insert_with(|| all.join("; "));
                }
            }
        }
        let any = !decided.is_empty();
        self.made.extend(decided);
        any
    }

    fn by_migrations(&self, table: &SourceRelation) -> ServiceEvidence {
        let makes = |signs: &ServiceHints| {
            let file = signs.makes.get(&table.name)?;
            Some((signs.service.clone(), format!("{file} creates a table of this name")))
        };
        self.services.iter().filter_map(makes).collect()
    }

    fn by_schema(&self, table: &SourceRelation) -> ServiceEvidence {
        let called = |signs: &ServiceHints| {
            let own = signs.schemas.contains(&table.schema);
            let stem = stems(signs).into_iter().any(|stem| stem == table.schema);
            (own || stem).then(|| {
                (signs.service.clone(), format!("the schema {} has the name of the service", table.schema))
            })
        };
        if table.schema == "public" {
            ServiceEvidence::new()
        } else {
            self.services.iter().filter_map(called).collect()
        }
    }

    /// The longest prefix wins: `passport_engine_x` does not belong to a service `passport`.
    fn by_prefix(&self, table: &SourceRelation) -> ServiceEvidence {
        let mut best: BTreeMap<usize, ServiceEvidence> = BTreeMap::new();
        for signs in self.services {
            for stem in stems(signs).into_iter().filter(|stem| begins(&table.name, stem)) {
                let reason = format!("its name begins with {stem}");
                best.entry(stem.len()).or_default().insert(signs.service.clone(), reason);
            }
        }
        best.pop_last().map(|(_, signs)| signs).unwrap_or_default()
    }

    /// Tables with the same first word, or in the same dedicated schema, belong to one service.
    fn by_likeness(&self, table: &SourceRelation) -> ServiceEvidence {
        let word = first_word(&table.name);
        let alike = |other: &SourceRelation| {
            other.schema == table.schema
                && (table.schema != "public" || word.is_some() && first_word(&other.name) == word)
        };
        let likes = self.source.relations.values().filter(|other| alike(other));
        let like = |other: &SourceRelation| {
            let (service, _) = self.made.get(&other.oid)?;
            Some((service.clone(), format!("{} has {}", service, other.ident)))
        };
        likes.filter_map(like).collect()
    }

    /// Tables connected by foreign keys: those that it references, and those that reference it, unless one of these is still
    /// open: it may belong to another service.
    fn by_foreign_keys(&self, table: &SourceRelation) -> ServiceEvidence {
        let mut signs = ServiceEvidence::new();
        let keys = || {
            self.source.foreign_keys.iter().map(|key| [key.relation, key.to].map(|oid| self.source.root(oid)))
        };
        let is_open = |oid: Oid| oid != table.oid && !self.made.contains_key(&oid);
        let counts_readers = !keys().any(|[from, to]| to == table.oid && is_open(from));
        for [from, to] in keys() {
            let (other, words) = match (from == table.oid, to == table.oid) {
                (true, false) => (to, "references"),
                (false, true) if counts_readers => (from, "is referenced by"),
                _ => continue,
            };
            if let Some((service, _)) = self.made.get(&other) {
                let reason = format!("it {words} {}", self.source.ident(other));
                signs.entry(service.clone()).or_insert(reason);
            }
        }
        signs
    }

    /// Returns `true` if several services read the table by foreign keys and it has none of its own.
    fn is_reference(&self, table: &SourceRelation) -> bool {
        let roots = |key: &SourceForeignKey| (self.source.root(key.relation), self.source.root(key.to));
        let mut keys = self.source.foreign_keys.iter().map(roots);
        if keys.clone().any(|(from, to)| from == table.oid && to != from) {
            return false;
        }
        let readers = keys.by_ref().filter(|(from, to)| *to == table.oid && from != to);
        readers.filter_map(|(from, _)| Some(&self.made.get(&from)?.0)).collect::<BTreeSet<_>>().len() > 1
    }

    fn finish(mut self, tables: &[&SourceRelation], ignored: Vec<GuessedTable>) -> SplitProposal {
        let mut proposal = SplitProposal { ignored, ..SplitProposal::default() };
        for signs in self.services {
            proposal.services.insert(signs.service.clone(), vec![]);
        }
        let references: BTreeSet<Oid> =
            tables.iter().filter(|table| self.is_reference(table)).map(|table| table.oid).collect();
        for table in tables {
            match self.made.remove(&table.oid) {
                Some((service, reason)) => {
                    proposal.services.entry(service).or_default().push(guessed(table, reason));
                }
                None => {
                    let hint = self.hints.remove(&table.oid);
                    let hint = hint.unwrap_or_else(|| "no evidence of its service".into());
                    let is_reference = references.contains(&table.oid);
                    let more = if is_reference { "; perhaps a `reference:` with one owner" } else { "" };
                    proposal.open.push(guessed(table, hint + more));
                }
            }
        }
        for all in proposal.services.values_mut().chain([&mut proposal.ignored, &mut proposal.open]) {
            all.sort_by(|a, b| a.table.cmp(&b.table));
        }
        proposal
    }
}

/// Returns possible prefixes of a service's tables and schema.
fn stems(signs: &ServiceHints) -> BTreeSet<String> {
    let name = signs.service.as_str().replace('-', "_");
    let database = signs.database.replace('-', "_");
    let mut all = BTreeSet::from([name.clone(), database.clone()]);
    for whole in [&name, &database] {
        if let Some((stem, ending)) = whole.rsplit_once('_')
            && ENDINGS.contains(&ending)
        {
            all.insert(stem.to_owned());
        }
    }
    // A service's name is often plural, its table's singular.
    let singular =
        |stem: &String| stem.strip_suffix('s').filter(|one| !one.ends_with('s')).map(str::to_owned);
    all.extend(all.iter().filter_map(singular).collect::<Vec<_>>());
    all.retain(|stem| stem.len() >= MIN_PREFIX_LETTERS);
    all
}

fn begins(name: &str, stem: &str) -> bool {
    let name = name.to_lowercase();
    name == stem || name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('_') || rest == "s")
}

fn first_word(name: &str) -> Option<&str> {
    let (word, _) = name.split_once('_')?;
    (word.len() >= MIN_PREFIX_LETTERS).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::source::RelationKind;

    fn signs(service: &str, database: &str) -> ServiceHints {
        let (makes, schemas) = (BTreeMap::new(), vec![]);
        ServiceHints {
            service: ServiceName::new(service).unwrap(),
            database: database.into(),
            schemas,
            makes,
        }
    }

    fn database(tables: &[(u32, &str, &str)], keys: &[(u32, u32)]) -> SourceCatalog {
        let mut source = SourceCatalog::default();
        for (oid, schema, name) in tables {
            let relation = SourceRelation {
                oid: *oid,
                schema: (*schema).into(),
                name: (*name).into(),
                ident: format!("{schema}.{name}"),
                kind: RelationKind::Table,
                unlogged: false,
                owner: "x".into(),
                rows: 0,
                bytes: 0,
            };
            source.relations.insert(*oid, relation);
        }
        source.foreign_keys = keys
            .iter()
            .map(|(relation, to)| SourceForeignKey {
                oid: 0,
                name: "k".into(),
                relation: *relation,
                to: *to,
                columns: vec![],
                to_columns: vec![],
            })
            .collect();
        source
    }

    #[test]
    fn a_service_in_the_plural_has_tables_in_the_singular() {
        let all = stems(&signs("customers", "addresses"));
        for table in ["customer", "customers", "customer_notes", "address", "addresses_old"] {
            assert!(all.iter().any(|stem| begins(table, stem)) == (table != "address"), "{table} {all:?}");
        }
        assert!(!stems(&signs("boss", "boss")).contains("bos"));
    }

    #[test]
    fn signs_that_agree_make_a_guess_and_others_none() {
        let source = database(
            &[
                (1, "public", "csca_certificates"),
                (2, "public", "certificate_chains"),
                (3, "pkd", "entries"),
                (4, "public", "countries"),
                (5, "public", "alembic_version"),
                (6, "public", "lonely"),
                (7, "public", "passport_requests"),
                (8, "public", "csca"),
            ],
            &[(2, 1), (1, 4), (3, 4)],
        );
        let services = [signs("csca", "csca"), signs("pkd_service", "pkd"), signs("passport_engine", "x")];
        let found = propose(&source, &services);
        let tables = |service: &str| -> Vec<&str> {
            found.services[&ServiceName::new(service).unwrap()].iter().map(|one| one.table.as_str()).collect()
        };
        assert_eq!(tables("csca"), ["public.certificate_chains", "public.csca", "public.csca_certificates"]);
        assert_eq!(tables("pkd_service"), ["pkd.entries"]);
        assert_eq!(tables("passport_engine"), ["public.passport_requests"]);
        assert_eq!(found.ignored[0].table, "public.alembic_version");
        let open: Vec<(&str, &str)> =
            found.open.iter().map(|one| (one.table.as_str(), one.reason.as_str())).collect();
        assert_eq!(
            open,
            [
                (
                    "public.countries",
                    "csca: it is referenced by public.csca_certificates; pkd_service: it is referenced by pkd.entries; \
                     perhaps a `reference:` with one owner"
                ),
                ("public.lonely", "no evidence of its service")
            ]
        );
    }

    #[test]
    fn migrations_win_over_names() {
        let source = database(&[(1, "public", "csca_certificates")], &[]);
        let mut second = signs("b", "b");
        second.makes.insert("csca_certificates".into(), "V1__x.sql".into());
        let found = propose(&source, &[signs("csca", "csca"), second]);
        assert_eq!(found.services[&ServiceName::new("b").unwrap()].len(), 1);
    }
}
