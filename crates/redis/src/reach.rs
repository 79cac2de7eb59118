//! Servers with their addresses: an embedded one has its port and its admin's password once it runs.

use martydb_context::Context;
use martydb_embedded::redis;
use martydb_manifest::RedisServer;
use martydb_model::error::Result;
use secrecy::ExposeSecret;

/// Returns the server with which a client can connect; an embedded one is started if it is down.
pub async fn reach(context: &Context, server: &RedisServer) -> Result<RedisServer> {
    // One that was reached has its port already.
    let spec = context.embedded_redis(server).filter(|_| server.port == 0);
    let Some(spec) = spec else { return Ok(server.clone()) };
    context.check_running(&spec)?;
    let running = redis::up(&spec, &mut |text| context.note(&text)).await?;
    let password = Some(running.password.expose_secret().to_owned());
    Ok(RedisServer { port: running.port, password, ..server.clone() })
}
