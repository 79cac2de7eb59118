//! Archive entries that a restore creates: those that the owner may create and that do not exist yet.

use martydb_model::{DesiredService, RoleKind};
use martydb_pg_dump::archive::ArchiveEntry;

/// Kinds of entries whose owner is that of the object they are about, which may be another role than the service's:
/// the admin restores those that are needed.
const FOREIGN_OWNED: &[&str] = &["ACL ", "DEFAULT ACL ", "SCHEMA - public ", "COMMENT - SCHEMA public "];

/// Entries that only a superuser could create, or that would be created twice: an extension creates its own
/// comment.
const NEVER: &[&str] = &[
    "COMMENT - EXTENSION ",
    "SUBSCRIPTION ",
    "FOREIGN DATA WRAPPER ",
    "COMMENT - FOREIGN DATA WRAPPER ",
    "SERVER ",
    "COMMENT - SERVER ",
    "ACL - FOREIGN SERVER ",
    "ACL - FOREIGN DATA WRAPPER ",
    "USER MAPPING ",
    "EVENT TRIGGER ",
    "COMMENT - EVENT TRIGGER ",
];

/// Returns the entries to create, in their order. `left_out` is the backup's list of omissions.
pub(crate) fn wanted(
    entries: Vec<ArchiveEntry>,
    service: &DesiredService,
    left_out: &[String],
) -> Vec<ArchiveEntry> {
    let texts: Vec<String> = entries.iter().map(|entry| entry.what.clone()).collect();
    let rule = ServiceEntries { owner: service.role(RoleKind::Owner).to_string(), service, left_out, texts };
    entries.into_iter().filter(|entry| rule.takes(&entry.what)).collect()
}

/// Returns `true` for a schema of extensions and its comment: the admin makes it, whichever role owned it at the source.
pub(crate) fn is_schema_of_extensions(what: &str, service: &DesiredService) -> bool {
    let name = what.strip_prefix("SCHEMA - ").or_else(|| what.strip_prefix("COMMENT - SCHEMA "));
    let is = |schema: &str| name.is_some_and(|name| name.starts_with(&format!("{schema} ")));
    service.extensions.iter().filter_map(|one| one.schema.as_ref()).any(|schema| is(schema.as_str()))
}

struct ServiceEntries<'a> {
    owner: String,
    service: &'a DesiredService,
    left_out: &'a [String],
    texts: Vec<String>,
}

impl ServiceEntries<'_> {
    fn takes(&self, what: &str) -> bool {
        let begins = |kinds: &[&str]| kinds.iter().any(|kind| what.starts_with(kind));
        let own = what.ends_with(&format!(" {}", self.owner));
        let made =
            self.service.schemas.iter().any(|schema| what == format!("SCHEMA - {schema} {}", self.owner));
        let made = made || is_schema_of_extensions(what, self.service);
        let rows_of_extension =
            !own && begins(&["TABLE DATA ", "SEQUENCE SET "]) && !self.has_object_of(what);
        let others = !own && begins(FOREIGN_OWNED);
        !made
            && !others
            && !begins(NEVER)
            && !rows_of_extension
            && !self.is_foreign(what)
            && !self.is_left_out(what)
    }

    /// Returns `true` if the archive creates the table or sequence of this data. Extensions create theirs.
    fn has_object_of(&self, what: &str) -> bool {
        let named = |kind: &str, made: &str| {
            what.strip_prefix(kind)
                .is_some_and(|rest| self.texts.iter().any(|text| text.strip_prefix(made) == Some(rest)))
        };
        named("TABLE DATA ", "TABLE ") || named("SEQUENCE SET ", "SEQUENCE ")
    }

    /// Returns `true` for a foreign table or an entry about one: its server is not restored.
    fn is_foreign(&self, what: &str) -> bool {
        let about = |text: &str| {
            let (schema, rest) = text.strip_prefix("FOREIGN TABLE ")?.split_once(' ')?;
            let name = rest.rsplit_once(' ')?.0;
            let words = [
                format!("FOREIGN TABLE {schema} {name} "),
                format!("ACL {schema} TABLE {name} "),
                format!("ACL {schema} COLUMN {name}."),
                format!("COMMENT {schema} FOREIGN TABLE {name} "),
                format!("COMMENT {schema} COLUMN {name}."),
                format!("DEFAULT {schema} {name} "),
            ];
            Some(words.iter().any(|word| what.starts_with(word)))
        };
        self.texts.iter().any(|text| about(text) == Some(true))
    }

    /// Returns `true` for an omission. The table of contents does not show that a publication is for all tables.
    fn is_left_out(&self, what: &str) -> bool {
        let named = |line: &String| {
            let name = line.strip_prefix("publication ")?.split(": ").next()?;
            let words = [format!("PUBLICATION - {name} "), format!("COMMENT - PUBLICATION {name} ")];
            // After the schema of the table, or the schema itself.
            let part = ["PUBLICATION TABLE ", "PUBLICATION TABLES IN SCHEMA "]
                .iter()
                .filter_map(|kind| what.strip_prefix(kind)?.split_once(' '))
                .any(|(_, rest)| rest.starts_with(&format!("{name} ")));
            Some(part || words.iter().any(|word| what.starts_with(word)))
        };
        self.left_out.iter().any(|line| named(line) == Some(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_samples::desired;

    #[test]
    fn existing_and_foreign_objects_are_not_created() {
        let desired = desired(&["shop"]);
        let service = desired.services.values().next().unwrap();
        let texts = [
            "TABLE public item shop_owner",
            "TABLE public guest postgres",
            "FOREIGN TABLE public far shop_owner",
        ];
        let left_out = ["publication all: is for all tables; make it again".to_owned()];
        let rule = ServiceEntries {
            owner: "shop_owner".into(),
            service,
            left_out: &left_out,
            texts: texts.map(str::to_owned).into(),
        };
        for (what, wanted) in [
            ("TABLE public item shop_owner", true),
            ("TABLE DATA public item shop_owner", true),
            ("TABLE DATA public guest postgres", true),
            ("TABLE DATA public words postgres", false),
            ("SCHEMA - public shop_owner", false),
            ("SCHEMA - other shop_owner", true),
            ("SCHEMA - public postgres", false),
            ("ACL - SCHEMA public shop_owner", true),
            ("ACL - LARGE OBJECT 7 shop_app", false),
            ("BLOB - 7 shop_app", true),
            ("DEFAULT ACL - DEFAULT PRIVILEGES FOR TABLES shop_app", false),
            ("DEFAULT ACL public DEFAULT PRIVILEGES FOR TABLES shop_owner", true),
            ("COMMENT - EXTENSION citext ", false),
            ("EXTENSION - citext ", true),
            ("EVENT TRIGGER - watch postgres", false),
            ("FOREIGN TABLE public far shop_owner", false),
            ("ACL public TABLE far shop_owner", false),
            ("PUBLICATION - all shop_owner", false),
            ("PUBLICATION TABLE public all item shop_owner", false),
            ("PUBLICATION TABLES IN SCHEMA other all other shop_owner", false),
            ("PUBLICATION TABLE public some item shop_owner", true),
            ("PUBLICATION - some shop_owner", true),
        ] {
            assert_eq!(rule.takes(what), wanted, "{what}");
        }
    }
}
