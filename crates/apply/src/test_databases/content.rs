//! Digest of a template's content. Pure.

use sha2::{Digest, Sha256};

use martydb_migrate::files::MigrationFolder;
use martydb_model::hex;
use martydb_model::{DatabaseParameters, DesiredServer, DesiredService};

/// Number of hexadecimal digits in a template's name.
const DIGITS: usize = 32;

/// Returns the declared parameters as text; empty if there are none.
fn parameters(declared: &DatabaseParameters) -> Vec<String> {
    let made = &declared.made_with;
    let rows = [
        ("encoding", made.encoding.map(str::to_owned)),
        ("collate", made.lc_collate.clone()),
        ("ctype", made.lc_ctype.clone()),
        ("provider", made.provider.map(|provider| provider.word().to_owned())),
        ("locale", made.locale.clone()),
        ("rules", made.icu_rules.clone()),
        ("tablespace", declared.tablespace.clone()),
    ];
    let rows = rows.into_iter().filter_map(|(key, value)| Some(format!("{key} {}", value?)));
    rows.chain(declared.settings.iter().map(|(name, value)| format!("setting {name}={value}"))).collect()
}

/// Returns a digest of all inputs of a migrated database: the files, the objects that `apply` creates before them,
/// the server's major version, and martydb's version, because its tables are included.
pub(crate) fn digest(
    desired: &DesiredServer,
    service: &DesiredService,
    folder: &MigrationFolder,
    major: u32,
) -> String {
    let mut parts = vec![env!("CARGO_PKG_VERSION").to_owned(), major.to_string()];
    parts.extend([desired.project.clone(), service.name.to_string()]);
    parts.extend(service.roles.iter().map(|(kind, role)| format!("{}: {role}", kind.key())));
    parts.extend(service.schemas.iter().map(|schema| format!("schema {schema}")));
    parts.extend(service.extensions.iter().map(|one| {
        let schema = one.schema.as_ref().map_or("-", |schema| schema.as_str());
        format!("extension {} in {schema}", one.name)
    }));
    parts.extend(parameters(&service.parameters));
    for migration in &folder.for_new(None).migrations {
        let kind = if migration.waived.is_empty() { "V" } else { "waived V" };
        parts.push(format!("{kind}{}__{}", migration.version, migration.name));
        parts.push(migration.up.text.to_string());
    }
    for repeatable in &folder.repeatables {
        parts.extend([format!("R__{}", repeatable.name), repeatable.file.text.to_string()]);
    }
    let mut digest = Sha256::new();
    for part in parts {
        // The length separates the parts: different lists never give the same bytes.
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())[..DIGITS].to_owned()
}
