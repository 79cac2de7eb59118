//! The process of the data service: pools, callers and listener, until a signal ends it. SIGHUP reloads the manifest, the keys and
//! the passwords; a password that a server rejects is read again by itself.

mod callers;
mod databases;
mod objects;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::listener::ListenerFlags;
use super::selected::exposed;
use crate::app::App;
use callers::callers;
use databases::{SharedParts, current_passwords};
use martydb_http::HttpListener;
use martydb_model::error::{Error, Result};
use martydb_model::hex;
use martydb_model::units::counted;
use martydb_model::{DesiredService, ServiceExposure};
use martydb_serve::{ApiPage, EndedRequests, ProcessDrain, ServedProcess, bind};
use martydb_ui::flags::Select;
use martydb_ui::reload;

pub(crate) use objects::{document, objects, types};

/// Services with their exposure.
type Exposed = [(DesiredService, ServiceExposure)];

/// Serves until a signal arrives, and then until the last answers are sent.
pub(crate) async fn serve(
    app: &App,
    services: &Exposed,
    select: &Select,
    flags: &ListenerFlags,
) -> Result<()> {
    let listener = listener(app, flags)?;
    let page = app.manifest.serve.docs.as_deref().map(ApiPage::read).transpose()?;
    let mut shared = SharedParts::default();
    let databases = shared.databases(app, services).await?;
    let process =
        ServedProcess::new(&app.manifest.project, callers(app, services).await?, app.manifest.serve.limits)
            .with_page(page)
            .of_a_part(!select.is_open());
    let process = Arc::new(process);
    process.serve(databases).await?;
    let bound = bind(&listener, process.clone())?;
    app.out.serves();
    reload::accept();
    app.out.note(&bound.greeting(""));
    app.out.note(&format!("serving rows of {}", names(services)));
    tokio::select! {
        ended = bound.serve_until(ProcessDrain(process.clone())) => ended?,
        () = reload_on_request(app, services, select, (&process, &mut shared)) => {}
    }
    app.out.note(&match process.settled().await {
        EndedRequests { cut: 0, running: 0 } => "stopped: no request is in progress".to_owned(),
        EndedRequests { cut, running: 0 } => {
            format!("stopped: {} cancelled at the time limit", counted(cut, "request"))
        }
        EndedRequests { running, .. } => {
            format!("stopped: a statement may still run in {}", counted(running, "connection"))
        }
    });
    Ok(())
}

/// Returns the listener of the manifest, or of the flags.
fn listener(app: &App, flags: &ListenerFlags) -> Result<HttpListener> {
    let settings = &app.manifest.serve;
    let (address, tls) = (flags.listen.unwrap_or(settings.listen), flags.tls(settings.tls.as_ref()));
    if !address.ip().is_loopback() && tls.is_none() {
        let message =
            format!("{address} can be reached from other machines: there the data service needs TLS");
        return Err(
            Error::usage(message).hint("give --tls-certificate and --tls-key, or listen on 127.0.0.1")
        );
    }
    let flag = if flags.listen.is_some() { "--listen" } else { "serve.listen of the manifest" };
    let (certificate, key, client_authority) =
        tls.map_or((None, None, None), |tls| (Some(tls.certificate), Some(tls.key), tls.client_authority));
    let users = flags.users.clone();
    let listener = HttpListener { address, flag, certificate, key, client_authority, users };
    listener.check_users()?;
    Ok(listener)
}

fn names(services: &Exposed) -> String {
    let names: Vec<&str> = services.iter().map(|(service, _)| service.name.as_str()).collect();
    names.join(", ")
}

/// Times between two looks at the secret store for passwords: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Time without a rejected password after which the pause is short again.
const CALM: Duration = Duration::from_secs(60);

/// Reloads for each request, and reads the passwords again where a server rejected one. An invalid manifest changes nothing.
async fn reload_on_request(
    app: &App,
    services: &Exposed,
    select: &Select,
    (process, shared): (&ServedProcess, &mut SharedParts),
) {
    let renewals = shared.renewals.clone();
    let mut served: Option<(App, Vec<(DesiredService, ServiceExposure)>)> = None;
    let (mut pause, mut looked) = (PAUSE, Instant::now());
    loop {
        tokio::select! {
            () = reload::requested() => match reloaded(app, select, (process, shared)).await {
                Ok((fresh, services)) => {
                    app.out.note(&format!("reloaded: serving rows of {}", names(&services)));
                    served = Some((fresh, services));
                }
                Err(error) => {
                    app.out.note(&format!("nothing was reloaded, the previous configuration stays in force: {error}"));
                }
            },
            () = renewals.notified() => {
                let (app, services) =
                    served.as_ref().map_or((app, services), |(app, services)| (app, services.as_slice()));
                let is_new = renew(app, services, process).await;
                // A password that stays wrong is looked for less and less often.
                let is_calm = is_new || looked.elapsed() > CALM;
                pause = if is_calm { PAUSE } else { (2 * pause).min(LONGEST_PAUSE) };
                looked = Instant::now();
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// Serves by the manifest, the keys and the passwords as they are now.
async fn reloaded(
    app: &App,
    select: &Select,
    (process, shared): (&ServedProcess, &mut SharedParts),
) -> Result<(App, Vec<(DesiredService, ServiceExposure)>)> {
    let fresh = app.in_environment(&app.manifest.env)?;
    let services = exposed(&fresh, select)?;
    let callers = callers(&fresh, &services).await?;
    let databases = shared.databases(&fresh, &services).await?;
    process.reload(databases, callers).await?;
    renew(&fresh, &services, process).await;
    Ok((fresh, services))
}

/// Gives the pools the passwords that the store has now, and returns `true` if one of them is another one.
async fn renew(app: &App, services: &Exposed, process: &ServedProcess) -> bool {
    let mut is_new = false;
    for (service, exposure) in services {
        match current_passwords(app, service, exposure).await {
            Ok(passwords) => is_new |= process.set_passwords(service.name.as_str(), &passwords),
            Err(error) => app.out.note(&format!("the passwords of {} cannot be read: {error}", service.name)),
        }
    }
    is_new
}

/// Returns the digest of a key in hexadecimal.
pub(crate) fn digest(key: &str) -> String {
    hex::encode(martydb_serve::digest(key))
}
