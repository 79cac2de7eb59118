//! Login of the admin: as the user of the URL, or as martydb's own once `default` is replaced.

use martydb_context::Context;
use martydb_manifest::RedisServer;
use martydb_model::error::{Error, Kind, Result};
use martydb_secrets::CredentialKey;
use martydb_secrets::credentials;
use redis::Value;

use crate::reach::reach;
use crate::session::{RedisLogin, Session, text, words_of};

/// The admin's session, and the user that it is.
pub struct AdminSession {
    pub session: Session,
    pub user: String,
}

/// First major version that has selectors, permissions for reading and writing alone, and `ACL DRYRUN`.
const FIRST_MAJOR: u32 = 7;

/// Logs in as the admin.
///
/// # Errors
/// If the server cannot be reached or refuses the login, or if it is one that martydb does not support.
pub(crate) async fn log_in(context: &Context, server: &RedisServer) -> Result<AdminSession> {
    let server = &reach(context, server).await?;
    let mut admin = match own_admin(context, server).await? {
        Some(admin) => admin,
        None => of_url(context, server).await?,
    };
    check_server(&mut admin.session, server).await?;
    Ok(admin)
}

/// Logs in as martydb's own user, if the URL names `default` and the store has the password of the other.
async fn own_admin(context: &Context, server: &RedisServer) -> Result<Option<AdminSession>> {
    let Some(key) = CredentialKey::of_redis_admin(server).filter(|_| server.starts_as_default()) else {
        return Ok(None);
    };
    let secrets = context.store.read_present(std::slice::from_ref(&key)).await?;
    let Some(password) = secrets.get(&key.server, &key.role) else { return Ok(None) };
    let user = server.own_admin.to_string();
    // A server that does not know it is a new one, or one that has lost its users.
    Ok(match Session::log_in(server, &user, password).await? {
        RedisLogin::Accepted(session) => Some(AdminSession { session, user }),
        RedisLogin::Refused(_) => None,
    })
}

async fn of_url(context: &Context, server: &RedisServer) -> Result<AdminSession> {
    let user = server.user.clone();
    let refused = |why: String| {
        let message = format!("the Redis server \"{}\" refused the login of \"{user}\"", server.name);
        let error = Error::new(Kind::Unreachable, message).cause(why);
        match &server.password_env {
            Some(name) => error.hint(format!("check the password in {name}")),
            None => error.hint(
                "name the variable with its password: password_env in the server's entry of the manifest",
            ),
        }
    };
    let session = match credentials::redis_password(&context.environment, server)? {
        Some(password) => match Session::log_in(server, &user, &password).await? {
            RedisLogin::Accepted(session) => session,
            RedisLogin::Refused(why) => return Err(refused(why)),
        },
        None if server.starts_as_default() => {
            let mut session = Session::connect(server).await?;
            let answer = session.ask(&["PING".to_owned()]).await?;
            if let Some(why) = words_of(&answer) {
                return Err(refused(why));
            }
            session
        }
        None => return Err(refused("there is no password for it".into())),
    };
    Ok(AdminSession { session, user })
}

/// Refuses clusters, Sentinel, replicas and servers before version 7.
async fn check_server(session: &mut Session, server: &RedisServer) -> Result<()> {
    let info = session.demand(&["INFO"], "INFO").await?;
    let info = text(&info).unwrap_or_default();
    let value = |key: &str| {
        let of = |line: &str| {
            line.split_once(':').filter(|(name, _)| *name == key).map(|(_, value)| value.trim().to_owned())
        };
        info.lines().find_map(of)
    };
    let refuse = |what: String, hint: &str| {
        Err(Error::usage(format!("server \"{}\" {what}, which martydb does not support", server.name))
            .hint(hint))
    };
    match value("redis_mode").or_else(|| value("server_mode")).as_deref() {
        Some("cluster") => {
            return refuse("is a node of a Redis Cluster".into(), "name a server that is not a cluster");
        }
        Some("sentinel") => return refuse("is a Redis Sentinel".into(), "name the server that it watches"),
        _ => {}
    }
    let version = value("redis_version").unwrap_or_default();
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    if major < FIRST_MAJOR {
        return refuse(
            format!("is Redis {version}"),
            "upgrade it to Redis 7 or Valkey: earlier ones cannot tell what a user may do",
        );
    }
    match value("role").as_deref() {
        Some("slave") => refuse("is a replica".into(), "name the primary"),
        _ => Ok(()),
    }
}

/// Returns the version of an `INFO` answer.
pub fn version(info: &Value) -> String {
    let info = text(info).unwrap_or_default();
    info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or_default().trim().to_owned()
}
