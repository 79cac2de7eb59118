//! A service as `apply` leaves it.

use std::path::PathBuf;

use super::{Server, entry, role};
use martydb_model::contract::{DefaultKind, MEMBERSHIPS, MemberLogin, ObjectClass, granted};
use martydb_model::{
    AclEntry, ActualRole, ActualSchema, Contents, DbName, DefaultAcl, DesiredService, Grantee, RoleKind,
    SchemaName, ServiceName, StoredPassword,
};

impl Server {
    /// Adds a service: its roles, its database, and a table `public.item` in it.
    pub fn service(mut self, name: &str) -> Server {
        let service = desired(name);
        let database = service.database.as_str();
        self.desired.services.insert(service.name.clone(), service.clone());
        self.desired.index = Default::default();
        let server = self.with_roles(&service).database(database).with_database(&service);
        let owner = service.role(RoleKind::Owner).as_str();
        let acl = |class| declared(&service, class, owner);
        server.object(database, "schema", "public", |found| found.acl = acl(ObjectClass::Schema)).object(
            database,
            "table",
            "public.item",
            |found| found.acl = acl(ObjectClass::Table),
        )
    }

    fn with_roles(mut self, service: &DesiredService) -> Server {
        let database = service.database.as_str();
        for (kind, name) in &service.roles {
            let found = ActualRole {
                login: kind.logs_in(),
                inherit: *kind != RoleKind::Migrator,
                connection_limit: service.connection_limit.get(kind).copied().unwrap_or(-1),
                comment: Some(self.desired.marker()),
                ..ActualRole::default()
            };
            self.snapshot.actual.roles.insert(name.clone(), found);
            let (digest, salt) = (Some("of a verifier".into()), Some("of a verifier".into()));
            let verifier = StoredPassword { digest, salt, rounds: Some(4096) };
            self.snapshot.kept.get_or_insert_default().insert(name.clone(), verifier);
            if kind.logs_in() {
                self = self.set(name.as_str(), "temp_file_limit", "1GB");
                self = self.set_inside(name.as_str(), database, "search_path", "public");
            }
        }
        let rules = MEMBERSHIPS.iter().filter(|rule| rule.login == MemberLogin::Primary);
        rules.fold(self, |server, rule| {
            let (member, of) = (service.role(rule.member).as_str(), service.role(rule.of).as_str());
            server.membership(member, of, [false, true, false]).set_inside(member, database, "role", of)
        })
    }

    fn with_database(mut self, service: &DesiredService) -> Server {
        let owner = service.role(RoleKind::Owner).clone();
        let acl = |class| declared(service, class, owner.as_str());
        let defaults: Vec<DefaultAcl> = DefaultKind::ALL
            .iter()
            .map(|(kind, ..)| {
                let acl = acl(kind.class());
                DefaultAcl { role: owner.clone(), schema: None, object: kind.letter(), acl }
            })
            .collect();
        let schema = ActualSchema { owner: owner.clone(), acl: acl(ObjectClass::Schema) };
        let comment = self.desired.marker();
        let found = self.actual_database(service.database.as_str());
        found.comment = Some(comment);
        found.acl.extend(declared(service, ObjectClass::Database, "postgres"));
        found.contents = Some(Contents {
            schemas: [(service.schemas[0].clone(), schema.clone())].into(),
            default_acls: defaults.clone(),
            ..Contents::default()
        });
        let catalog = self.catalog_of(service.database.as_str());
        catalog.defaults = defaults;
        for found in catalog.privileged.schemas.iter_mut().filter(|found| found.name == "public") {
            (found.owner, found.acl) = (owner.to_string(), schema.acl.clone());
        }
        self
    }
}

/// Returns the entries that `apply` makes on an object of a service, without the owner's own.
fn declared(service: &DesiredService, class: ObjectClass, owner: &str) -> Vec<AclEntry> {
    let of_kind = |kind: RoleKind| {
        let holder = service.role(kind).as_str();
        granted(kind, class).iter().map(move |privilege| entry(privilege.name(), holder, owner))
    };
    let is_own = |entry: &AclEntry| entry.grantee == Grantee::Role(role(owner));
    RoleKind::ALL.into_iter().flat_map(of_kind).filter(|entry| !is_own(entry)).collect()
}

fn desired(name: &str) -> DesiredService {
    let suffixes = ["owner", "migrator", "app", "ro"];
    let kinds = [RoleKind::Owner, RoleKind::Migrator, RoleKind::App, RoleKind::Readonly];
    let limits = [(RoleKind::Migrator, 4), (RoleKind::App, 6), (RoleKind::Readonly, 4)];
    DesiredService {
        name: ServiceName::new(name).unwrap(),
        server: "main".into(),
        database: DbName::new(format!("{name}_db")).unwrap(),
        migrations: PathBuf::new(),
        down: Default::default(),
        source: None,
        history_schema: SchemaName::history(),
        on_schema_drift: martydb_model::OnSchemaDrift::Warn,
        schemas: vec![SchemaName::new("public").unwrap()],
        search_path: vec![SchemaName::new("public").unwrap()],
        roles: kinds.into_iter().zip(suffixes.map(|suffix| role(&format!("{name}_{suffix}")))).collect(),
        connection_limit: limits.into(),
        settings: [("temp_file_limit".to_owned(), "1GB".to_owned())].into(),
        extensions: vec![],
        parameters: Default::default(),
        prune: false,
        access: vec![],
        publications: vec![],
        outbox: None,
        partitions: vec![],
        serve: None,
        moved: None,
        dump_schema: false,
        lint: Default::default(),
    }
}
