//! Providers of managed servers, and what they reserve for themselves: the one table of platforms.
//!
//! A row hides no path to a service's data: it lists the provider's roles and databases, and the gaps that a customer
//! cannot close. Use of those roles and databases by others is judged as on any server.

pub mod support;

/// A gap that stays open because only the provider can close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProviderGap {
    /// PUBLIC can connect to `template1`.
    Template,
    /// PUBLIC can connect to the maintenance database.
    Maintenance,
    /// PUBLIC can connect to the provider's databases.
    Databases,
    /// The provider's logins have power over the server, such as REPLICATION.
    Logins,
    /// Before PostgreSQL 15, PUBLIC can create objects in schema `public` of every new database.
    PublicSchema,
    /// The customer cannot set `temp_file_limit`.
    TempFiles,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Platform {
    /// Name in the manifest.
    pub name: &'static str,
    /// The provider's roles.
    pub roles: &'static [&'static str],
    /// The provider's databases.
    pub databases: &'static [&'static str],
    /// Roles that identify the platform: present on all of its servers and on no others.
    pub signs: &'static [&'static str],
    /// Gaps that its customers cannot close, if the server agrees.
    pub kept: &'static [ProviderGap],
    /// Place where customers set `temp_file_limit` for the whole server, if they can.
    pub temp_files: Option<&'static str>,
    /// `true` if PUBLIC loses the maintenance database by default; `false` where the provider's own services connect
    /// through PUBLIC.
    pub close_maintenance: bool,
}

const ALL: &[ProviderGap] = &[
    ProviderGap::Template,
    ProviderGap::Maintenance,
    ProviderGap::Databases,
    ProviderGap::Logins,
    ProviderGap::PublicSchema,
    ProviderGap::TempFiles,
];

/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html>
const RDS: Platform = Platform {
    name: "rds",
    roles: &[
        "rds_ad", "rds_iam", "rds_password", "rds_replication", "rds_reserved", "rds_superuser", "rdsadmin",
        "rdsrepladmin", "rdstopmgr", "rdswriteforwarduser",
    ],
    databases: &["rdsadmin"],
    signs: &["rdsadmin", "rds_superuser"],
    kept: ALL,
    temp_files: Some("the DB parameter group"),
    close_maintenance: true,
};

/// Platforms that cannot be distinguished by roles and databases follow the first of them.
pub const PLATFORMS: &[Platform] = &[
    RDS,
    Platform { name: "aurora", temp_files: Some("the DB cluster parameter group"), ..RDS },
    // https://cloud.google.com/alloydb/docs/database-users/about
    Platform {
        name: "alloydb",
        roles: &[
            "alloydbadmin", "alloydbagent", "alloydbconnpooladmin", "alloydbexport", "alloydbiamgroupuser",
            "alloydbiamuser", "alloydbimportexport", "alloydbmetadata", "alloydbobservability",
            "alloydbreplica", "alloydbsqladmin", "alloydbsqllogical", "alloydbsuperuser",
        ],
        databases: &["alloydbadmin", "alloydbmetadata"],
        signs: &["alloydbsuperuser"],
        kept: ALL,
        temp_files: Some("the database flags"),
        close_maintenance: true,
    },
    // https://cloud.google.com/sql/docs/postgres/users
    Platform {
        name: "cloudsql",
        roles: &[
            "cloudsqladmin",
            "cloudsqlagent",
            "cloudsqlconnpooladmin",
            "cloudsqliamgroup",
            "cloudsqliamgroupserviceaccount",
            "cloudsqliamgroupuser",
            "cloudsqliamserviceaccount",
            "cloudsqliamuser",
            "cloudsqlimportexport",
            "cloudsqlinactiveuser",
            "cloudsqllogical",
            "cloudsqlobservability",
            "cloudsqlreplica",
            "cloudsqlsuperuser",
        ],
        databases: &["cloudsqladmin"],
        signs: &["cloudsqladmin", "cloudsqlsuperuser"],
        kept: ALL,
        temp_files: Some("the database flags"),
        close_maintenance: true,
    },
    // https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-servers
    Platform {
        name: "azure",
        roles: &["azure_pg_admin", "azure_superuser", "azuresu", "replication"],
        databases: &["azure_maintenance", "azure_sys"],
        signs: &["azure_pg_admin"],
        kept: ALL,
        temp_files: None,
        close_maintenance: true,
    },
    // https://supabase.com/docs/guides/database/postgres/roles
    Platform {
        name: "supabase",
        roles: &[
            "anon", "authenticated", "authenticator", "dashboard_user", "pgbouncer", "pgsodium_keyholder",
            "pgsodium_keyiduser", "pgsodium_keymaker", "pgtle_admin", "service_role", "supabase_admin",
            "supabase_auth_admin", "supabase_etl_admin", "supabase_functions_admin",
            "supabase_privileged_role", "supabase_read_only_user", "supabase_realtime_admin",
            "supabase_replication_admin", "supabase_storage_admin",
        ],
        databases: &["_supabase"],
        signs: &["supabase_admin"],
        kept: ALL,
        temp_files: None,
        close_maintenance: false,
    },
    // https://neon.com/docs/manage/roles
    Platform {
        name: "neon",
        roles: &["cloud_admin", "neon_service", "neon_superuser"],
        databases: &[],
        signs: &["neon_superuser"],
        kept: ALL,
        temp_files: None,
        close_maintenance: true,
    },
    // https://cloudnative-pg.io/documentation/current/security/
    Platform {
        name: "cnpg",
        roles: &["cnpg_pooler_pgbouncer", "streaming_replica"],
        databases: &[],
        signs: &["streaming_replica"],
        kept: ALL,
        temp_files: Some("spec.postgresql.parameters of the Cluster"),
        close_maintenance: true,
    },
    // https://access.crunchydata.com/documentation/postgres-operator/latest/
    Platform {
        name: "crunchy",
        roles: &["_crunchypgbouncer", "_crunchyrepl", "ccp_monitoring"],
        databases: &[],
        signs: &["_crunchyrepl"],
        kept: ALL,
        temp_files: Some("the parameters of the PostgresCluster"),
        close_maintenance: true,
    },
];

impl Platform {
    pub fn named(name: &str) -> Option<&'static Platform> {
        PLATFORMS.iter().find(|platform| platform.name == name)
    }

    /// Returns the first platform whose identifying roles are all on the server.
    pub fn recognised(has_role: impl Fn(&str) -> bool) -> Option<&'static Platform> {
        PLATFORMS.iter().find(|platform| platform.is_here(&has_role))
    }

    pub fn is_here(&self, has_role: impl Fn(&str) -> bool) -> bool {
        self.signs.iter().all(|sign| has_role(sign))
    }

    pub fn owns_role(&self, role: &str) -> bool {
        self.roles.contains(&role)
    }

    pub fn owns_database(&self, database: &str) -> bool {
        self.databases.contains(&database)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_recognized_by_its_roles() {
        let recognised =
            |roles: &[&str]| Platform::recognised(|role| roles.contains(&role)).map(|one| one.name);
        assert_eq!(
            recognised(&["postgres", "pg_monitor", "replication", "authenticator", "pgbouncer"]),
            None
        );
        assert_eq!(recognised(&["rdsadmin", "rds_superuser"]), Some("rds"));
        assert_eq!(recognised(&["rds_superuser"]), None);
        for platform in PLATFORMS.iter().filter(|platform| platform.name != "aurora") {
            assert_eq!(recognised(platform.signs), Some(platform.name));
            assert!(platform.signs.iter().all(|sign| platform.owns_role(sign)), "{}", platform.name);
        }
    }
}
