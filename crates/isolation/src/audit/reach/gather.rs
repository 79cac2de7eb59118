//! Turns the rows of the catalogs into the facts of the model.

use std::collections::BTreeMap;

use super::search_paths::SuperuserPaths;
use crate::reach::{DatabaseId, Facts, Object, ObjectId, RoleId, ServiceId};
use martydb_model::findings::PUBLIC;
use martydb_model::{AclEntry, ActualServer, Grantee, ServiceName};

pub(crate) struct Gathered<'a> {
    pub facts: Facts,
    roles: Vec<&'a str>,
    role_ids: BTreeMap<&'a str, RoleId>,
    service_ids: BTreeMap<&'a ServiceName, ServiceId>,
    pub databases: Vec<&'a str>,
    objects: Vec<ObjectName<'a>>,
    pub superuser_paths: SuperuserPaths<'a>,
}

/// Object of a fact, as findings name it.
#[derive(Default)]
pub(crate) struct ObjectName<'a> {
    pub database: &'a str,
    pub kind: &'static str,
    pub display: &'a str,
    pub owner: &'a str,
    pub grant_on: Option<&'a str>,
    pub extension: Option<&'a str>,
    /// Set for the server's own objects.
    pub system: bool,
    pub acl: &'a [AclEntry],
    pub run_by: Option<Runner<'a>>,
}

/// Object through which superusers' sessions call a function or write to a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Runner<'a> {
    EventTrigger(&'a str),
    /// An object in the server's words.
    Object(&'a str),
    /// A job in words.
    Job(&'a str),
}

impl std::fmt::Display for Runner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Runner::EventTrigger(name) => write!(f, "the event trigger {name}"),
            Runner::Object(words) | Runner::Job(words) => f.write_str(words),
        }
    }
}

impl<'a> Gathered<'a> {
    pub(crate) fn new(actual: &'a ActualServer) -> Gathered<'a> {
        let mut all = Gathered {
            facts: Facts { major: actual.major(), ..Facts::default() },
            roles: vec![],
            role_ids: BTreeMap::new(),
            service_ids: BTreeMap::new(),
            databases: vec![],
            objects: vec![],
            superuser_paths: SuperuserPaths::new(actual),
        };
        all.role_id(PUBLIC);
        all
    }

    pub(crate) fn role(&self, id: RoleId) -> &'a str {
        self.roles[id as usize]
    }

    pub(crate) fn database(&self, id: DatabaseId) -> &'a str {
        self.databases[id as usize]
    }

    pub(crate) fn object(&self, id: ObjectId) -> &ObjectName<'a> {
        &self.objects[id as usize]
    }

    pub(crate) fn role_id(&mut self, name: &'a str) -> RoleId {
        let next = RoleId::try_from(self.roles.len()).unwrap_or(RoleId::MAX);
        let roles = &mut self.roles;
        *self.role_ids.entry(name).or_insert_with(|| {
            roles.push(name);
            next
        })
    }

    pub(crate) fn service_id(&mut self, name: &'a ServiceName) -> ServiceId {
        let next = ServiceId::try_from(self.service_ids.len()).unwrap_or(ServiceId::MAX);
        *self.service_ids.entry(name).or_insert(next)
    }

    pub(crate) fn grantee(&mut self, grantee: &'a Grantee) -> RoleId {
        self.role_id(grantee.role().map_or(PUBLIC, |role| role.as_str()))
    }

    pub(crate) fn name(&mut self, object: ObjectName<'a>) -> ObjectId {
        self.objects.push(object);
        ObjectId::try_from(self.objects.len() - 1).unwrap_or(ObjectId::MAX)
    }

    /// Records the object through which superusers use another one; the first one is reported.
    pub(crate) fn visit(&mut self, id: ObjectId, run_by: Runner<'a>) {
        self.objects[id as usize].run_by.get_or_insert(run_by);
    }

    /// Records a relation, and the roles that hold privileges on it.
    pub(crate) fn relation(&mut self, object: Object) {
        let id = object.id;
        self.facts.relations.push(object);
        let (select, write) =
            (self.holders(id, &["SELECT"]), self.holders(id, &["INSERT", "UPDATE", "DELETE"]));
        self.facts.select.extend(select);
        self.facts.write.extend(write);
        let puts = self.holders(id, &["TRIGGER"]);
        self.facts.puts_trigger.extend(puts);
        if self.objects[id as usize].kind != "table" {
            return;
        }
        let refers = self.holders(id, &["REFERENCES"]);
        self.facts.references.extend(refers.into_iter().filter(|(_, role)| *role != object.owner));
    }

    /// Returns the holders of a privilege on an object: its owner and the grantees.
    pub(crate) fn holders(&mut self, id: ObjectId, privileges: &[&str]) -> Vec<(ObjectId, RoleId)> {
        let (owner, acl) = (self.objects[id as usize].owner, self.objects[id as usize].acl);
        let held = acl.iter().filter(|entry| privileges.contains(&entry.privilege.as_str()));
        let mut holders = vec![self.role_id(owner)];
        for entry in held {
            holders.push(self.grantee(&entry.grantee));
        }
        holders.retain(|role| !self.facts.is_end(*role));
        holders.into_iter().map(|role| (id, role)).collect()
    }
}
