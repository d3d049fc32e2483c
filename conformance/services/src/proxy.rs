// SPDX-License-Identifier: MIT OR Apache-2.0
//! A line to a server that can be made to fail: between a host and its database, on a port of this machine.

use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// What the line does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It passes everything.
    Pass,
    /// It closes what is open, and whatever is opened.
    Drop,
    /// It takes connections and keeps what it gets, without a word; what it kept goes on when it passes again.
    Stall,
    /// It closes a connection that says COMMIT, before the server hears of it.
    CutBeforeCommit,
    /// It closes a connection that says COMMIT, once the server has answered and before the client hears of it.
    CutAfterCommit,
}

/// How the server behind it is reached.
#[derive(Clone)]
enum Upstream {
    Tcp(String, u16),
    Socket(std::path::PathBuf),
}

/// The line. It ends with the value.
pub struct Proxy {
    /// The database behind it, by way of it.
    pub url: String,
    line: watch::Sender<Line>,
}

impl Proxy {
    /// A line that passes everything to the database of this URL.
    ///
    /// # Panics
    /// Where the URL cannot be read, or no port is free.
    #[must_use]
    pub fn to(url: &str) -> Self {
        let options: PgConnectOptions = url.parse().expect("the URL of a database");
        let upstream = match options.get_socket() {
            Some(folder) => Upstream::Socket(folder.join(format!(".s.PGSQL.{}", options.get_port()))),
            None if options.get_host().starts_with('/') => {
                let folder = std::path::Path::new(options.get_host());
                Upstream::Socket(folder.join(format!(".s.PGSQL.{}", options.get_port())))
            }
            None => Upstream::Tcp(options.get_host().to_owned(), options.get_port()),
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let port = listener.local_addr().expect("an address").port();
        let line = watch::Sender::new(Line::Pass);
        let state = line.subscribe();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(serve(listener, upstream, state));
        });
        Self { url: through(url, &options, port), line }
    }

    /// Makes the line do this from now on.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

/// The URL of the same database at a port of this machine: user and password stay as they are.
fn through(url: &str, options: &PgConnectOptions, port: u16) -> String {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let place = rest.split(['/', '?']).next().unwrap_or_default();
    let user = place.rsplit_once('@').map_or_else(|| options.get_username().to_owned(), |(user, _)| user.to_owned());
    let database = options.get_database().unwrap_or("postgres");
    format!("postgres://{user}@127.0.0.1:{port}/{database}?sslmode=disable")
}

/// Serves until the proxy is dropped.
async fn serve(listener: std::net::TcpListener, upstream: Upstream, mut line: watch::Receiver<Line>) {
    let listener = TcpListener::from_std(listener).expect("a socket");
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    tokio::spawn(connection(client, upstream.clone(), line.clone()));
                }
            }
            changed = line.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One connection of a client; closed on both sides when this returns.
async fn connection(client: TcpStream, upstream: Upstream, mut line: watch::Receiver<Line>) {
    if passes(&mut line).await.is_none() {
        return;
    }
    let _ = client.set_nodelay(true);
    let server: Box<dyn Stream> = match upstream {
        Upstream::Tcp(host, port) => match TcpStream::connect((host.as_str(), port)).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                Box::new(stream)
            }
            Err(_) => return,
        },
        Upstream::Socket(path) => match UnixStream::connect(path).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
    };
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    let committed = Arc::new(AtomicBool::new(false));
    let there = pump(from_client, to_server, line.clone(), |bytes, line| {
        let commits = bytes.windows(6).any(|word| word == b"COMMIT");
        if commits && line == Line::CutAfterCommit {
            committed.store(true, Ordering::SeqCst);
        }
        !(commits && line == Line::CutBeforeCommit)
    });
    let back = pump(from_server, to_client, line, |_, _| !committed.load(Ordering::SeqCst));
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}

/// What the line does, once it does not stall. `None`: it passes nothing any more.
async fn passes(line: &mut watch::Receiver<Line>) -> Option<Line> {
    let now = *line.wait_for(|line| *line != Line::Stall).await.ok()?;
    (now != Line::Drop).then_some(now)
}

/// Carries bytes in one direction until one side ends or `may` says no.
async fn pump<S: Stream, T: Stream>(
    mut from: ReadHalf<S>,
    mut to: WriteHalf<T>,
    mut line: watch::Receiver<Line>,
    may: impl Fn(&[u8], Line) -> bool,
) {
    let mut buffer = vec![0_u8; 64 << 10];
    loop {
        if passes(&mut line).await.is_none() {
            return;
        }
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            changed = line.changed() => {
                if changed.is_err() {
                    return;
                }
                continue;
            }
        };
        // While it waited for these bytes, or since they came, it may have been made to stall.
        let Some(now) = passes(&mut line).await else { return };
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() || !may(bytes, now) || to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
