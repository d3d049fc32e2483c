// SPDX-License-Identifier: MIT OR Apache-2.0
//! The commands, one file each.

mod backup;
mod boot_log;
mod build;
mod client;
mod component;
mod config;
mod configuration;
mod demo;
mod held;
mod import;
mod inspect;
mod key;
mod log;
mod logging;
mod package;
mod passphrase;
mod pull;
mod push;
mod rotating;
mod sign;
mod signatory;
mod tenant;
pub(crate) mod terminal;
mod up;
mod verdict;
mod verify;
mod way;

use anyhow::Result;
use clap::{Parser, Subcommand};
use configuration::{Outside, Wanted};

/// What the program says when it ends. The parser of arguments says 2 by itself.
const EXIT: &str = "Exit codes: 0 done, 1 refused or failed, 2 not understood.";

/// An ERP platform in which no module is trusted.
#[derive(Debug, Parser)]
#[command(name = "cortex", version, about, max_term_width = 100, after_help = EXIT)]
pub(crate) struct Command {
    /// The directory of the host: databases, components, credentials. `.cortex` where neither this nor
    /// `CORTEX_DIRECTORY` names one.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    directory: Option<String>,

    /// What is logged, as `level` or `target=level,...`; targets: `cortex::access`, `cortex::component`. `CORTEX_LOG`
    /// comes first.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,

    /// How log lines are written to standard error, `text` or `json`. `CORTEX_LOG_FORMAT` comes first.
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,

    #[command(subcommand)]
    name: Name,
}

#[derive(Debug, Subcommand)]
enum Name {
    /// Starts the host and serves until it is interrupted.
    Up(up::Up),
    /// Shows and checks how a host is configured.
    Config(config::Config),
    /// Imports a plain-text accounting journal (hledger's format) into a tenant's ledger, all of it or nothing.
    Import(import::Import),
    /// Lists, makes, writes and takes in tenants.
    Tenant(tenant::Tenant),
    /// Writes every tenant of a host into a directory, an archive each, while the host runs.
    Backup(backup::Backup),
    /// Takes in the tenants of a backup.
    Restore(backup::Restore),
    /// Builds component crates into bundles that a host can install.
    Build(build::Build),
    /// Packages a bundle as an OCI image layout, with its list of parts and its provenance.
    Package(package::Pack),
    /// Pushes a package to a registry.
    Push(push::Push),
    /// Pulls a package from a registry; every digest is checked.
    Pull(pull::Pull),
    /// Makes and shows the managed key of a publisher.
    #[command(subcommand)]
    Key(key::Key),
    /// Signs a package and what is attached to it, or another file.
    Sign(sign::Sign),
    /// Says who signed a package or another file, and whether they may.
    Verify(verify::Verify),
    /// Looks at logs that are signed: the starts of a host, the transparency log of a signing service.
    #[command(subcommand)]
    Log(log::Log),
    /// Installs a signed package, so that tenants can enable it.
    Install(component::Install),
    /// Forgets a package that no tenant has enabled.
    Uninstall(component::Uninstall),
    /// Lists the installed packages.
    Components(component::Components),
    /// Enables a component for a tenant: shows the plan, asks, and signs the consent.
    Enable(component::Enable),
    /// Brings a tenant to another version of a component, the highest that is installed; as `enable`.
    Upgrade(component::Enable),
    /// Goes back to the version that the tenant had before.
    Rollback(component::Rollback),
    /// Takes a component out of a tenant; its data stays.
    Disable(component::Disable),
    /// Shows what a tenant's administrators agreed to.
    Grants(component::Grants),
    /// Loads a signed list of revocations, or shows the one in force.
    Revoke(component::Revoke),
    /// Checks manifests and shows contracts.
    #[command(subcommand)]
    Inspect(inspect::Inspect),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let common = [("directory", self.directory), ("log.level", self.log), ("log.format", self.log_format)];
        let common = configuration::given(common);
        let name = match self.name {
            Name::Up(up) => return up.run(&common),
            Name::Config(config) => return config.run(&common),
            name => name,
        };
        let outside = Outside::read(&common, &Wanted::default())?;
        logging::start(&outside.configuration)?;
        let layout = way::Home::new(outside.alone()?);
        match name {
            // They read the file as well.
            Name::Up(_) | Name::Config(_) => Ok(()),
            Name::Log(log) => log.run(&layout),
            Name::Import(import) => import.run(&layout),
            Name::Tenant(tenant) => tenant.run(&layout),
            Name::Backup(backup) => backup.run(&layout),
            Name::Restore(restore) => restore.run(&layout),
            Name::Build(build) => build.run(),
            Name::Package(package) => package.run(),
            Name::Push(push) => push.run(),
            Name::Pull(pull) => pull.run(),
            Name::Key(key) => key.run(),
            Name::Sign(sign) => sign.run(),
            Name::Verify(verify) => verify.run(),
            Name::Install(install) => install.run(&layout),
            Name::Uninstall(uninstall) => uninstall.run(&layout),
            Name::Components(components) => components.run(&layout),
            Name::Enable(enable) | Name::Upgrade(enable) => enable.run(&layout),
            Name::Rollback(rollback) => rollback.run(&layout),
            Name::Disable(disable) => disable.run(&layout),
            Name::Grants(grants) => grants.run(&layout),
            Name::Revoke(revoke) => revoke.run(&layout),
            Name::Inspect(inspect) => inspect.run(),
        }
    }
}
