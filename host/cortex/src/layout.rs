// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the host keeps what: the one place that knows the names below its directory (`.cortex`).

use kernel_types::{Digest, TenantId};
use std::path::{Path, PathBuf};

/// The directory of a host.
///
/// ```text
/// .cortex/
///   state.sqlite          what is installed and enabled, and the credentials' digests; not beside a shared database
///   store                 the word `sqlite` or `postgres`: where the tenants' data is
///   operator.sock         where commands reach the running host
///   host.json             the address of the running host; removed when it stops
///   tokens/demo.token     the development token of a tenant, readable by its owner only
///   revocations.json      the list of revocations that this host had last
///   trust/                whom the host trusts: policy.json, keys.json, roots/*.json; written by its administrator
///   components/<digest>/  installed packages with their signatures, fetched again from what is remembered whenever they are missing or damaged
///   code/                 machine code, made again whenever it is missing
///   authority/            a signing service for a developer on this machine alone
///   data/                 the tenants' databases
///   boot.log              a signed line for each start of the host; `boot-<number>.log` for those before
///   boot/                 the key that signs them, its passphrase, and its public half, `public.pem`
/// ```
#[derive(Clone, Debug)]
pub struct Layout(PathBuf);

impl Layout {
    /// The layout below a directory.
    #[must_use]
    pub fn at(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// What is installed and enabled.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.0.join("state.sqlite")
    }

    /// Which kind of store keeps the tenants' data.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    /// Where the running host answers.
    #[must_use]
    pub fn running(&self) -> PathBuf {
        self.0.join("host.json")
    }

    /// The socket of the running host's operator.
    #[must_use]
    pub fn operator(&self) -> PathBuf {
        self.0.join("operator.sock")
    }

    /// The development token of a tenant.
    #[must_use]
    pub fn token(&self, tenant: &TenantId) -> PathBuf {
        self.0.join("tokens").join(format!("{tenant}.token"))
    }

    /// An installed package.
    #[must_use]
    pub fn component(&self, digest: &Digest) -> PathBuf {
        self.0.join("components").join(digest.hex())
    }

    /// The list of revocations that this host had last.
    #[must_use]
    pub fn revocations(&self) -> PathBuf {
        self.0.join("revocations.json")
    }

    /// Whom the host trusts.
    #[must_use]
    pub fn trust(&self) -> PathBuf {
        self.0.join("trust")
    }

    /// The authority that signs for a developer on this machine, made by `up --demo`.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.0.join("authority")
    }

    /// The boot log.
    #[must_use]
    pub fn boot_log(&self) -> PathBuf {
        self.0.join("boot.log")
    }

    /// A boot log that was full, by the number of its last record.
    #[must_use]
    pub fn former_boot_log(&self, number: u64) -> PathBuf {
        self.0.join(format!("boot-{number}.log"))
    }

    /// The key that signs the boot log.
    #[must_use]
    pub fn boot_key(&self) -> PathBuf {
        self.0.join("boot")
    }

    /// Kept machine code.
    #[must_use]
    pub fn code(&self) -> PathBuf {
        self.0.join("code")
    }

    /// The tenants' databases.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}
