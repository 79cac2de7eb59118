//! A change of models, as `examples/marty/models` has it: revision, upgrade, downgrade.

use crate::relay::programs;
use crate::support::{Project, Server};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/marty/models");

/// Returns the output of the models, by SQLAlchemy if this machine has it; the files have the same.
fn printed(program: &str, file: &str) -> String {
    let text = std::fs::read_to_string(format!("{MODELS}/{file}")).unwrap();
    if let Some(models) = programs::python(&format!("marty/models/{program}"), "sqlalchemy") {
        let done = models().env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(String::from_utf8(done.stdout).unwrap(), text, "{file}");
    }
    text
}

#[test]
fn a_changed_model_becomes_a_revision() {
    let server = Server::start();
    let url = server.url();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: dcm\nservers:\n  main:\n    url: {url}\nservices:\n  dcm_signer:\n"
    ));
    std::fs::create_dir_all(project.path().join("dcm_signer/migrations")).unwrap();
    project.run(&["apply", "--all", "-y"]).expect(0);
    let revision = |file: &str, message: &str| {
        project.run(&["revision", "dcm_signer", "--from", file, "-m", message]).expect(0);
        project.run(&["upgrade", "dcm_signer"]).expect(0);
    };
    project.write("schema.sql", &printed("models.py", "schema.sql"));
    revision("schema.sql", "credential offers");
    let former = server.catalog("dcm_signer");
    server.sql(
        "dcm_signer",
        "WITH o AS (INSERT INTO credential_offers (credential_issuer) VALUES ('https://x') RETURNING id)
         INSERT INTO access_tokens (offer_id, token_digest, scope) SELECT id, 'd', 's' FROM o",
    );
    project.write("schema.sql", &printed("consents.py", "schema_with_consents.sql"));
    revision("schema.sql", "add user consent tracking");
    let joined = "SELECT count(*) FROM access_tokens t LEFT JOIN user_consents c USING (offer_id) WHERE t.audience IS NULL";
    assert_eq!(server.value("dcm_signer", joined), "1");
    project.run(&["downgrade", "dcm_signer", "-y"]).expect(0);
    assert_eq!(former.differences(&server.catalog("dcm_signer")), []);
    assert_eq!(server.value("dcm_signer", "SELECT count(*) FROM access_tokens"), "1");
}
