//! Metric names in a PromQL expression.

/// Returns the words of an expression that are metrics of martydb.
pub fn named(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("martydb_"))
}

/// Restricts an expression to one project, since several may share a Prometheus.
pub fn of_project(expression: &str, project: &str) -> String {
    // Escapes of a Go string, <https://prometheus.io/docs/prometheus/latest/querying/basics/#string-literals>.
    let project = project.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let matcher = format!("project=\"{project}\"");
    let mut out = String::new();
    let mut rest = expression;
    while let Some(at) = rest.find("martydb_") {
        let name = &rest[at..];
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        out.push_str(&rest[..at + end]);
        rest = &rest[at + end..];
        match rest.strip_prefix('{') {
            Some(others) => {
                out.push_str(&format!("{{{matcher},"));
                rest = others;
            }
            None => out.push_str(&format!("{{{matcher}}}")),
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_of_an_expression_is_one_projects() {
        let text = "martydb_a > 2 * on (job) group_left () martydb_b{check=\"x\"} or absent(martydb_c)";
        let expected = "martydb_a{project=\"p\"} > 2 * on (job) group_left () martydb_b{project=\"p\",check=\"x\"} \
                        or absent(martydb_c{project=\"p\"})";
        assert_eq!(of_project(text, "p"), expected);
        assert_eq!(named(text).collect::<Vec<_>>(), ["martydb_a", "martydb_b", "martydb_c"]);
        assert_eq!(of_project("martydb_a", "a\"\\"), "martydb_a{project=\"a\\\"\\\\\"}");
    }
}
