// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a host says to its database: a proxy in between that passes everything on and notes statements, the values that are
//! bound and the rows that come back (PostgreSQL, "Frontend/Backend Protocol", version 3). No encryption.

use anyhow::{Context as _, Result};
use sqlx::postgres::PgConnectOptions;
use std::collections::HashMap;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// One round trip.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Text without parameters, perhaps of several statements.
    Text(String),
    /// A prepared statement.
    Run {
        /// Its text.
        text: String,
        /// The types (by object id) and values of its parameters, in binary form.
        values: Vec<(u32, Option<Vec<u8>>)>,
        /// The names of the columns that it returns.
        columns: Vec<String>,
        /// The rows that came, in binary form.
        rows: Vec<Vec<Option<Vec<u8>>>>,
    },
}

/// A proxy that listens until it is dropped.
pub(crate) struct Proxy {
    /// The URL to give to the host.
    pub(crate) url: String,
    steps: Arc<Mutex<Vec<Step>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Starts to listen in front of a database.
    pub(crate) async fn start(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let rest = url.split_once("://").context("a URL")?.1;
        let user = rest.rsplit_once('@').map_or_else(|| options.get_username().to_owned(), |(user, _)| user.to_owned());
        let name = options.get_database().unwrap_or_default();
        let url = format!("postgres://{user}@{}/{name}?sslmode=disable", listener.local_addr()?);
        let steps = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn({
            let steps = Arc::clone(&steps);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(pass(client, options.clone(), Arc::clone(&steps)));
                }
            }
        });
        Ok(Self { url, steps, task })
    }

    /// What was said since it was last asked.
    pub(crate) fn take(&self) -> Vec<Step> {
        std::mem::take(&mut *self.steps.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn pass(client: TcpStream, options: PgConnectOptions, steps: Arc<Mutex<Vec<Step>>>) -> Result<()> {
    client.set_nodelay(true)?;
    let notes = Arc::new(Mutex::new(Notes { steps, prepared: HashMap::new(), newest: String::new() }));
    let (from_client, to_client) = client.into_split();
    if let Some(folder) = options.get_socket() {
        let path = folder.join(format!(".s.PGSQL.{}", options.get_port()));
        let (from_server, to_server) = UnixStream::connect(path).await?.into_split();
        both(from_client, to_client, from_server, to_server, notes).await
    } else {
        let server = TcpStream::connect((options.get_host(), options.get_port())).await?;
        server.set_nodelay(true)?;
        let (from_server, to_server) = server.into_split();
        both(from_client, to_client, from_server, to_server, notes).await
    }
}

async fn both(
    from_client: impl AsyncRead + Unpin,
    to_client: impl AsyncWrite + Unpin,
    from_server: impl AsyncRead + Unpin,
    to_server: impl AsyncWrite + Unpin,
    notes: Arc<Mutex<Notes>>,
) -> Result<()> {
    let asked = copy(from_client, to_server, true, |kind, body| note(&notes, |notes| notes.asked(kind, body)));
    let answered = copy(from_server, to_client, false, |kind, body| note(&notes, |notes| notes.answered(kind, body)));
    tokio::select! {
        end = asked => end,
        end = answered => end,
    }
}

fn note(notes: &Mutex<Notes>, act: impl FnOnce(&mut Notes) -> Option<()>) {
    // What cannot be read is passed on all the same.
    act(&mut notes.lock().unwrap_or_else(PoisonError::into_inner)).unwrap_or(());
}

/// Passes on, and shows each whole message before it goes. `startup`: the first message has no letter.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    startup: bool,
    mut see: impl FnMut(u8, &[u8]),
) -> Result<()> {
    let (mut waiting, mut letter) = (Vec::new(), usize::from(!startup));
    loop {
        let begin = waiting.len();
        if from.read_buf(&mut waiting).await? == 0 {
            return Ok(());
        }
        let arrived = waiting.get(begin..).unwrap_or_default().to_vec();
        while let Some(length) = waiting.get(letter..).and_then(|rest| Reader(rest).number()) {
            let end = letter.saturating_add(usize::try_from(length)?);
            let Some(message) = waiting.get(..end) else { break };
            if letter == 1 {
                see(message.first().copied().unwrap_or_default(), message.get(5..).unwrap_or_default());
            }
            waiting.drain(..end);
            letter = 1;
        }
        to.write_all(&arrived).await?;
    }
}

/// What is known of one connection.
struct Notes {
    steps: Arc<Mutex<Vec<Step>>>,
    prepared: HashMap<String, Prepared>,
    /// The statement that was prepared last.
    newest: String,
}

#[derive(Clone, Default)]
struct Prepared {
    text: String,
    types: Vec<u32>,
    columns: Vec<String>,
}

impl Notes {
    fn push(&self, step: Step) {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }

    fn asked(&mut self, kind: u8, body: &[u8]) -> Option<()> {
        let mut reader = Reader(body);
        match kind {
            b'Q' => self.push(Step::Text(reader.text()?)),
            b'P' => {
                let (name, text) = (reader.text()?, reader.text()?);
                let count = reader.short()?;
                let types = (0..count).map(|_| reader.number()).collect::<Option<_>>()?;
                self.newest.clone_from(&name);
                self.prepared.insert(name, Prepared { text, types, columns: Vec::new() });
            }
            b'B' => {
                let (_portal, name) = (reader.text()?, reader.text()?);
                let formats = reader.short()?;
                (0..formats).try_for_each(|_| reader.short().map(drop))?;
                let values = reader.values()?;
                let Prepared { text, types, columns } = self.prepared.get(&name)?.clone();
                let values = types.into_iter().zip(values).collect();
                self.push(Step::Run { text, values, columns, rows: Vec::new() });
            }
            _ => {}
        }
        Some(())
    }

    fn answered(&mut self, kind: u8, body: &[u8]) -> Option<()> {
        let mut reader = Reader(body);
        match kind {
            b'T' => {
                let count = reader.short()?;
                let column = |_| {
                    let name = reader.text()?;
                    // Table, column, type, its length, modifier, format.
                    reader.bytes(18)?;
                    Some(name)
                };
                let columns = (0..count).map(column).collect::<Option<_>>()?;
                self.prepared.get_mut(&self.newest)?.columns = columns;
            }
            b'D' => {
                let row = reader.values()?;
                if let Some(Step::Run { rows, .. }) =
                    self.steps.lock().unwrap_or_else(PoisonError::into_inner).last_mut()
                {
                    rows.push(row);
                }
            }
            _ => {}
        }
        Some(())
    }
}

/// Reads the parts of a message.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// So many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A number of 32 bits.
    pub(crate) fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(self.bytes(end)?).into_owned();
        self.bytes(1)?;
        Some(text)
    }

    /// A length and as many bytes; a length below zero is NULL.
    pub(crate) fn value(&mut self) -> Option<Option<Vec<u8>>> {
        match usize::try_from(self.number()?.cast_signed()) {
            Ok(length) => Some(Some(self.bytes(length)?.to_vec())),
            Err(_) => Some(None),
        }
    }

    fn values(&mut self) -> Option<Vec<Option<Vec<u8>>>> {
        (0..self.short()?).map(|_| self.value()).collect()
    }
}
