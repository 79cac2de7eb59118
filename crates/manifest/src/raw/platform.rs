//! The key `platform`.

use schemars::JsonSchema;
use serde::Deserialize;

/// Provider of a managed server: what it does not let customers change is a limit, not a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawPlatform {
    /// Amazon RDS.
    Rds,
    /// Amazon Aurora.
    Aurora,
    /// Google Cloud SQL.
    Cloudsql,
    /// Google AlloyDB.
    Alloydb,
    /// Azure Database, flexible server.
    Azure,
    /// Supabase.
    Supabase,
    /// Neon.
    Neon,
    /// CloudNativePG.
    Cnpg,
    /// Crunchy Data's operator.
    Crunchy,
}

impl RawPlatform {
    /// Returns the name as the manifest writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            RawPlatform::Rds => "rds",
            RawPlatform::Aurora => "aurora",
            RawPlatform::Cloudsql => "cloudsql",
            RawPlatform::Alloydb => "alloydb",
            RawPlatform::Azure => "azure",
            RawPlatform::Supabase => "supabase",
            RawPlatform::Neon => "neon",
            RawPlatform::Cnpg => "cnpg",
            RawPlatform::Crunchy => "crunchy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::platform::PLATFORMS;

    #[test]
    fn the_manifest_knows_the_platforms_of_the_table() {
        for platform in PLATFORMS {
            let read: RawPlatform = serde_yaml::from_str(platform.name).unwrap();
            assert_eq!(read.name(), platform.name);
        }
    }
}
