//! Paths of included files. Liquibase looks for them below its search path, which the imported folder can be above or below of.

use std::collections::BTreeSet;

/// Returns a path from the folder of the file that includes it, or from a folder above.
fn joined(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn without_scheme(path: &str) -> &str {
    path.trim_start_matches("classpath*:").trim_start_matches("classpath:")
}

fn is_below(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// Returns `true` if two paths name one file, from different folders.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (without_scheme(a), without_scheme(b));
    is_below(a, b) || is_below(b, a)
}

/// Finds a path among those of the folder: itself, else the one that ends with it or the longest that it ends with.
pub(super) fn find<'a>(
    all: &BTreeSet<&'a str>,
    from: &str,
    path: &str,
    is_relative: bool,
) -> Option<&'a str> {
    let path = path.replace('\\', "/");
    if is_relative {
        return all.get(joined(from, &path)?.as_str()).copied();
    }
    let path = joined("", without_scheme(&path))?;
    let exact = all.get(path.as_str()).copied();
    let mut longer = all.iter().filter(|one| is_below(one, &path));
    let one = longer.next().copied().filter(|_| longer.next().is_none());
    let shorter = || {
        all.iter().filter(|one| !one.is_empty() && is_below(&path, one)).max_by_key(|one| one.len()).copied()
    };
    exact.or(one).or_else(shorter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_included_path_is_found_from_every_folder() {
        let all = BTreeSet::from(["db/a.sql", "db/x/b.sql", "c.sql", "y/c.sql", "y/d.sql", "z/d.sql"]);
        for (from, path, relative, expected) in [
            ("db/master.xml", "x/b.sql", true, Some("db/x/b.sql")),
            ("db/x/master.xml", "../a.sql", true, Some("db/a.sql")),
            ("master.xml", "../a.sql", true, None),
            ("db/master.xml", "db/a.sql", false, Some("db/a.sql")),
            ("master.xml", "classpath:/a.sql", false, Some("db/a.sql")),
            ("master.xml", "classpath:app/db/x/b.sql", false, Some("db/x/b.sql")),
            ("master.xml", "c.sql", false, Some("c.sql")),
            ("master.xml", "d.sql", false, None),
            ("master.xml", "e.sql", false, None),
        ] {
            assert_eq!(find(&all, from, path, relative), expected, "{path}");
        }
        assert!(
            is_same("a.sql", "db/a.sql")
                && is_same("classpath:a.sql", "a.sql")
                && is_same("db/a.sql", "a.sql")
                && !is_same("ba.sql", "a.sql")
        );
    }
}
