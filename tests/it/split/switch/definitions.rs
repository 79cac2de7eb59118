//! Definitions that change at the source while a split is under way.

use super::{LEGACY, Split};

#[test]
fn a_cutover_waits_until_both_sides_are_defined_alike() {
    let split = Split::new();
    split.split(&["copy", "--online", "--until-caught-up"]).expect(0);
    assert_eq!(split.project.json(&["split", "status"], 0)["services"][0]["changed"], serde_json::json!([]));
    for sql in [
        "ALTER TABLE orders ADD COLUMN late text",
        "ALTER TABLE orders ADD CONSTRAINT late_check CHECK (late <> 'x')",
        "CREATE INDEX late_index ON orders (late)",
        "ALTER TABLE order_items ENABLE ROW LEVEL SECURITY",
    ] {
        split.source.sql(LEGACY, sql);
    }
    let status = split.split(&["status"]);
    let status = status.expect(0);
    assert!(status.stdout.contains("public.orders: + column late text"), "{}", status.stdout);
    let refused = split.split(&["cutover", "--service", "orders"]);
    let refused = refused.expect(3);
    for line in [
        "public.orders: + column late text",
        "public.orders: + constraint late_check CHECK ((late <> 'x'::text))",
        "public.orders: + CREATE INDEX late_index ON public.orders USING btree (late)",
        "public.order_items: + row security",
    ] {
        assert!(refused.stderr.contains(line), "{line} in {}", refused.stderr);
    }
    // The source takes the writes as before, and both sides alike let the switch pass.
    split.source.sql(LEGACY, "INSERT INTO orders (note, n) VALUES ('open', 80001)");
    for sql in [
        "ALTER TABLE orders ADD COLUMN late text",
        "ALTER TABLE orders ADD CONSTRAINT late_check CHECK (late <> 'x')",
        "CREATE INDEX late_index ON orders (late)",
        "ALTER TABLE order_items ENABLE ROW LEVEL SECURITY",
    ] {
        split.target.sql("orders", sql);
    }
    assert_eq!(split.project.json(&["split", "status"], 0)["services"][0]["changed"], serde_json::json!([]));
    split.split(&["cutover", "--service", "orders"]).expect(0);
    assert_eq!(split.target.value("orders", "SELECT count(*) FROM orders WHERE n = 80001"), "1");
}

#[test]
fn a_dropped_column_is_noticed_without_a_stream_message() {
    let split = Split::new();
    split.split(&["copy", "--online", "--until-caught-up"]).expect(0);
    split.source.sql(LEGACY, "ALTER TABLE orders DROP COLUMN note CASCADE");
    let refused = split.split(&["cutover", "--service", "orders"]);
    let refused = refused.expect(3);
    assert!(refused.stderr.contains("public.orders: - column note text"), "{}", refused.stderr);
    split.target.sql("orders", "ALTER TABLE orders DROP COLUMN note CASCADE");
    split.split(&["cutover", "--service", "orders"]).expect(0);
}

#[test]
fn an_offline_copy_compares_definitions_too() {
    let split = Split::new();
    split.split(&["copy"]).expect(0);
    split.source.sql(LEGACY, "CREATE INDEX late_index ON orders (n, id)");
    let refused = split.split(&["cutover", "--service", "orders"]);
    let refused = refused.expect(3);
    assert!(refused.stderr.contains("+ CREATE INDEX late_index"), "{}", refused.stderr);
    split.source.sql(LEGACY, "DROP INDEX late_index");
    split.split(&["cutover", "--service", "orders"]).expect(0);
}
