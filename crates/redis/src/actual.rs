//! Actual state of a Redis server: users by their effects, settings, clients. Plain values.

use std::collections::{BTreeMap, BTreeSet};

use crate::command::CommandSpec;

/// State of a server.
#[derive(Debug, Clone, Default)]
pub struct ActualRedis {
    pub version: String,
    pub commands: Vec<CommandSpec>,
    pub settings: BTreeMap<String, String>,
    /// Number of loaded modules.
    pub modules: usize,
    pub users: BTreeMap<String, ActualUser>,
    /// Declared users whose stored form differs, if this machine can read the file.
    pub unsaved: BTreeMap<String, StoredForm>,
    pub storage: UserStorage,
    /// Other connections.
    pub clients: Vec<RedisClient>,
    /// Keys outside every prefix; `None` if they were not counted.
    pub outside: Option<KeysOutside>,
}

/// Difference between a user and its stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredForm {
    /// A restart loses the user.
    Missing,
    /// A restart gives the user other rules or passwords.
    Other,
}

/// Way in which a server keeps its users over a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserStorage {
    /// `ACL SAVE` writes them to the aclfile.
    AclFile,
    /// `CONFIG REWRITE` writes them to the configuration file.
    ConfigFile,
    /// The server was started without either.
    #[default]
    None,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActualUser {
    pub flags: BTreeSet<String>,
    /// SHA-256 of its passwords, in hexadecimal.
    pub passwords: BTreeSet<String>,
    /// Patterns of keys, with `~`, `%R~` or `%W~`.
    pub keys: Vec<String>,
    /// Patterns of channels, with `&`.
    pub channels: Vec<String>,
    pub selectors: Vec<UserSelector>,
    /// Names of the commands that it may run.
    pub allowed: BTreeSet<String>,
    /// Commands among them that it may not run on any key or channel that was tried as its own.
    pub idle: BTreeSet<String>,
    /// Commands that it may run on keys or channels of a prefix that is not its own, by prefix.
    pub reach: BTreeMap<String, BTreeSet<String>>,
    /// Commands whose effect the server did not tell, with its words.
    pub unknown: BTreeMap<String, String>,
}

/// Further permissions of a user, with patterns of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserSelector {
    pub keys: Vec<String>,
    pub channels: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisClient {
    pub user: String,
    pub address: String,
    pub name: String,
}

/// Count of keys that belong to no declared service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeysOutside {
    pub count: usize,
    /// `false` if the server has more keys than were looked at.
    pub is_complete: bool,
    pub example: Option<String>,
}

impl ActualUser {
    pub fn has(&self, flag: &str) -> bool {
        self.flags.contains(flag)
    }

    /// Returns `true` if the user can log in.
    pub fn is_on(&self) -> bool {
        self.has("on") && (self.has("nopass") || !self.passwords.is_empty())
    }

    /// Returns all patterns of keys, those of selectors too.
    pub(crate) fn all_keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().chain(self.selectors.iter().flat_map(|one| &one.keys)).map(String::as_str)
    }

    /// Returns all patterns of channels, those of selectors too.
    pub(crate) fn all_channels(&self) -> impl Iterator<Item = &str> {
        self.channels.iter().chain(self.selectors.iter().flat_map(|one| &one.channels)).map(String::as_str)
    }
}

impl ActualRedis {
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }
}
