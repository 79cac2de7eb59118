//! The commands that keep passwords.

use super::scope::Scope;
use crate::error::Result;
use crate::manifest::raw::{RawAbsent, RawSecrets};

pub fn check(scope: &Scope) -> Result<()> {
    let wrong = |key, message: &str, hint: &str| {
        Err(scope.error(["secrets", key], message).hint_if(Some(hint).filter(|hint| !hint.is_empty())))
    };
    let RawSecrets::Command { get, set, timeout, absent } = &scope.raw.secrets else { return Ok(()) };
    if get.is_empty() {
        return wrong("get", "the command is empty", "get: [program, argument, …]");
    }
    if crate::units::duration(timeout).is_none() {
        return wrong("timeout", &format!("\"{timeout}\" is not a time such as 10s"), "");
    }
    if set.as_ref().is_some_and(Vec::is_empty) {
        return wrong("set", "the command is empty", "set: [program, argument, …]");
    }
    if absent.as_ref().is_some_and(matches_everything) {
        let hint = "absent: { exit: 2, stderr: \"No value found\" }, one of the two or both";
        return wrong("absent", "every failure would count as an absent password", hint);
    }
    Ok(())
}

fn matches_everything(absent: &RawAbsent) -> bool {
    absent.exit.is_none() && absent.stderr.as_deref().is_none_or(|text| text.trim().is_empty())
}
