// SPDX-License-Identifier: MIT OR Apache-2.0
//! A server of our own, for machines that have the programs but run none. One for all tests of a user: starting one takes
//! seconds. It ends by itself when no test has held it for half a minute; its folder is kept for the next time.

use crate::server::Server;
use sqlx::postgres::PgConnectOptions;
use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the server may take to make its files and start.
const START_WAIT: Duration = Duration::from_secs(60);

/// Who runs it where the tests run as root, whom PostgreSQL refuses: `nobody` on every system that we know.
pub(crate) const NOBODY: u32 = 65_534;

/// Starts the server in the background and ends it when nobody holds the lock for six looks, five seconds apart. Its files
/// need not survive a power cut.
const SUPERVISOR: &str = r#"
    folder=$1; bin=$2
    "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off -c max_connections=200 \
        >"$folder/log" 2>&1 &
    server=$!; idle=0
    while kill -0 "$server" 2>/dev/null; do
        sleep 5
        if flock --nonblock --exclusive "$folder/held" true; then idle=$((idle + 1)); else idle=0; fi
        if [ "$idle" -ge 6 ]; then kill -INT "$server"; wait "$server"; fi
    done"#;

/// The server of this user, started where it does not run.
///
/// # Errors
/// Where the programs are missing, or it cannot be started; the text says why.
pub fn private() -> Result<Server, String> {
    let bin = programs().ok_or("`postgres` and `initdb` are not on PATH")?;
    let root = is_root();
    let folder = std::env::temp_dir().join(format!("cortex-test-postgres-{}", if root { "root" } else { "user" }));
    let folder = if root { folder } else { folder.with_extension(own_user().to_string()) };
    prepare(&folder, root).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    let options = PgConnectOptions::new_without_pgpass().socket(&folder).username("postgres").database("postgres");
    // Held until this process ends.
    let held = open(&folder.join("held"))?;
    held.lock_shared().map_err(|error| error.to_string())?;
    std::mem::forget(held);
    let starting = open(&folder.join("starting"))?;
    starting.lock().map_err(|error| error.to_string())?;
    if let Ok(server) = Server::reach(options.clone()) {
        return Ok(server);
    }
    if !folder.join("data/PG_VERSION").exists() {
        let mut command = Command::new(bin.join("initdb"));
        command.args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"]);
        let output = as_user(command.arg(folder.join("data")), root).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("initdb failed: {}", String::from_utf8_lossy(&output.stderr)));
        }
    }
    let mut command = Command::new("sh");
    command.args(["-c", SUPERVISOR, "sh"]).arg(&folder).arg(&bin).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    as_user(&mut command, root).spawn().map_err(|error| error.to_string())?;
    let begin = Instant::now();
    loop {
        match Server::reach(options.clone()) {
            Ok(server) => return Ok(server),
            Err(error) if begin.elapsed() > START_WAIT => return Err(format!("the server does not answer: {error}")),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// The folder of the programs: on `PATH`, else where Debian keeps the newest.
pub(crate) fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.into_iter().find(|folder| folder.join("postgres").exists() && folder.join("initdb").exists())
}

/// Makes the folder, for nobody but whom the server runs as; refuses one that somebody else made.
fn prepare(folder: &Path, root: bool) -> std::io::Result<()> {
    let owner = if root { NOBODY } else { own_user() };
    if std::fs::create_dir(folder).is_ok() {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        if root {
            chown(folder, Some(NOBODY), Some(NOBODY))?;
        }
    }
    let found = std::fs::symlink_metadata(folder)?;
    if found.is_dir() && found.uid() == owner {
        Ok(())
    } else {
        Err(std::io::Error::other("it belongs to somebody else"))
    }
}

fn open(path: &Path) -> Result<File, String> {
    let file = File::options().create(true).append(true).open(path);
    let file =
        file.and_then(|file| file.set_permissions(std::fs::Permissions::from_mode(0o666)).or(Ok(())).map(|()| file));
    file.map_err(|error| format!("`{}`: {error}", path.display()))
}

pub(crate) fn as_user(command: &mut Command, root: bool) -> &mut Command {
    if root { command.uid(NOBODY).gid(NOBODY).current_dir("/") } else { command.current_dir("/") }
}

fn own_user() -> u32 {
    std::fs::metadata("/proc/self").map_or(NOBODY, |process| process.uid())
}

pub(crate) fn is_root() -> bool {
    own_user() == 0
}
