//! Grafana dashboard of the project, with a row per service.
//!
//! <https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/>

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::deployment::DeploymentPlan;
use martydb_model::error::Result;
use martydb_model::hex;
use martydb_model::metrics::{PANELS, Panel, PanelKind, Reach, of_project};

/// Schema version of Grafana 11 and later; older versions read it too.
const SCHEMA_VERSION: u32 = 39;

/// Number of columns of the grid.
const GRID: u32 = 24;

/// Maximum length of a `uid` in Grafana.
const LONGEST_UID: usize = 40;

pub(crate) fn dashboard(plan: &DeploymentPlan<'_>) -> Result<String> {
    let project = &plan.manifest.project;
    let mut panels = vec![];
    let mut next = PanelGrid::default();
    panels.push(next.row("The project", None));
    next.fill(&mut panels, Reach::Project, project);
    panels.push(next.row("$service", Some("service")));
    next.fill(&mut panels, Reach::Service, project);
    let dashboard = json!({
        "uid": uid(project),
        "title": format!("martydb: {project}"),
        "tags": ["martydb", "postgresql"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": { "from": "now-6h", "to": "now" },
        "timezone": "browser",
        "templating": { "list": [datasource(), services(project)] },
        "annotations": { "list": [] },
        "links": [],
        "panels": panels,
    });
    Ok(serde_json::to_string_pretty(&dashboard).expect("plain data") + "\n")
}

/// Returns an id that is always the same for a project, so that links to the dashboard stay valid.
fn uid(project: &str) -> String {
    let plain = format!("martydb-{project}");
    let fits =
        plain.len() <= LONGEST_UID && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if fits {
        return plain;
    }
    format!("martydb-{}", hex::encode(&Sha256::digest(project)[..16]))
}

fn datasource() -> Value {
    json!({ "name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus" })
}

/// Returns the variable that selects services; all by default, and each has a row.
fn services(project: &str) -> Value {
    let query = format!("label_values({}, service)", of_project("martydb_service_info", project));
    json!({
        "name": "service",
        "label": "Service",
        "type": "query",
        "datasource": { "type": "prometheus", "uid": "${datasource}" },
        "query": { "query": query, "refId": "services" },
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": true,
        "includeAll": true,
        "current": { "selected": true, "text": ["All"], "value": ["$__all"] },
    })
}

/// Position of the next panel.
#[derive(Default)]
struct PanelGrid {
    id: u32,
    x: u32,
    y: u32,
    /// Height of the current line of panels.
    height: u32,
}

impl PanelGrid {
    fn place(&mut self, width: u32, height: u32) -> (u32, Value) {
        if self.x + width > GRID || height != self.height {
            (self.x, self.y, self.height) = (0, self.y + self.height, height);
        }
        self.id += 1;
        let place = json!({ "x": self.x, "y": self.y, "w": width, "h": height });
        self.x += width;
        (self.id, place)
    }

    fn row(&mut self, title: &str, repeat: Option<&str>) -> Value {
        let (id, place) = self.place(GRID, 1);
        let row = json!({
            "id": id, "type": "row", "title": title, "gridPos": place, "collapsed": false, "panels": [],
        });
        let Some(repeat) = repeat else { return row };
        let mut row = row;
        row["repeat"] = json!(repeat);
        row
    }

    fn fill(&mut self, panels: &mut Vec<Value>, reach: Reach, project: &str) {
        for panel in PANELS.iter().filter(|panel| panel.reach == reach) {
            let (width, height) = if panel.kind == PanelKind::Lines { (8, 7) } else { (4, 4) };
            let (id, place) = self.place(width, height);
            panels.push(shown(panel, id, place, project));
        }
    }
}

fn shown(panel: &Panel, id: u32, place: Value, project: &str) -> Value {
    let source = json!({ "type": "prometheus", "uid": "${datasource}" });
    let targets: Vec<Value> = panel
        .queries
        .iter()
        .zip('A'..='Z')
        .map(|((query, legend), name)| {
            json!({
                "refId": name.to_string(),
                "datasource": source,
                "expr": of_project(query, project),
                "legendFormat": legend,
            })
        })
        .collect();
    let kind = if panel.kind == PanelKind::Lines { "timeseries" } else { "stat" };
    json!({
        "id": id,
        "type": kind,
        "title": panel.title,
        "datasource": source,
        "gridPos": place,
        "fieldConfig": { "defaults": defaults(panel), "overrides": [] },
        "options": options(panel.kind),
        "targets": targets,
    })
}

fn defaults(panel: &Panel) -> Value {
    let steps = |below: &str, from: &str, at: f64| json!({ "mode": "absolute", "steps": [{ "color": below, "value": null }, { "color": from, "value": at }] });
    match panel.kind {
        PanelKind::Lines => json!({ "unit": panel.unit, "min": 0 }),
        PanelKind::Value => json!({ "unit": panel.unit, "color": { "mode": "fixed", "fixedColor": "text" } }),
        PanelKind::GoodIfOne => json!({
            "unit": panel.unit,
            "thresholds": steps("red", "green", 1.0),
            "mappings": [{ "type": "value", "options": { "0": { "text": "no" }, "1": { "text": "yes" } } }],
        }),
        PanelKind::GoodIfZero => json!({ "unit": panel.unit, "thresholds": steps("green", "red", 1.0) }),
    }
}

fn options(kind: PanelKind) -> Value {
    match kind {
        PanelKind::Lines => {
            json!({ "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true } })
        }
        PanelKind::Value => json!({ "colorMode": "value", "reduceOptions": { "calcs": ["lastNotNull"] } }),
        _ => json!({ "colorMode": "background", "reduceOptions": { "calcs": ["lastNotNull"] } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_one_uid_that_grafana_takes() {
        assert_eq!(uid("movie-booking"), "martydb-movie-booking");
        for odd in ["a project", &"x".repeat(60), "é"] {
            assert!(uid(odd).len() <= LONGEST_UID && uid(odd) == uid(odd), "{odd}");
        }
        assert_ne!(uid(&"x".repeat(60)), uid(&"x".repeat(61)));
    }
}
