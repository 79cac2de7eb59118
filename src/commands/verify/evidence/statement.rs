//! The statement of `verify-isolation --evidence`, in the form of in-toto.
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>

use std::net::IpAddr;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use martydb_isolation::proof::Assessment;
use martydb_manifest::{Manifest, ManifestFile};
use martydb_model::error::ExitStatus;
use martydb_model::findings::Finding;
use martydb_model::hex;

pub(crate) const STATEMENT: &str = "https://in-toto.io/Statement/v1";
pub(crate) const PREDICATE: &str = "https://martydb.dev/evidence/isolation/v1";

/// A server that answered.
pub(crate) struct ServerIdentity {
    pub name: String,
    /// Number that initdb gave it.
    pub system_identifier: String,
    pub version: String,
}

/// Returns the manifest's files as subjects: names and hashes.
pub(crate) fn subjects(manifest: &Manifest) -> Value {
    let files = manifest.files.iter();
    let subject = |file: &ManifestFile| json!({ "name": file.name, "digest": { "sha256": hex::encode(Sha256::digest(&file.text)) } });
    files.map(subject).collect()
}

/// Makes the statement. Evidence and fixes are left out: they quote texts of services and of others.
pub(crate) fn statement(
    manifest: &Manifest,
    all: &Assessment,
    status: ExitStatus,
    servers: &[ServerIdentity],
    now: &str,
) -> Value {
    let rows = all.matrix.iter().chain(&all.extra).filter(|row| row.is_inconclusive()).map(|row| {
        let probe = &row.probe;
        json!({ "service": probe.service, "role": probe.role, "server": probe.server, "at": probe.at, "database": probe.database })
    });
    let servers = servers.iter().map(|server| {
        json!({ "name": server.name, "system_identifier": server.system_identifier, "version": server.version })
    });
    json!({
        "_type": STATEMENT,
        "subject": subjects(manifest),
        "predicateType": PREDICATE,
        "predicate": {
            "tool": { "name": "martydb", "version": env!("CARGO_PKG_VERSION"), "build": env!("MARTYDB_BUILD") },
            "made_at": now,
            "project": manifest.project,
            "environment": manifest.env,
            "exit_code": status.code(),
            "isolated": status == ExitStatus::Success,
            "servers": servers.collect::<Vec<_>>(),
            "summary": all.summary,
            "findings": all.findings.iter().map(row).collect::<Vec<_>>(),
            "accepted": all.accepted.iter().map(|one| {
                let mut accepted = row(&one.finding);
                accepted["reason"] = one.reason.as_str().into();
                accepted
            }).collect::<Vec<_>>(),
            "not_judged": {
                "servers": all.failed.iter().map(|(server, _)| server).collect::<Vec<_>>(),
                "probes": rows.collect::<Vec<_>>(),
                "unread": all.unread.iter().map(|one| {
                    json!({ "server": one.server, "at": one.at, "database": one.database, "what": one.what })
                }).collect::<Vec<_>>(),
                "not_examined": all.not_examined.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(),
                "left_out": all.left_out,
                "hidden": all.hidden.len(),
            },
        },
    })
}

fn row(found: &Finding) -> Value {
    json!({
        "id": found.id, "severity": found.severity, "kind": found.kind, "service": found.service, "role": found.role,
        "server": found.server, "at": found.at, "database": found.database, "object": found.object,
    })
}

/// Replaces addresses and these passwords in every text of a value.
pub(crate) fn withhold(value: &mut Value, passwords: &[&str]) {
    match value {
        Value::String(text) => *text = without(text, passwords),
        Value::Array(all) => all.iter_mut().for_each(|one| withhold(one, passwords)),
        Value::Object(all) => all.values_mut().for_each(|one| withhold(one, passwords)),
        _ => {}
    }
}

const WITHHELD: &str = "<withheld>";

fn without(text: &str, passwords: &[&str]) -> String {
    let mut text = text.to_owned();
    for password in passwords {
        text = text.replace(password, WITHHELD);
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".:".contains(c);
    let (mut out, mut rest) = (String::new(), text.as_str());
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |length| start + length);
        let token = &rest[start..end];
        out += &rest[..start];
        out += if is_address(token) { WITHHELD } else { token };
        rest = &rest[end..];
    }
    out + rest
}

/// Returns `true` for an IP address, with or without a port.
fn is_address(token: &str) -> bool {
    let token = token.trim_end_matches(['.', ':']);
    let is = |text: &str| text.parse::<IpAddr>().is_ok();
    is(token) || token.rsplit_once(':').is_some_and(|(host, _)| is(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_passwords_are_withheld() {
        let shown = |text: &str| {
            let mut value = json!([{ "a": text }]);
            withhold(&mut value, &["Xk39dk3kd9QQ7z"]);
            value[0]["a"].as_str().unwrap().to_owned()
        };
        for text in ["10.0.0.5", "::1", "10.0.0.5:5432", "fe80::1"] {
            assert_eq!(shown(&format!("at [{text}]/32, then.")), "at [<withheld>]/32, then.", "{text}");
        }
        assert_eq!(shown("pw Xk39dk3kd9QQ7z"), "pw <withheld>");
        for text in ["line 3 of pg_hba.conf", "table public.item", "a::text", "15.20", "12:30:01"] {
            assert_eq!(shown(text), text);
        }
    }
}
