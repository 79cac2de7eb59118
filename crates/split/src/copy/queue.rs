//! Order of tasks in a copy: parts of tables first, the largest first; then the indexes of each complete table; last
//! the tasks that need several tables, when nothing else of the service remains.

use std::collections::{BTreeMap, VecDeque};

use crate::state::target::Deferred;

/// Rank of an index, which needs only its table.
const INDEX_RANK: i32 = 10;

/// Rank between indexes, which are analyzed too, and foreign keys, which are checked faster afterwards.
const ANALYZE_RANK: i32 = 50;

/// Task of one worker.
#[derive(Debug, Clone)]
pub(super) struct CopyTask {
    /// Index of the service.
    pub target: usize,
    pub work: CopyWork,
}

#[derive(Debug, Clone)]
pub(super) enum CopyWork {
    /// Part of a table, by the table's index.
    Part {
        table: usize,
        part: i32,
    },
    PutBack(Deferred),
    /// Statistics of a table.
    Analyze(String),
}

/// Part that is not loaded yet.
#[derive(Debug, Clone)]
pub(super) struct MissingPart {
    pub table: usize,
    pub part: i32,
    /// Target table.
    pub into: String,
    pub bytes: i64,
}

/// Remaining tasks of one service.
#[derive(Debug, Default)]
struct TargetQueue {
    /// Number of missing parts, by their target table.
    missing: BTreeMap<String, usize>,
    /// Indexes by table, which wait for its parts.
    waiting: BTreeMap<String, Vec<Deferred>>,
    /// Later tasks, by rank.
    later: BTreeMap<i32, Vec<CopyWork>>,
    /// Number of tasks that are running or ready.
    open: usize,
}

/// All remaining tasks.
#[derive(Debug, Default)]
pub(super) struct CopyQueue {
    targets: Vec<TargetQueue>,
    ready: VecDeque<CopyTask>,
    parts: Vec<(i64, CopyTask, String)>,
}

impl CopyQueue {
    /// Adds a service: its parts, the deferred objects, and the tables to analyze.
    pub(super) fn add(&mut self, parts: Vec<MissingPart>, deferred: Vec<Deferred>, tables: Vec<String>) {
        let at = self.targets.len();
        let mut target = TargetQueue::default();
        for one in deferred {
            match one.rank {
                INDEX_RANK => target.waiting.entry(one.relation.clone()).or_default().push(one),
                rank => target.later.entry(rank).or_default().push(CopyWork::PutBack(one)),
            }
        }
        target.later.insert(ANALYZE_RANK, tables.into_iter().map(CopyWork::Analyze).collect());
        for MissingPart { table, part, into, bytes } in parts {
            *target.missing.entry(into.clone()).or_default() += 1;
            target.open += 1;
            self.parts.push((bytes, CopyTask { target: at, work: CopyWork::Part { table, part } }, into));
        }
        self.targets.push(target);
        self.parts.sort_by_key(|(bytes, ..)| *bytes);
        self.release(at);
    }

    /// Returns the next task, if one is ready.
    pub(super) fn next(&mut self) -> Option<CopyTask> {
        self.ready.pop_front().or_else(|| self.parts.pop().map(|(_, task, _)| task))
    }

    /// Marks a task as done; `into` is the target table of a part.
    pub(super) fn done(&mut self, task: &CopyTask, into: Option<&str>) {
        let target = &mut self.targets[task.target];
        target.open -= 1;
        if let Some(missing) = into.and_then(|into| target.missing.get_mut(into)) {
            *missing -= 1;
        }
        self.release(task.target);
    }

    /// Returns `true` if no tasks remain, including running ones.
    pub(super) fn is_finished(&self) -> bool {
        self.targets.iter().all(|target| target.open == 0)
    }

    /// Makes tasks ready that wait for nothing any more.
    fn release(&mut self, at: usize) {
        let target = &mut self.targets[at];
        let missing = &target.missing;
        let all = missing.values().all(|parts| *parts == 0);
        let full = |table: &String| missing.get(table).map_or(all, |parts| *parts == 0);
        let tables: Vec<String> = target.waiting.keys().filter(|table| full(table)).cloned().collect();
        let mut found: Vec<CopyWork> = vec![];
        for table in tables {
            found.extend(target.waiting.remove(&table).into_iter().flatten().map(CopyWork::PutBack));
        }
        while target.open == 0 && found.is_empty() {
            match target.later.pop_first() {
                Some((_, next)) => found = next,
                None => break,
            }
        }
        target.open += found.len();
        self.ready.extend(found.into_iter().map(|work| CopyTask { target: at, work }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deferred(rank: i32, relation: &str, name: &str) -> Deferred {
        let [relation, name] = [relation, name].map(str::to_owned);
        Deferred { id: 0, rank, relation, kind: "index".into(), name, definition: String::new() }
    }

    fn part(table: usize, part: i32, into: &str, bytes: i64) -> MissingPart {
        MissingPart { table, part, into: into.into(), bytes }
    }

    /// Returns the order of one worker.
    fn run(queue: &mut CopyQueue, into: &[&str]) -> Vec<String> {
        let mut said = vec![];
        while let Some(task) = queue.next() {
            let position = match &task.work {
                CopyWork::Part { table, .. } => Some(into[*table]),
                _ => None,
            };
            said.push(match &task.work {
                CopyWork::Part { table, part } => format!("part {table}.{part}"),
                CopyWork::PutBack(one) => one.name.clone(),
                CopyWork::Analyze(table) => format!("analyze {table}"),
            });
            queue.done(&task, position);
        }
        assert!(queue.is_finished());
        said
    }

    #[test]
    fn indexes_follow_their_table_and_foreign_keys_come_last() {
        let mut queue = CopyQueue::default();
        queue.add(
            vec![part(0, 0, "a", 5), part(1, 0, "b", 9), part(1, 1, "b", 9)],
            vec![
                deferred(100, "a", "fk"),
                deferred(10, "b", "b_i"),
                deferred(10, "a", "a_i"),
                deferred(20, "p", "p_i"),
            ],
            vec!["a".into(), "b".into()],
        );
        assert_eq!(
            run(&mut queue, &["a", "b"]),
            ["part 1.1", "part 1.0", "b_i", "part 0.0", "a_i", "p_i", "analyze a", "analyze b", "fk"]
        );
    }

    #[test]
    fn a_copy_that_was_interrupted_goes_on_with_what_is_missing() {
        let mut queue = CopyQueue::default();
        queue.add(vec![], vec![deferred(10, "a", "a_i"), deferred(100, "a", "fk")], vec![]);
        assert_eq!(run(&mut queue, &[]), ["a_i", "fk"]);
        let mut queue = CopyQueue::default();
        queue.add(vec![], vec![], vec![]);
        assert!(queue.is_finished() && queue.next().is_none());
    }
}
