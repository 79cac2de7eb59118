//! Retention of one service's backups. A period keeps its newest backup, and only periods with a backup count: a service
//! that was not backed up for a while loses nothing by that.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::id::BackupId;
use martydb_model::RetentionPolicy;

/// A backup, as far as retention depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Retainable<'a> {
    pub id: &'a BackupId,
    pub verified: bool,
}

/// Reason for keeping a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RetentionRule {
    Newest,
    LastVerified,
    Last,
    Daily,
    Weekly,
    Monthly,
}

impl RetentionRule {
    pub fn name(self) -> &'static str {
        match self {
            RetentionRule::Newest => "newest",
            RetentionRule::LastVerified => "last verified",
            RetentionRule::Last => "last",
            RetentionRule::Daily => "daily",
            RetentionRule::Weekly => "weekly",
            RetentionRule::Monthly => "monthly",
        }
    }
}

/// Period of a moment: the year, and the number of the period in it.
type PeriodOf = fn(OffsetDateTime) -> (i32, u16);

/// Returns the backups to keep, with the reasons. All of them are of one service, in any order.
pub fn retained<'a>(
    keep: RetentionPolicy,
    backups: &[Retainable<'a>],
) -> BTreeMap<&'a BackupId, Vec<RetentionRule>> {
    let mut newest_first = backups.to_vec();
    newest_first.sort_by(|one, other| other.id.cmp(one.id));
    let mut retained: BTreeMap<&BackupId, Vec<RetentionRule>> = BTreeMap::new();
    let mut stays = |backup: &Retainable<'a>, reason| retained.entry(backup.id).or_default().push(reason);
    if let Some(newest) = newest_first.first() {
        stays(newest, RetentionRule::Newest);
    }
    if let Some(verified) = newest_first.iter().find(|backup| backup.verified) {
        stays(verified, RetentionRule::LastVerified);
    }
    newest_first.iter().take(keep.last).for_each(|backup| stays(backup, RetentionRule::Last));
    let rules: [(usize, RetentionRule, PeriodOf); 3] = [
        (keep.daily, RetentionRule::Daily, |at| (at.year(), at.ordinal())),
        (keep.weekly, RetentionRule::Weekly, |at| (at.to_iso_week_date().0, at.iso_week().into())),
        (keep.monthly, RetentionRule::Monthly, |at| (at.year(), u8::from(at.month()).into())),
    ];
    for (count, reason, period) in rules {
        let mut last = None;
        let newest_of_each = newest_first.iter().filter(|backup| {
            let its = Some(period(backup.id.taken_at()));
            std::mem::replace(&mut last, its) != its
        });
        newest_of_each.take(count).for_each(|backup| stays(backup, reason));
    }
    retained
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(minutes: i64, end: usize) -> BackupId {
        let at = time::macros::datetime!(2024-12-20 00:00 UTC) + time::Duration::minutes(minutes);
        let (date, time) = (at.date(), at.time());
        let text = format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z-orders-{end:08}",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        );
        text.parse().unwrap()
    }

    fn all() -> impl Strategy<Value = Vec<(BackupId, bool)>> {
        // Two years, often several on one day.
        let one = (prop_oneof![0i64..3_000, 0i64..1_000_000], any::<bool>());
        prop::collection::vec(one, 0..60).prop_map(|all| {
            let ids =
                all.into_iter().enumerate().map(|(end, (minutes, verified))| (id(minutes, end), verified));
            let mut ids: Vec<_> = ids.collect();
            ids.sort();
            ids
        })
    }

    fn rules() -> impl Strategy<Value = RetentionPolicy> {
        (0usize..5, 0usize..9, 0usize..6, 0usize..14)
            .prop_map(|(last, daily, weekly, monthly)| RetentionPolicy { last, daily, weekly, monthly })
    }

    fn kept(keep: RetentionPolicy, all: &[(BackupId, bool)]) -> Vec<(BackupId, bool)> {
        let candidates: Vec<_> =
            all.iter().map(|(id, verified)| Retainable { id, verified: *verified }).collect();
        let retained = retained(keep, &candidates);
        all.iter().filter(|(id, _)| retained.contains_key(id)).cloned().collect()
    }

    proptest! {
        #[test]
        fn the_newest_and_the_last_verified_one_stay(keep in rules(), all in all()) {
            let kept = kept(keep, &all);
            prop_assert_eq!(kept.last(), all.last());
            let verified = all.iter().rfind(|(_, verified)| *verified);
            prop_assert!(verified.is_none_or(|verified| kept.contains(verified)));
        }

        #[test]
        fn a_second_time_removes_nothing(keep in rules(), all in all()) {
            let once = kept(keep, &all);
            prop_assert_eq!(kept(keep, &once), once);
        }

        /// The result is the same whether old ones were removed after each backup or all at once: one that a rule keeps stays
        /// until a newer one takes its place.
        #[test]
        fn nothing_is_removed_too_early(keep in rules(), all in all()) {
            let mut store = vec![];
            for backup in &all {
                store.push(backup.clone());
                store = kept(keep, &store);
            }
            prop_assert_eq!(store, kept(keep, &all));
        }

        #[test]
        fn no_more_stay_than_the_rules_say(keep in rules(), all in all()) {
            let most = keep.last + keep.daily + keep.weekly + keep.monthly + 2;
            let kept = kept(keep, &all);
            prop_assert!(kept.len() <= most);
            prop_assert!(kept.len() >= keep.last.min(all.len()));
            prop_assert!(kept.iter().rev().take(keep.last).eq(all.iter().rev().take(keep.last)));
        }

        #[test]
        fn each_of_the_last_days_keeps_its_newest(days in 1usize..9, all in all()) {
            let kept = kept(RetentionPolicy { last: 0, daily: days, weekly: 0, monthly: 0 }, &all);
            let mut newest = BTreeMap::new();
            for (id, _) in &all {
                newest.insert(id.taken_at().date(), id);
            }
            for (_, id) in newest.into_iter().rev().take(days) {
                prop_assert!(kept.iter().any(|(kept, _)| kept == id));
            }
        }
    }

    #[test]
    fn a_week_over_new_year_is_one_week() {
        // Monday 30 December 2024 and Wednesday 1 January 2025.
        let (monday, wednesday) = (id(10 * 24 * 60, 1), id(12 * 24 * 60, 2));
        let keep = RetentionPolicy { last: 0, daily: 0, weekly: 2, monthly: 0 };
        let all = [(monday, false), (wednesday.clone(), false)];
        assert_eq!(kept(keep, &all), [(wednesday, false)]);
    }
}
