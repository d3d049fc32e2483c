// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes on their way: a bounded channel of blocks, with ends for tasks and for threads that may wait.

use bytes::Bytes;
use std::io::{Error, Read, Result, Write};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Blocks that wait between the two ends.
const BLOCKS_WAITING_MAX: usize = 8;

/// Bytes of a block that [`FlowWriter`] gathers.
const BLOCK_BYTES: usize = 128 << 10;

/// How often a thread that may wait only so long looks whether there is room: a channel of a mebibyte is emptied in
/// milliseconds.
const ROOM_POLL: Duration = Duration::from_millis(2);

enum Block {
    Bytes(Bytes),
    End,
    Failed(String),
}

/// The end that takes bytes. A flow whose giver left before its end is cut off, which is an error and not an end.
pub struct Flow(mpsc::Receiver<Block>);

/// The end that gives bytes.
pub struct FlowWriter {
    sender: mpsc::Sender<Block>,
    gathered: Vec<u8>,
    /// How long a thread waits for room.
    within: Option<Duration>,
}

/// A bounded channel for bytes.
#[must_use]
pub fn flow() -> (FlowWriter, Flow) {
    let (sender, receiver) = mpsc::channel(BLOCKS_WAITING_MAX);
    (FlowWriter { sender, gathered: Vec::new(), within: None }, Flow(receiver))
}

fn left() -> Error {
    Error::new(std::io::ErrorKind::BrokenPipe, "whoever took the bytes left")
}

impl Flow {
    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// What the giver says, or that it left before the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        Self::read(self.0.recv().await)
    }

    /// The flow for a thread that may wait.
    #[must_use]
    pub fn into_reader(self) -> FlowReader {
        FlowReader { flow: self, block: Bytes::new(), ended: false }
    }

    fn read(block: Option<Block>) -> Result<Option<Bytes>> {
        match block {
            Some(Block::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Block::End) => Ok(None),
            Some(Block::Failed(reason)) => Err(Error::other(reason)),
            None => Err(Error::new(std::io::ErrorKind::UnexpectedEof, "the bytes were cut off before their end")),
        }
    }
}

impl FlowWriter {
    /// The writer for a giver that holds something for as long as it gives: the other end must take a block within that
    /// time.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self { within: Some(time), ..self }
    }

    /// Gives a block, once there is room.
    ///
    /// # Errors
    /// Where the other end is gone.
    pub async fn send(&mut self, bytes: Bytes) -> Result<()> {
        self.sender.send(Block::Bytes(bytes)).await.map_err(|_| left())
    }

    /// Says that all bytes were given, or why no more can be.
    pub async fn end(self, result: std::result::Result<(), String>) {
        // A taker that left needs no word.
        let _ = self.sender.send(result.map_or_else(Block::Failed, |()| Block::End)).await;
    }

    /// As [`FlowWriter::end`], on a thread that may wait. What was gathered is given first.
    ///
    /// # Errors
    /// Where the other end is gone.
    pub fn blocking_end(mut self, result: std::result::Result<(), String>) -> Result<()> {
        if result.is_ok() {
            self.give()?;
        }
        self.wait_and_send(result.map_or_else(Block::Failed, |()| Block::End))
    }

    fn give(&mut self) -> Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let bytes = Bytes::from(std::mem::take(&mut self.gathered));
        self.wait_and_send(Block::Bytes(bytes))
    }

    fn wait_and_send(&self, block: Block) -> Result<()> {
        let Some(time) = self.within else { return self.sender.blocking_send(block).map_err(|_| left()) };
        let begun = Instant::now();
        let mut block = block;
        loop {
            block = match self.sender.try_send(block) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Closed(_)) => return Err(left()),
                Err(mpsc::error::TrySendError::Full(block)) => block,
            };
            if begun.elapsed() >= time {
                let text = format!("whoever takes the bytes took none for {} ms", time.as_millis());
                return Err(Error::new(std::io::ErrorKind::TimedOut, text));
            }
            std::thread::sleep(ROOM_POLL);
        }
    }
}

impl Write for FlowWriter {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        self.gathered.extend_from_slice(buffer);
        if self.gathered.len() >= BLOCK_BYTES {
            self.give()?;
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.give()
    }
}

/// A flow as a reader, for a thread that may wait.
pub struct FlowReader {
    flow: Flow,
    block: Bytes,
    ended: bool,
}

impl Read for FlowReader {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while self.block.is_empty() && !self.ended {
            match Flow::read(self.flow.0.blocking_recv())? {
                Some(bytes) => self.block = bytes,
                None => self.ended = true,
            }
        }
        let count = self.block.len().min(buffer.len());
        let bytes = self.block.split_to(count);
        if let Some(target) = buffer.get_mut(..count) {
            target.copy_from_slice(&bytes);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_nothing_is_given_up_after_a_while() {
        let (writer, mut flow) = flow();
        let mut writer = writer.within(Duration::from_millis(50));
        let block = vec![0; BLOCK_BYTES];
        for _ in 0..BLOCKS_WAITING_MAX {
            writer.write_all(&block).unwrap();
        }
        assert_eq!(writer.write_all(&block).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        // Room again, and it goes on.
        flow.0.try_recv().ok().unwrap();
        writer.write_all(&block).unwrap();
        assert_eq!(writer.blocking_end(Ok(())).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        let mut reader = flow.into_reader();
        let cut = std::io::copy(&mut reader, &mut std::io::sink()).unwrap_err();
        assert_eq!(cut.kind(), std::io::ErrorKind::UnexpectedEof, "what was cut off is no end");
    }
}
