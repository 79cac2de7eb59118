//! A file for each object, with a kustomization.

use std::collections::BTreeMap;
use std::process::Command;

use serde_yaml::Value;

use super::MANIFEST;
use super::network::objects;
use crate::support::Project;

/// Objects by kind and name.
fn by_name(all: Vec<Value>) -> BTreeMap<(String, String), Value> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.into_iter().map(|one| ((text(&one["kind"]), text(&one["metadata"]["name"])), one)).collect()
}

fn names(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.path().join("k8s")).unwrap();
    let mut all: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

const OUT: [&str; 4] = ["render", "kubernetes", "--out", "k8s"];

#[test]
fn a_kustomization_of_the_files_equals_the_single_document() {
    let project = Project::with_manifest(MANIFEST);
    let document = by_name(objects(&project.run(&OUT[..2]).expect(0).stdout));
    project.run(&OUT).expect(0);
    let kustomization: Value = serde_yaml::from_str(&project.read("k8s/kustomization.yaml")).unwrap();
    let resources: Vec<&str> =
        kustomization["resources"].as_sequence().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(resources.len(), document.len());
    let parse = |name: &&str| serde_yaml::from_str(&project.read(&format!("k8s/{name}"))).unwrap();
    assert_eq!(by_name(resources.iter().map(parse).collect()), document);
    assert!(resources.contains(&"job-init-all.yaml"), "the Job's name has a digest, its file has none");
    let built = Command::new("kubectl").args(["kustomize", "k8s"]).current_dir(project.path()).output();
    let Ok(built) = built else { return eprintln!("kubectl is not installed: this is NOT tested") };
    assert!(built.status.success(), "{built:?}");
    let built = format!("---\n{}", String::from_utf8(built.stdout).unwrap());
    assert_eq!(by_name(objects(&built)), document);
}

#[test]
fn the_projects_image_excludes_the_passwords() {
    let project = Project::with_manifest(MANIFEST);
    project.run(&OUT).expect(0);
    let text = project.read("k8s/Dockerfile");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines, [&format!("FROM martydb:{}", env!("CARGO_PKG_VERSION")), "COPY . /work"]);
    let left_out = project.read("k8s/Dockerfile.dockerignore");
    assert!(left_out.lines().any(|line| line == "**/.martydb"), "{left_out}");
}

#[test]
fn a_file_that_is_no_longer_rendered_is_removed() {
    let project = Project::with_manifest(MANIFEST);
    project.run(&OUT).expect(0);
    let (before, manifest) = (names(&project), project.read("martydb.yaml"));
    project.write("k8s/own.yaml", "# mine\nkind: Ingress\n");
    project.write("martydb.yaml", &manifest.replace("  billing: { server: two }\n", ""));
    let check = [&OUT[..], &["--check"]].concat();
    let said = project.run(&check).expect(3).stdout;
    assert!(said.contains("k8s/networkpolicy-service-billing.yaml is not rendered any more.\n"), "{said}");
    assert!(
        names(&project).contains(&"networkpolicy-service-billing.yaml".to_owned()),
        "a check writes nothing"
    );
    let said = project.run(&OUT).expect(0).stdout;
    assert!(said.contains("k8s/networkpolicy-service-billing.yaml removed.\n"), "{said}");
    assert!(!names(&project).contains(&"networkpolicy-service-billing.yaml".to_owned()));
    project.run(&check).expect(0);
    project.write("martydb.yaml", &manifest);
    project.run(&OUT).expect(0);
    let mut with_own = before;
    with_own.push("own.yaml".into());
    with_own.sort();
    assert_eq!(names(&project), with_own);
}

#[test]
fn the_folder_of_another_target_is_left_alone() {
    let project = Project::with_manifest(MANIFEST);
    project.run(&["render", "external-secrets", "--out", "k8s"]).expect(0);
    let before = names(&project);
    for arguments in [&OUT[..], &[&OUT[..], &["--check"]].concat()] {
        let refused = project.run(arguments).expect(2);
        assert!(refused.stderr.contains("a folder of its own"), "{}", refused.stderr);
    }
    assert_eq!(names(&project), before);
}
