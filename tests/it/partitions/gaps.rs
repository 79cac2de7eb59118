//! Partitions of another time zone or width, and tables with long names.

use super::{parts_of, project};
use crate::support::{Admin, Server};

const TABLES: &str = "CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE hours (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE measurements_of_all_the_weather_stations_by_sensor_and_hour (at date NOT NULL) PARTITION BY RANGE (at);
DO $$ DECLARE d timestamptz := date_trunc('day', now(), 'UTC'); h timestamptz := date_trunc('hour', now()); BEGIN
  FOR i IN -1..1 LOOP EXECUTE format('CREATE TABLE events_%s PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
    to_char((d + i * interval '1 day') AT TIME ZONE 'UTC', 'YYYYMMDD'), d + i * interval '1 day' + interval '5h', d + (i + 1) * interval '1 day' + interval '5h'); END LOOP;
  FOR i IN 0..1 LOOP EXECUTE format('CREATE TABLE hours_%s PARTITION OF hours FOR VALUES FROM (%L) TO (%L)', i,
    h - interval '1h' + i * interval '3h', h + interval '1h' + i * interval '3h'); END LOOP;
END $$;\n";

/// Hours from the present one to the end of the day after tomorrow whose rows have no partition.
fn without(server: &Server, table: &str) -> String {
    let sql = format!(
        "CREATE FUNCTION pg_temp.lacks(a timestamptz) RETURNS boolean LANGUAGE plpgsql AS
         'BEGIN INSERT INTO {table} VALUES (a); RETURN false; EXCEPTION WHEN check_violation THEN RETURN true; END';
         SELECT count(*)::text FROM generate_series(date_trunc('hour', now()), date_trunc('day', now(), 'UTC') + interval '71h', '1h') a WHERE pg_temp.lacks(a)"
    );
    server.value("prg_a", &sql)
}

#[test]
fn times_between_partitions_of_others_get_partitions_or_are_named() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "prg", "{ by: day, key: at, ahead: 2 }", TABLES);
    let long = "measurements_of_all_the_weather_stations_by_sensor_and_hour";
    let rule = "{ by: day, key: at, ahead: 2 }";
    let text = project.read("martydb.yaml");
    let all = format!("      public.hours: {rule}\n      public.{long}: {rule}\n");
    project.write("martydb.yaml", &text.replace(&format!("{rule}\n"), &format!("{rule}\n{all}")));
    let shown = project.json(&["status", "--check"], 3);
    let of = |shown: &serde_json::Value, table: &str| {
        let rows = shown["partitions"].as_array().or(shown["tables"].as_array()).unwrap();
        rows.iter().find(|row| row["table"] == format!("public.{table}")).unwrap().clone()
    };
    let hours = of(&shown, "hours");
    assert_eq!(
        (hours["state"].as_str(), hours["gaps"].as_array().unwrap().len()),
        (Some("incomplete"), 1),
        "{hours:#}"
    );
    let done = project.json(&["partitions", "--once"], 0);
    for table in ["events", "hours"] {
        let row = of(&done, table);
        assert_eq!(
            (row["state"].as_str(), row["gaps"].as_array().unwrap().len()),
            (Some("ok"), 0),
            "{row:#}"
        );
        assert_eq!(without(&server, table), "0", "{table}");
    }
    let names = parts_of(&server, "prg_a", long);
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names.iter().all(|name| name.len() <= 63 && name.starts_with("measurements_of_all_the_weather")),
        "{names:?}"
    );
    let again = project.json(&["partitions", "--once"], 0);
    assert!(
        again["tables"].as_array().unwrap().iter().all(|row| row["made"] == serde_json::json!([])),
        "{again:#}"
    );
    let _whole = project.run(&["status", "--check"]).expect(0);
}

#[test]
fn errors_of_several_tables_stand_on_lines_of_their_own() {
    let server = Server::start();
    let plain =
        "CREATE TABLE events (at timestamptz NOT NULL);\nCREATE TABLE others (at timestamptz NOT NULL);\n";
    let rule = "{ by: day, key: at }";
    let project = project(&server, Admin::Super, "prl", rule, plain);
    let text = project.read("martydb.yaml");
    let more = format!("{rule}\n      public.others: {rule}\n");
    project.write("martydb.yaml", &text.replace(&format!("{rule}\n"), &more));
    let done = project.run(&["partitions", "--once"]).expect(2);
    let errors = done.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 2, "{}", done.stderr);
}
