// SPDX-License-Identifier: MIT OR Apache-2.0
//! The media types and the keys of annotations that a package uses: those of the OCI, of the CNCF's WebAssembly
//! artifact, of in-toto, and ours. What is published with one of ours can never be read differently: another meaning is
//! another `v`.

/// An OCI image manifest.
pub const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index, a list of manifests.
pub const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The descriptor of nothing: two bytes, `{}`.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// The config of a WebAssembly artifact, as the CNCF's artifact guide describes it.
pub const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// A component's binary.
pub const WASM: &str = "application/wasm";
/// An in-toto statement, not yet signed.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";
/// A sigstore bundle, as the signing client attaches it.
pub const SIGSTORE_BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// What a package of ours says that it is.
pub const PACKAGE: &str = "application/vnd.cortex.component.v1";
/// `cortex.yaml`.
pub const MANIFEST: &str = "application/vnd.cortex.manifest.v1+yaml";
/// A migration.
pub const MIGRATION: &str = "application/vnd.cortex.migration.v1+sql";
/// A JSON Schema that the manifest names.
pub const SCHEMA: &str = "application/vnd.cortex.schema.v1+json";
/// A file for a page of the component.
pub const VIEW: &str = "application/vnd.cortex.view.v1";
/// A page for people.
pub const DOC: &str = "application/vnd.cortex.doc.v1";

/// A layer's path in the package; the manifest's component id.
pub const TITLE: &str = "org.opencontainers.image.title";
/// The component's version.
pub const VERSION: &str = "org.opencontainers.image.version";
/// The component's licence, an SPDX expression.
pub const LICENCES: &str = "org.opencontainers.image.licenses";
/// The name by which a manifest in a layout is found.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Which kind of predicate a statement carries.
pub const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";

/// What a sigstore bundle holds: [`MESSAGE_SIGNATURE`] or [`DSSE_ENVELOPE`]. This key and the next are those of cosign.
pub const BUNDLE_CONTENT: &str = "dev.sigstore.bundle.content";
/// Which kind of predicate the statement in a bundle carries.
pub const BUNDLE_PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";
/// What stands there for a bundle that signs the package itself.
pub const SIGNATURE_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
/// A bundle that signs the package itself.
pub const MESSAGE_SIGNATURE: &str = "message-signature";
/// A bundle that signs a statement about it.
pub const DSSE_ENVELOPE: &str = "dsse-envelope";
