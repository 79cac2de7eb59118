//! Custom resources: as strict as the schemas of their projects allow, and what an operator makes of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::network;
use crate::support::{ADMIN_PASSWORD, Project, Server};

/// The schema of a kind, in which a key that it does not name is an error.
fn schema(kind: &str) -> Option<Value> {
    let text = match kind {
        "Cluster" => include_str!("crds/clusters.json"),
        "Database" => include_str!("crds/databases.json"),
        "DatabaseRole" => include_str!("crds/databaseroles.json"),
        "PodMonitor" => include_str!("crds/podmonitors.json"),
        "PrometheusRule" => include_str!("crds/prometheusrules.json"),
        "ServiceMonitor" => include_str!("crds/servicemonitors.json"),
        "Pooler" => include_str!("crds/poolers.json"),
        "ScheduledBackup" => include_str!("crds/scheduledbackups.json"),
        "ExternalSecret" => include_str!("crds/externalsecrets.json"),
        _ => return None,
    };
    let mut definition: Value = serde_json::from_str(text).unwrap();
    close(&mut definition["schema"]);
    Some(definition)
}

/// Forbids the keys that the API server would drop silently.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(all) => {
            let open = all.contains_key("additionalProperties")
                || all.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
            if all.get("properties").is_some_and(Value::is_object) && !open {
                all.insert("additionalProperties".into(), false.into());
            }
            all.values_mut().for_each(close);
        }
        Value::Array(all) => all.iter_mut().for_each(close),
        _ => {}
    }
}

pub(crate) fn objects(text: &str) -> Vec<Value> {
    network::objects(text).iter().map(|object| serde_json::to_value(object).unwrap()).collect()
}

pub(crate) fn problems(object: &Value) -> Option<Vec<String>> {
    let mut definition = schema(object["kind"].as_str().unwrap())?;
    let version =
        format!("{}/{}", definition["group"].as_str().unwrap(), definition["version"].as_str().unwrap());
    assert_eq!(object["apiVersion"], version, "{object:#}");
    // Metadata is checked by the API server itself.
    let mut schema = definition["schema"].take();
    schema["properties"]["metadata"] = serde_json::json!({ "type": "object" });
    let validator = jsonschema::validator_for(&schema).unwrap();
    Some(validator.iter_errors(object).map(|error| format!("{}: {error}", error.instance_path())).collect())
}

/// Features that operators provide on demand.
const EVERYTHING: &str = "monitor: true\ndeploy:\n  pooler: { mode: transaction }\n  backup: { object_store: barman }\n  pod_monitor: true\n\
     \x20 prometheus: { operator: true, labels: { release: prometheus } }\n  startup_time: 2h\n  certificates: { issuer: internal }\n\
     \x20 pods: { annotations: { example.com/team: db }, node_selector: { pool: db }, priority_class: db, pull_secrets: [registry], spread: zone }";

#[test]
fn the_operators_schemas_accept_every_custom_resource() {
    let mut kinds = BTreeMap::new();
    for target in ["cloudnative-pg", "external-secrets"] {
        let manifest = super::manifest_for(target).replace("deploy:", EVERYTHING);
        // The monitor's login is on both servers.
        let manifest = manifest.replace("{ name: vault }", "{ name: vault, key: 'martydb/{server}/{role}' }");
        let project = Project::with_manifest(&manifest);
        for object in objects(&project.run(&["render", target]).expect(0).stdout) {
            let Some(problems) = problems(&object) else { continue };
            assert_eq!(problems, [""; 0], "{object:#}");
            *kinds.entry(object["kind"].as_str().unwrap().to_owned()).or_insert(0) += 1;
            let mut misspelt = object.clone();
            misspelt["spec"]["nonsense"] = 1.into();
            assert_ne!(self::problems(&misspelt).unwrap(), [""; 0], "the schema takes anything");
        }
    }
    let expected = [
        ("Cluster", 2),
        ("Database", 2),
        ("DatabaseRole", 2),
        ("ExternalSecret", 11),
        ("PodMonitor", 2),
        ("Pooler", 2),
        ("PrometheusRule", 1),
        ("ScheduledBackup", 2),
        ("ServiceMonitor", 1),
    ];
    assert_eq!(kinds, expected.map(|(kind, count)| (kind.to_owned(), count)).into());
}

/// Go's `url.QueryEscape`, which the templates call `urlquery`.
fn urlquery(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Returns the result of the operator for one of martydb's templates, whose three kinds of action are known.
fn filled(template: &str, password: &str) -> String {
    let in_url = urlquery(password).replace('+', "%20");
    let filled = template
        .replace("{{ .password | urlquery | replace \"+\" \"%20\" }}", &in_url)
        .replace("{{ .password }}", password);
    assert!(!filled.replace("{{ \"{{\" }}", "").contains("{{"), "{template}");
    filled.replace("{{ \"{{\" }}", "{{")
}

/// The two ways to a Secret give the same one, for a password that every step could take for something else.
#[test]
fn the_operator_fetches_the_keys_of_secrets_export() {
    let server = Server::start();
    let awkward = "p@s:s/w%2Bo'r\"d\\ é$(x)${y}#&?=+";
    let text = format!(
        "version: 1\nproject: es\ndeploy: {{ secret_store: {{ name: vault }} }}\nservers:\n  main: {{ url: 'postgresql://postgres@127.0.0.1:{}/postgres', password_env: OWN, deploy: {{ cidrs: [127.0.0.1/32] }} }}\nservices:\n  es_a: {{ roles: {{ app: 'es x@/app' }}, access: {{ es_BI: {{ login: true, read: [es_a], reason: test }} }} }}\n",
        server.port
    );
    let project = Project::with_manifest(&text);
    let stored = serde_json::json!({ "main": { "es x@/app": awkward, "es_a_migrator": "m", "es_a_ro": "r", "es_BI": "b" } });
    super::secrets::store(&project, &stored);
    let mut apply = project.command(&["apply", "--all", "-y"]);
    apply.env("OWN", ADMIN_PASSWORD);
    project.finish(apply).expect(0);
    let export = ["secrets", "export", "--format", "kubernetes", "--values", "--out", "s.yaml", "--role"];
    for (role, password) in [("app", awkward), ("migrator", "m"), ("readonly", "r")] {
        project.run(&[export.as_slice(), &[role]].concat()).expect(0);
        let written = objects(&project.read("s.yaml"));
        let rendered = objects(&project.run(&["render", "external-secrets"]).expect(0).stdout);
        // The further login's key is beneath the application's.
        assert_eq!(written.len(), if role == "app" { 2 } else { 1 }, "{written:#?}");
        for exported in written {
            let name = &exported["metadata"]["name"];
            let password = if *name == "access-main-es-bi" { "b" } else { password };
            let secret = rendered.iter().find(|object| object["metadata"]["name"] == *name).unwrap();
            let template = secret["spec"]["target"]["template"]["data"].as_object().unwrap();
            let data: BTreeMap<String, String> = template
                .iter()
                .map(|(key, text)| (key.clone(), filled(text.as_str().unwrap(), password)))
                .collect();
            assert_eq!(serde_json::to_value(&data).unwrap(), exported["stringData"]);
            assert_eq!(super::secrets::who(&data["DATABASE_URL"]).split(" in ").last(), Some("es_a"));
        }
    }
}
