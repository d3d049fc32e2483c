// SPDX-License-Identifier: MIT OR Apache-2.0
//! How large a package and its parts may be. What is claimed is compared with these before anything is read or fetched.

/// Bytes of a component's binary, as many as a host installs. The largest first-party one has under one megabyte; a Python
/// component has some forty.
pub const COMPONENT_BYTES_MAX: u64 = 64 << 20;
/// Bytes of any other file of a package.
pub const FILE_BYTES_MAX: u64 = 4 << 20;
/// Bytes of all files of a package together.
pub const PACKAGE_BYTES_MAX: u64 = 256 << 20;
/// Files of a package. Each is a layer; a component collects some hundred migrations in a long life.
pub const FILES_MAX: usize = 4_096;
/// Bytes of a manifest. Registries take four mebibytes; [`FILES_MAX`] layers of ours need about one and a half.
pub const MANIFEST_BYTES_MAX: u64 = 2 << 20;
/// Bytes of a config: the names of the interfaces of one component and a digest for each layer.
pub const CONFIG_BYTES_MAX: u64 = 1 << 20;
/// Bytes of `index.json`, and of a list of referrers: [`ATTACHMENTS_MAX`] descriptors with their annotations.
pub const INDEX_BYTES_MAX: u64 = 256 << 10;
/// Bytes of `oci-layout`, one short object.
pub const LAYOUT_BYTES_MAX: u64 = 1 << 10;
/// What may be attached to one package: a list of parts, provenance, and signatures and reviews of some dozen people.
pub const ATTACHMENTS_MAX: usize = 128;
/// Bytes of one attachment. A list of a thousand parts has about half a mebibyte.
pub const ATTACHMENT_BYTES_MAX: u64 = 8 << 20;
/// Bytes of all attachments of a package together.
pub const ATTACHMENTS_BYTES_MAX: u64 = 64 << 20;
/// Bytes of the list of dependencies in a binary, unpacked: some ten thousand packages.
pub const DEPENDENCIES_BYTES_MAX: usize = 1 << 20;
/// Characters of a path in a package, as many as `cortex.yaml` may name.
pub const PATH_CHARACTERS_MAX: usize = 200;
/// Parts of a path in a package.
pub const PATH_PARTS_MAX: usize = 8;
