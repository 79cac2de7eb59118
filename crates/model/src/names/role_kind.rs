//! The four roles of a service, and the table of their properties.

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

/// Clients of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clients {
    None,
    /// Migrations: they connect to the server itself, because a pooler does not provide a session of their own.
    Migrations,
    /// Applications: they connect through the manifest's `app_url`, such as a pooler or a replica.
    Applications,
}

/// Row of the table.
struct Properties {
    kind: RoleKind,
    key: &'static str,
    clients: Clients,
    purpose: &'static str,
    /// Template of the role's name, unless the manifest has one.
    name: &'static str,
    /// Connection limit, unless the manifest has one; `-1` is no limit.
    limit: i32,
}

#[rustfmt::skip]
const TABLE: [Properties; 4] = [
    Properties { kind: RoleKind::Owner,    key: "owner",    clients: Clients::None,         name: "{service}_owner",    limit: -1, purpose: "Owns the objects" },
    Properties { kind: RoleKind::Migrator, key: "migrator", clients: Clients::Migrations,   name: "{service}_migrator", limit: 5,  purpose: "Runs migrations" },
    Properties { kind: RoleKind::App,      key: "app",      clients: Clients::Applications, name: "{service}_app",      limit: 50, purpose: "Reads and writes rows" },
    Properties { kind: RoleKind::Readonly, key: "readonly", clients: Clients::Applications, name: "{service}_ro",       limit: 10, purpose: "Reads rows" },
];

impl RoleKind {
    /// All four, owner first.
    pub const ALL: [RoleKind; 4] = with([Clients::None, Clients::Migrations, Clients::Applications]);
    pub const LOGINS: [RoleKind; 3] = with([Clients::Migrations, Clients::Applications]);
    /// Logins of applications.
    pub const APPLICATIONS: [RoleKind; 2] = with([Clients::Applications]);

    /// Returns the logins, those of applications first.
    pub fn logins_by_use() -> impl Iterator<Item = RoleKind> {
        let others = RoleKind::LOGINS.into_iter().filter(|kind| !kind.is_for_applications());
        RoleKind::APPLICATIONS.into_iter().chain(others)
    }

    pub fn key(self) -> &'static str {
        self.properties().key
    }

    pub fn logs_in(self) -> bool {
        self.properties().clients != Clients::None
    }

    pub fn is_for_applications(self) -> bool {
        self.properties().clients == Clients::Applications
    }

    pub fn purpose(self) -> &'static str {
        self.properties().purpose
    }

    pub fn default_name(self) -> &'static str {
        self.properties().name
    }

    pub fn default_limit(self) -> i32 {
        self.properties().limit
    }

    fn properties(self) -> &'static Properties {
        &TABLE[self as usize]
    }
}

/// Returns the roles with these clients, in the order of the table. Their number is checked while compiling, and so is
/// the order, by which [`RoleKind::properties`] finds a row.
const fn with<const N: usize, const M: usize>(clients: [Clients; M]) -> [RoleKind; N] {
    let mut kinds = [RoleKind::Owner; N];
    let (mut row, mut count) = (0, 0);
    while row < TABLE.len() {
        assert!(TABLE[row].kind as usize == row);
        let mut one = 0;
        while one < M {
            if TABLE[row].clients as usize == clients[one] as usize {
                kinds[count] = TABLE[row].kind;
                count += 1;
            }
            one += 1;
        }
        row += 1;
    }
    assert!(count == N);
    kinds
}
