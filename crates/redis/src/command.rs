//! Commands of a server, and arguments with which `ACL DRYRUN` can try each. Pure.

use redis::Value;

use crate::session::{number, text, texts};

/// One command, or a subcommand, as `COMMAND` describes it. <https://redis.io/docs/latest/commands/command/>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// Name in small letters; a subcommand has its container before `|`.
    pub name: String,
    /// Number of words with the name; negative if there may be more.
    arity: i64,
    keys: Vec<KeySpec>,
    /// `true` if a key may be at a place that the description does not tell.
    hides_keys: bool,
}

/// Place of keys among the words of a command. <https://redis.io/docs/latest/develop/reference/key-specs/>
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeySpec {
    begin: KeyBegin,
    /// Places of the number of keys and of the first key, counted from the beginning.
    counted: Option<(usize, usize)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum KeyBegin {
    Index(usize),
    Keyword { keyword: String, from: usize },
}

/// Commands whose arguments are channels: `COMMAND` does not tell.
const CHANNELS: [&str; 5] = ["publish", "spublish", "subscribe", "ssubscribe", "psubscribe"];

impl CommandSpec {
    /// Reads the answer of `COMMAND`: leaves only, since a user runs no container.
    pub(crate) fn read_all(answer: &Value) -> Vec<CommandSpec> {
        let Value::Array(rows) = answer else { return vec![] };
        rows.iter().flat_map(CommandSpec::read).collect()
    }

    fn read(row: &Value) -> Vec<CommandSpec> {
        let Value::Array(cells) = row else { return vec![] };
        let part = |at: usize| match cells.get(at) {
            Some(Value::Array(part) | Value::Set(part)) => part.as_slice(),
            _ => &[],
        };
        let subcommands = part(9);
        if !subcommands.is_empty() {
            return subcommands.iter().flat_map(CommandSpec::read).collect();
        }
        let name = cells.first().and_then(text).unwrap_or_default().to_lowercase();
        let arity = cells.get(1).and_then(number).unwrap_or(-1);
        // A channel of SPUBLISH is described as a key that is none.
        let rows: Vec<&Value> = part(8).iter().filter(|row| !has_flag(row, "not_key")).collect();
        let specs: Vec<Option<KeySpec>> = rows.iter().map(|row| KeySpec::read(row)).collect();
        let hides_keys = specs.contains(&None) || rows.iter().any(|row| has_flag(row, "incomplete"));
        vec![CommandSpec { name, arity, keys: specs.into_iter().flatten().collect(), hides_keys }]
    }

    /// Returns `true` if the server checks every key that the command touches.
    pub(crate) fn checks_every_key(&self) -> bool {
        !self.keys.is_empty() && !self.hides_keys
    }

    /// Returns `true` if the command takes keys or channels.
    pub(crate) fn has_target(&self) -> bool {
        !self.keys.is_empty() || CHANNELS.contains(&self.name.as_str())
    }

    /// Returns the words of `ACL DRYRUN` that try the command at a key or channel with this prefix.
    pub fn trial(&self, user: &str, prefix: &str) -> Vec<String> {
        // A pattern of PSUBSCRIBE has to be one of the user's, literally.
        let target = if self.name == "psubscribe" { format!("{prefix}*") } else { format!("{prefix}k") };
        let names: Vec<&str> = self.name.split('|').collect();
        let least = usize::try_from(self.arity.unsigned_abs()).unwrap_or(1).max(names.len());
        // Words of the command as it is sent; the first is its name.
        let mut words: Vec<String> = names.iter().map(ToString::to_string).collect();
        words.resize(least, target.clone());
        for spec in &self.keys {
            spec.place(&mut words, &target);
        }
        ["ACL", "DRYRUN", user].map(str::to_owned).into_iter().chain(words).collect()
    }
}

impl KeySpec {
    fn read(row: &Value) -> Option<KeySpec> {
        let begin = field(row, "begin_search")?;
        let spec = field(begin, "spec")?;
        let place = |spec: &Value, key: &str| usize::try_from(field(spec, key).and_then(number)?).ok();
        let begin = match text(field(begin, "type")?)?.as_str() {
            "index" => KeyBegin::Index(place(spec, "index")?),
            "keyword" => {
                let from = field(spec, "startfrom").and_then(number)?;
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                KeyBegin::Keyword { keyword: text(field(spec, "keyword")?)?, from }
            }
            _ => return None,
        };
        let find = field(row, "find_keys")?;
        let spec = field(find, "spec")?;
        let counted = match text(field(find, "type")?)?.as_str() {
            "range" => None,
            "keynum" => Some((place(spec, "keynumidx")?, place(spec, "firstkey")?)),
            _ => return None,
        };
        Some(KeySpec { begin, counted })
    }

    /// Makes the words name one key where this description expects it.
    fn place(&self, words: &mut Vec<String>, target: &str) {
        let begin = match &self.begin {
            KeyBegin::Index(index) => *index,
            // Keys of a keyword that has no fixed place, such as STORE, are optional.
            KeyBegin::Keyword { from, .. } if *from > words.len() => return,
            KeyBegin::Keyword { keyword, from } => {
                set(words, *from, keyword, target);
                from + 1
            }
        };
        match self.counted {
            Some((number, first)) => {
                set(words, begin + number, "1", target);
                set(words, begin + first, target, target);
            }
            None => set(words, begin, target, target),
        }
    }
}

fn has_flag(row: &Value, flag: &str) -> bool {
    field(row, "flags").is_some_and(|flags| texts(flags).iter().any(|one| one == flag))
}

fn set(words: &mut Vec<String>, at: usize, word: &str, filler: &str) {
    if words.len() <= at {
        words.resize(at + 1, filler.to_owned());
    }
    words[at] = word.to_owned();
}

/// Returns the value of a key in a flat list of keys and values.
fn field<'a>(list: &'a Value, key: &str) -> Option<&'a Value> {
    match list {
        Value::Array(cells) => {
            let at = cells.chunks_exact(2).position(|pair| text(&pair[0]).as_deref() == Some(key))?;
            cells.get(at * 2 + 1)
        }
        Value::Map(pairs) => {
            pairs.iter().find(|(name, _)| text(name).as_deref() == Some(key)).map(|(_, value)| value)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str, arity: i64, keys: Vec<KeySpec>) -> CommandSpec {
        CommandSpec { name: name.into(), arity, keys, hides_keys: false }
    }

    fn words(command: &CommandSpec) -> String {
        command.trial("u", "p:")[3..].join(" ")
    }

    #[test]
    fn a_trial_names_a_key_where_the_command_expects_it() {
        let index = |at| KeySpec { begin: KeyBegin::Index(at), counted: None };
        let counted = |at| KeySpec { begin: KeyBegin::Index(at), counted: Some((0, 1)) };
        let streams =
            KeySpec { begin: KeyBegin::Keyword { keyword: "STREAMS".into(), from: 1 }, counted: None };
        for (command, expected) in [
            (command("get", 2, vec![index(1)]), "get p:k"),
            (command("set", -3, vec![index(1)]), "set p:k p:k"),
            (command("zunionstore", -4, vec![index(1), counted(2)]), "zunionstore p:k 1 p:k"),
            (command("eval", -3, vec![counted(2)]), "eval p:k 1 p:k"),
            (command("xread", -4, vec![streams]), "xread STREAMS p:k p:k"),
            (command("xgroup|create", -5, vec![index(2)]), "xgroup create p:k p:k p:k"),
            (command("psubscribe", -2, vec![]), "psubscribe p:*"),
        ] {
            assert_eq!(words(&command), expected);
        }
    }
}
