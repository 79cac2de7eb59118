//! Sqitch's plan, which gives the order of its changes. <https://sqitch.org/docs/manual/sqitchplan/>

use std::collections::{BTreeMap, BTreeSet};

use super::name::{FileDirection, FileMeaning};

/// File name of the plan.
pub(crate) const PLAN: &str = "sqitch.plan";

/// A change of the plan.
#[derive(Debug, PartialEq, Eq)]
struct PlannedChange<'a> {
    name: &'a str,
    /// Tags between it and a later change of the same name: a reworked change keeps its scripts under one of them.
    tags: Vec<&'a str>,
    /// Set if the plan has a later change of the same name.
    reworked: bool,
}

/// Parses `deploy/users.sql`, `revert/users.sql` and `deploy/users@v1.sql`; the plan gives their versions.
pub(crate) fn named(path: &str) -> FileMeaning {
    let script = path.split_once('/').and_then(|(folder, file)| Some((folder, file.strip_suffix(".sql")?)));
    let (direction, script) = match script {
        _ if path == PLAN => return FileMeaning::Plan,
        Some(("deploy", script)) => (FileDirection::Up, script),
        Some(("revert", script)) => (FileDirection::Down, script),
        _ => return FileMeaning::Other,
    };
    let (key, name, version) = (script.to_owned(), script.to_owned(), vec![]);
    FileMeaning::Migration { key, version, name, direction }
}

/// Returns the position of each script in the plan, counted from 1, and the name of its change in the tool's own table: a
/// change that was reworked is there several times. The second result are changes without a script.
pub(crate) fn positions(
    plan: &str,
    scripts: &BTreeSet<&str>,
) -> (BTreeMap<String, (u64, String)>, Vec<String>) {
    let (mut all, mut missing) = (BTreeMap::new(), vec![]);
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for (position, change) in (1..).zip(changes(plan)) {
        let time = times.entry(change.name).or_default();
        *time += 1;
        let key = instance(change.name, *time);
        match script(&change, scripts) {
            Some(script) => drop(all.insert(script, (position, key))),
            None => missing.push(change.name.to_owned()),
        }
    }
    (all, missing)
}

/// Returns the name of a change that is in the plan for the `time`th time.
fn instance(name: &str, time: usize) -> String {
    if time == 1 { name.into() } else { format!("{name}#{time}") }
}

fn script(change: &PlannedChange<'_>, scripts: &BTreeSet<&str>) -> Option<String> {
    let tagged = change.tags.iter().map(|tag| format!("{}{tag}", change.name));
    let plain = (!change.reworked).then(|| change.name.to_owned());
    tagged.chain(plain).find(|script| scripts.contains(script.as_str()))
}

fn changes(plan: &str) -> Vec<PlannedChange<'_>> {
    let mut all: Vec<PlannedChange<'_>> = vec![];
    // Tags with the number of changes before each.
    let mut tags: Vec<(usize, &str)> = vec![];
    for line in plan.lines().map(str::trim).filter(|line| !line.starts_with(['%', '#'])) {
        let Some(word) = line.split_whitespace().next() else { continue };
        match word.starts_with('@') {
            true => tags.push((all.len(), word)),
            false => {
                let name = word.trim_start_matches('+');
                all.push(PlannedChange { name, tags: vec![], reworked: false });
            }
        }
    }
    for at in 0..all.len() {
        let later = all[at + 1..].iter().position(|one| one.name == all[at].name);
        if let Some(later) = later.map(|later| at + 1 + later) {
            let between = tags.iter().filter(|(before, _)| (at + 1..=later).contains(before));
            (all[at].tags, all[at].reworked) = (between.map(|(_, tag)| *tag).collect(), true);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "%syntax-version=1.0.0\n%project=shop\n\n\
        users 2024-01-01T00:00:00Z A <a@b.c> # Users\n\
        orders/new [users] 2024-01-02T00:00:00Z A <a@b.c>\n\
        @v1 2024-01-03T00:00:00Z A <a@b.c>\n\
        # A comment\n\
        +users [users@v1] 2024-01-04T00:00:00Z A <a@b.c> # Again\n\
        @v2 2024-01-05T00:00:00Z A <a@b.c>\n\
        gone 2024-01-06T00:00:00Z A <a@b.c>\n";

    #[test]
    fn the_plan_gives_order_and_a_reworked_change_has_a_script_per_tag() {
        let scripts = BTreeSet::from(["users", "users@v1", "orders/new", "unplanned"]);
        let (found, missing) = positions(PLAN, &scripts);
        let found: Vec<_> =
            found.iter().map(|(script, (at, key))| (script.as_str(), *at, key.as_str())).collect();
        assert_eq!(
            found,
            [("orders/new", 2, "orders/new"), ("users", 3, "users#2"), ("users@v1", 1, "users")]
        );
        assert_eq!(missing, ["gone"]);
    }

    #[test]
    fn a_reworked_change_without_its_old_script_is_missing() {
        let (found, missing) = positions(PLAN, &BTreeSet::from(["users", "orders/new", "gone"]));
        assert_eq!(found["users"], (3, "users#2".into()));
        assert_eq!(missing, ["users"]);
    }
}
