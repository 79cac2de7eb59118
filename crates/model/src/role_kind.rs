//! The four roles of a service.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleKind {
    /// Owns the objects and never logs in.
    Owner,
    /// Logs in and acts as the owner.
    Migrator,
    /// Reads and writes rows.
    App,
    /// Reads rows.
    Readonly,
}

impl RoleKind {
    /// All four, owner first.
    pub const ALL: [RoleKind; 4] = [RoleKind::Owner, RoleKind::Migrator, RoleKind::App, RoleKind::Readonly];
    pub const LOGINS: [RoleKind; 3] = [RoleKind::Migrator, RoleKind::App, RoleKind::Readonly];

    pub fn key(self) -> &'static str {
        match self {
            RoleKind::Owner => "owner",
            RoleKind::Migrator => "migrator",
            RoleKind::App => "app",
            RoleKind::Readonly => "readonly",
        }
    }
}
