// SPDX-License-Identifier: MIT OR Apache-2.0
//! A layout that is being forged: the files of an honest one, and ways to change them as somebody would who knows the
//! format.

use crate::walk::Site;
use crate::world::{Files, World, files};
use edge_package::json::canonical;
use edge_package::{Attachment, Layout, Package, media};
use kernel_types::Digest;
use rustix::fs::{FileType, Mode};
use serde_json::Value;
use std::path::Path;

/// What a file of a layout becomes when it is written.
enum Odd {
    /// A link to where the file then is.
    Link,
    /// A pipe that nobody writes into.
    Pipe,
}

/// A layout, and the site to which it is offered.
pub struct Draft {
    /// The site.
    pub(crate) site: Site,
    files: Files,
    odd: Vec<(String, Odd)>,
}

/// The index of the package in the list of manifests, and of its first signature.
pub(crate) const PACKAGE: usize = 0;
pub(crate) const SIGNATURE: usize = 1;

impl Draft {
    /// The honest package, signed with the publisher's key.
    pub(crate) fn honest(world: &World) -> Self {
        Self::of_files(world, files())
    }

    /// A package of these files, signed with the publisher's key.
    pub(crate) fn of_files(world: &World, files: Files) -> Self {
        let package = Package::of_files(files).unwrap();
        let bundle = world.key.sign(package.image_bytes()).unwrap().to_json().unwrap();
        Self::with(world, package, &[bundle.into_bytes()])
    }

    /// The honest package with files added or changed, signed with the publisher's key.
    pub(crate) fn of_changed(world: &World, changes: &[(&str, &[u8])]) -> Self {
        Self::of_files(world, changed(changes))
    }

    /// The honest package with this signature.
    pub(crate) fn signed_by(world: &World, bundle: &Value) -> Self {
        Self::with(world, Package::of_files(files()).unwrap(), &[bundle.to_string().into_bytes()])
    }

    /// A package with these signatures.
    pub(crate) fn with(world: &World, package: Package, bundles: &[Vec<u8>]) -> Self {
        let attach = |bundle: &Vec<u8>| Attachment::new(media::SIGSTORE_BUNDLE, bundle.clone());
        Self::attached(world, package, bundles.iter().map(attach).collect())
    }

    /// A package with all this attached.
    pub(crate) fn attached(world: &World, package: Package, attachments: Vec<Attachment>) -> Self {
        let files = Layout { package, attachments }.content().0;
        Self { site: world.site(), files, odd: Vec::new() }
    }

    /// The JSON of a file.
    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.files[name]).unwrap()
    }

    /// The digest of the package, as the index has it.
    pub(crate) fn digest(&self) -> Digest {
        self.json("index.json")["manifests"][PACKAGE]["digest"].as_str().unwrap().parse().unwrap()
    }

    /// The name of the file with a manifest that the index names.
    pub(crate) fn manifest(&self, number: usize) -> String {
        blob(self.json("index.json")["manifests"][number]["digest"].as_str().unwrap())
    }

    /// The name of the file with a layer.
    pub(crate) fn layer(&self, manifest: usize, number: usize) -> String {
        blob(self.json(&self.manifest(manifest))["layers"][number]["digest"].as_str().unwrap())
    }

    /// Changes the bytes of a file, and nothing that says which bytes they have to be.
    pub(crate) fn bytes(&mut self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.files.get_mut(name).unwrap());
    }

    /// Changes the index.
    pub(crate) fn index(&mut self, change: impl FnOnce(&mut Value)) {
        let mut index = self.json("index.json");
        change(&mut index);
        self.files.insert(String::from("index.json"), canonical(&index));
    }

    /// Changes the text of a manifest, and the index so that it fits again.
    pub(crate) fn manifest_text(&mut self, number: usize, change: impl FnOnce(&str) -> Vec<u8>) {
        let text = String::from_utf8(self.files[&self.manifest(number)].clone()).unwrap();
        let bytes = change(&text);
        let mut index = self.json("index.json");
        self.put(&mut index["manifests"][number], &bytes);
        self.files.insert(String::from("index.json"), canonical(&index));
    }

    /// Changes a manifest, and the index so that it fits again.
    pub(crate) fn forge(&mut self, number: usize, change: impl FnOnce(&mut Value)) {
        self.manifest_text(number, |text| {
            let mut manifest = serde_json::from_str(text).unwrap();
            change(&mut manifest);
            canonical(&manifest)
        });
    }

    /// Puts bytes behind a descriptor, with their true length and digest.
    pub(crate) fn put(&mut self, descriptor: &mut Value, bytes: &[u8]) {
        let digest = Digest::of(bytes).to_string();
        descriptor["digest"] = Value::from(digest.clone());
        descriptor["size"] = Value::from(bytes.len());
        self.files.insert(blob(&digest), bytes.to_vec());
    }

    /// Makes a link of a file or folder; what it was lies outside of the layout.
    pub(crate) fn link(&mut self, name: &str) {
        self.odd.push((name.to_owned(), Odd::Link));
    }

    /// Makes a pipe of a file.
    pub(crate) fn pipe(&mut self, name: &str) {
        self.odd.push((name.to_owned(), Odd::Pipe));
    }

    /// Writes it to a folder that is not there yet.
    pub(crate) fn write(&self, folder: &Path) {
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        for (name, odd) in &self.odd {
            let path = folder.join(name);
            match odd {
                Odd::Link => {
                    let outside = folder.with_extension("outside");
                    std::fs::rename(&path, &outside).unwrap();
                    std::os::unix::fs::symlink(&outside, &path).unwrap();
                }
                Odd::Pipe => {
                    std::fs::remove_file(&path).unwrap();
                    rustix::fs::mknodat(rustix::fs::CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
                }
            }
        }
    }
}

/// The honest files with others in their place or beside them.
pub(crate) fn changed(changes: &[(&str, &[u8])]) -> Files {
    let mut files = files();
    for (path, content) in changes {
        files.insert((*path).to_owned(), content.to_vec());
    }
    files
}

fn blob(digest: &str) -> String {
    format!("blobs/sha256/{}", digest.strip_prefix("sha256:").unwrap())
}
