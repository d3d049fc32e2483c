// SPDX-License-Identifier: MIT OR Apache-2.0
//! Round trips, damage, and archives made to hurt.

mod damage;
mod hostile;
mod round;

use crate::header::{Component, Consent, FORMAT, Header, Shape, VERSION};
use crate::{Archive, ArchiveError, Writer};
use cap_storage::Value;
use cap_storage::transfer::{Column, Kind, rows};
use kernel_types::{ComponentId, Digest, TenantId};
use std::fs::File;
use std::io::{Seek as _, Write as _};

/// The columns of the tables of the tests: one of each kind.
fn columns() -> Vec<Column> {
    let kinds = [("id", Kind::Integer), ("name", Kind::Text), ("rate", Kind::Real), ("data", Kind::Blob)];
    kinds.map(|(name, kind)| Column { name: name.to_owned(), kind }).into()
}

fn header() -> Header {
    let shape = |name: &str| Shape { name: name.to_owned(), columns: columns(), key: vec!["id".to_owned()] };
    let component = |id: &str, tables: &[&str]| Component {
        id: ComponentId::parse(id).unwrap(),
        version: "1.0.0".to_owned(),
        digest: Digest::of(id.as_bytes()),
        consent: Consent { text: "{}".to_owned(), bundle: "{}".to_owned() },
        migrations: Vec::new(),
        tables: tables.iter().map(|name| shape(name)).collect(),
    };
    Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        tenant: TenantId::parse("demo").unwrap(),
        taken_at: "2026-01-01T00:00:00Z".to_owned(),
        host: "0.1.0".to_owned(),
        components: vec![component("shop", &["items", "orders"]), component("wiki", &["pages"])],
        left_out: Vec::new(),
    }
}

fn row(id: i64) -> Vec<Value> {
    vec![Value::Integer(id), Value::Text(format!("row {id}")), Value::Real(0.5), Value::Blob(vec![0, 255])]
}

/// An archive with some of everything.
fn example() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    let [shop, wiki] = ["shop", "wiki"].map(|id| ComponentId::parse(id).unwrap());
    writer.file(&shop, "component.wasm", b"wasm").unwrap();
    writer.file(&shop, "migrations/0001_x.sql", b"sql").unwrap();
    writer.file(&wiki, "cortex.yaml", b"").unwrap();
    writer.rows(0, &[row(1), row(2)]).unwrap();
    writer.rows(2, &[row(-7)]).unwrap();
    writer.finish().unwrap().2
}

/// A file with these bytes.
fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn open(bytes: &[u8]) -> Result<Archive, ArchiveError> {
    Archive::open(file(bytes))
}

/// All rows of an archive, by table.
fn all_rows(archive: &Archive) -> Vec<(usize, Vec<Value>)> {
    let (sender, mut receiver) = rows();
    std::thread::scope(|scope| {
        scope.spawn(|| archive.feed(sender));
        let mut all = Vec::new();
        while let Some(batch) = receiver.blocking_next().unwrap() {
            all.extend(batch.rows.into_iter().map(|row| (batch.table, row)));
        }
        all
    })
}

/// The names of the members.
fn names(archive: &Archive) -> Vec<&str> {
    archive.index().members.iter().map(|member| member.name.as_str()).collect()
}
