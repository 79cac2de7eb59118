//! One connection to a Redis server, with limits on time and on the size of answers.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, RedisConnectionInfo, Value};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use martydb_manifest::RedisServer;
use martydb_model::error::{Error, Kind, Result};
use martydb_pg::server::Host;
use martydb_pg::silence;
use martydb_pg::wire::tls::Handshake;
use martydb_pg::wire::{Tls, TlsMode};

/// Longest wait for the answers to one batch of commands.
const PATIENCE: Duration = Duration::from_secs(20);

/// Most bytes that one connection may receive: all answers about two thousand users take a tenth of it.
const MOST_BYTES: usize = 256 << 20;

/// Number of commands that are sent together.
const BATCH: usize = 500;

/// A connection. It ends when it is dropped.
pub struct Session {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    server: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Result of a login.
pub(crate) enum RedisLogin {
    Accepted(Session),
    /// The server refused it, in its own words.
    Refused(String),
}

impl Session {
    /// Connects without a login: as `default`, if that has no password.
    ///
    /// # Errors
    /// If the server cannot be reached, does not answer, or its certificate is not trusted.
    pub async fn connect(server: &RedisServer) -> Result<Session> {
        answered_in_time(server, async {
            let mut session = Session::open(server).await?;
            // The kernel of a machine accepts connections for a server that hangs; an error is an answer too.
            session.ask(&["PING".to_owned()]).await?;
            Ok(session)
        })
        .await
    }

    async fn open(server: &RedisServer) -> Result<Session> {
        let stream = dial(server).await.map_err(|why| unreachable(server, why))?;
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let connected = MultiplexedConnection::new_with_config(&info, stream, config).await;
        let (connection, driver) = connected.map_err(|error| unreachable(server, error.to_string()))?;
        Ok(Session { connection, driver: tokio::spawn(driver), server: server.name.clone() })
    }

    /// Logs in as a user. An answer that is not a refusal of the password is an error.
    pub(crate) async fn log_in(
        server: &RedisServer,
        user: &str,
        password: &SecretString,
    ) -> Result<RedisLogin> {
        let words = ["AUTH", user, password.expose_secret()].map(str::to_owned);
        let asked = answered_in_time(server, async {
            let mut session = Session::open(server).await?;
            let answer = session.ask(&words).await?;
            Ok((session, answer))
        });
        match asked.await? {
            (_, Value::ServerError(error)) if error.code() == "WRONGPASS" => Ok(RedisLogin::Refused(
                error.details().unwrap_or("the server refused the password").to_owned(),
            )),
            (session, Value::ServerError(error)) => Err(session.refused("AUTH", &Value::ServerError(error))),
            (session, _) => Ok(RedisLogin::Accepted(session)),
        }
    }

    /// Returns the answer to a command, which may be an error of the server.
    pub async fn ask(&mut self, words: &[String]) -> Result<Value> {
        let mut answers = self.ask_all(std::slice::from_ref(&words.to_vec())).await?;
        answers.pop().ok_or_else(|| self.lost("no answer"))
    }

    /// Returns the answers to commands in their order; each may be an error of the server.
    pub(crate) async fn ask_all(&mut self, commands: &[Vec<String>]) -> Result<Vec<Value>> {
        let mut all = Vec::with_capacity(commands.len());
        for batch in commands.chunks(BATCH) {
            let mut pipeline = Pipeline::with_capacity(batch.len());
            for words in batch {
                let mut command = redis::Cmd::new();
                for word in words {
                    command.arg(word);
                }
                pipeline.add_command(command);
            }
            let answers = self.connection.send_packed_commands(&pipeline, 0, batch.len()).await;
            let answers = answers.map_err(|error| self.lost(&error.to_string()))?;
            if answers.len() != batch.len() {
                return Err(self.lost("the number of answers differs from that of commands"));
            }
            all.extend(answers);
        }
        Ok(all)
    }

    /// Returns the answer to a command that must succeed. `shown` is the command for an error, without secrets.
    pub(crate) async fn demand(&mut self, words: &[&str], shown: &str) -> Result<Value> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        match self.ask(&words).await? {
            refused @ Value::ServerError(_) => Err(self.refused(shown, &refused)),
            answer => Ok(answer),
        }
    }

    /// Measures one round trip.
    pub(crate) async fn ping(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        self.demand(&["PING"], "PING").await?;
        Ok(begun.elapsed())
    }

    fn lost(&self, why: &str) -> Error {
        let message = format!("the connection to the Redis server \"{}\" broke", self.server);
        Error::new(Kind::Unreachable, message).cause(why)
    }

    fn refused(&self, shown: &str, answer: &Value) -> Error {
        let error = Error::operation(format!("the Redis server \"{}\" refused {shown}", self.server));
        match answer {
            Value::ServerError(why) => {
                let hint = "the admin needs a user with +@all ~* &*: it makes users and reads every setting";
                let error = error.cause(words_of(answer).unwrap_or_default());
                if ["NOPERM", "NOAUTH"].contains(&why.code()) { error.hint(hint) } else { error }
            }
            _ => error,
        }
    }
}

/// Runs the first exchange with a server within the time to connect. One that did not answer is not asked again soon.
async fn answered_in_time<T>(server: &RedisServer, exchange: impl Future<Output = Result<T>>) -> Result<T> {
    let limit = silence::connect_timeout();
    let end = silence::unless_silent(&server.address(), limit, exchange).await;
    end.unwrap_or_else(|| Err(unreachable(server, silence::no_answer(limit))))
}

fn unreachable(server: &RedisServer, why: String) -> Error {
    let message = format!("cannot reach the Redis server \"{}\" at {}", server.name, server.address());
    Error::new(Kind::Unreachable, message)
        .cause(why)
        .hint("check the url in the manifest, and that the server runs")
}

async fn dial(server: &RedisServer) -> std::result::Result<BoundedStream, String> {
    let connected = TcpStream::connect((server.host.as_str(), server.port)).await;
    let plain = connected.map_err(|error| error.to_string())?;
    // Without it a small command waits for the acknowledgement of the one before.
    plain.set_nodelay(true).map_err(|error| error.to_string())?;
    if !server.tls {
        return Ok(BoundedStream { inner: Box::pin(plain), left: MOST_BYTES });
    }
    let root_certificate = server.root_certificate.clone();
    let tls = Tls { mode: TlsMode::VerifyFull, root_certificate, ..Tls::default() };
    let handshake = Handshake::new(&server.host, &tls).map_err(|error| error.to_string())?;
    let encrypted = handshake.run(Box::new(plain)).await.map_err(|error| error.to_string())?;
    Ok(BoundedStream { inner: Box::pin(encrypted), left: MOST_BYTES })
}

trait RedisTransport: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> RedisTransport for T {}

/// Stream that ends with an error once it has received too much: a server may be hostile.
struct BoundedStream {
    inner: Pin<Box<dyn RedisTransport>>,
    left: usize,
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = self.inner.as_mut().poll_read(cx, buf);
        match self.left.checked_sub(buf.filled().len() - before) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Err(io::Error::other("the server's answers are too large"))),
        }
        polled
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.inner.as_mut().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.as_mut().poll_shutdown(cx)
    }
}

/// Returns `true` if the host is certainly this machine.
pub(crate) fn is_local(host: &str) -> bool {
    Host::Tcp(host.to_owned()).is_local()
}

/// Returns the text of an answer.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text.clone()),
        Value::Okay => Some("OK".into()),
        _ => None,
    }
}

pub fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        other => text(other)?.parse().ok(),
    }
}

/// Returns the texts of a list.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) | Value::Set(all) => all.iter().filter_map(text).collect(),
        _ => vec![],
    }
}

/// Returns the code and the words of a refusal.
pub fn words_of(value: &Value) -> Option<String> {
    match value {
        Value::ServerError(error) => {
            Some(format!("{} {}", error.code(), error.details().unwrap_or_default()))
        }
        _ => None,
    }
}
