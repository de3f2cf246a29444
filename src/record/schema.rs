//! The schema and its migrations; making and opening the database.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::{Error, Result};

/// What makes each version out of the one before it; `PRAGMA user_version` says which ones have run.
const MIGRATIONS: [&str; 2] = [include_str!("schema.sql"), include_str!("agents.sql")];

/// `PRAGMA application_id`: tells a record from any other database.
const APPLICATION: i64 = 0x5348_4c47;

/// What the names of files end with that are not complete, or not for long.
const TEMP: &str = ".temp";

/// Bytes of a write-ahead log that are not worth a checkpoint yet.
const LOG: u64 = 1 << 20;

/// Bytes of a page of a database that nobody changed.
const PAGE: u64 = 4096;

/// Whether there is a record; an empty file, or only what SQLite keeps beside one, is damage.
pub(super) fn exists(path: &Path) -> Result<bool> {
    let size = |path: &Path| match fs::metadata(path) {
        Ok(meta) => Ok(Some(meta.len())),
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(Error::io("read the record", path)(e)),
    };
    let damaged = |message: &str| Err(Error::Damaged { path: path.to_path_buf(), message: message.to_string() });
    let waiting = || -> Result<bool> { Ok(size(&beside(path, "-wal"))?.is_some_and(|n| n > 0)) };
    match size(path)? {
        Some(0) => damaged("the file is empty"),
        // SQLite fills up the last page with zeros and notices nothing.
        Some(bytes) if !bytes.is_multiple_of(PAGE) && !waiting()? && cut(path, bytes).map_err(Error::io("read the record", path))? => {
            damaged("the file ends within a page")
        }
        Some(_) => Ok(true),
        None if fs::symlink_metadata(path).is_ok() => damaged("it is a link that leads nowhere"),
        None if waiting()? => damaged("the file is gone, its write-ahead log is still there"),
        None => Ok(false),
    }
}

/// Whether a file is no whole number of the pages that its own header names.
fn cut(path: &Path, bytes: u64) -> std::io::Result<bool> {
    let mut header = [0; 18];
    if File::open(path)?.read_exact(&mut header).is_err() {
        return Ok(true);
    }
    // 1 stands for 65,536: https://www.sqlite.org/fileformat.html, section 1.3.2.
    let page = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size.max(1),
    };
    Ok(!bytes.is_multiple_of(page))
}

/// A file that SQLite keeps beside a database.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(end);
    PathBuf::from(name)
}

/// Makes a record under a temporary name and gives it its own when it is whole; another process may be faster.
pub(super) fn create(path: &Path) -> Result<()> {
    let random = getrandom::u64().map_err(|e| Error::io("make the record", path)(std::io::Error::other(e)))?;
    let temp = beside(path, &format!(".{random:016x}{TEMP}"));
    let made = claim(&temp).and_then(|held| fill(&temp).map(|()| held)).map_err(|e| e.at(path)).and_then(|_held| {
        File::open(&temp).and_then(|f| f.sync_all()).map_err(Error::io("make the record", path))?;
        match fs::hard_link(&temp, path) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(_) if !path.exists() => fs::rename(&temp, path).map_err(Error::io("make the record", path)),
            linked => linked.map_err(Error::io("make the record", path)),
        }
    });
    for file in [temp.clone(), beside(&temp, "-wal"), beside(&temp, "-shm"), beside(&temp, "-journal")] {
        let _ = fs::remove_file(file);
    }
    made?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// Makes the names in a directory durable, where the system needs that.
pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    if cfg!(unix) { File::open(dir).and_then(|d| d.sync_all()).map_err(Error::io("sync", dir)) } else { Ok(()) }
}

fn fill(temp: &Path) -> Result<()> {
    let mut db = Connection::open(temp)?;
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    migrate(&mut db, 0)?;
    db.close().map_err(|(_, e)| Error::from(e))
}

/// A database in memory: a copy of this one, else an empty one.
pub(super) fn in_memory(of: Option<&Connection>) -> Result<Connection> {
    let mut db = Connection::open_in_memory()?;
    match of {
        Some(of) => Backup::new(of, &mut db)?.run_to_completion(i32::MAX, Duration::ZERO, None)?,
        None => migrate(&mut db, 0)?,
    }
    Ok(db)
}

/// Makes an empty file that only its owner can read, and locks it as one that is in use.
pub(super) fn claim(temp: &Path) -> Result<File> {
    let locked = new_private(temp).and_then(|file| file.lock().map(|()| file));
    locked.map_err(Error::io("make", temp))
}

/// Makes a file that is not there yet, and that only its owner can read.
///
/// # Errors
/// Those of the system.
pub fn new_private(path: &Path) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes copies of the record, and halves of new ones, that killed processes left in a private directory.
///
/// # Errors
/// [`Error::Io`]
pub fn sweep(private: &Path) -> Result<Vec<PathBuf>> {
    let left = leftovers(private)?;
    left.iter().try_for_each(|file| fs::remove_file(file).map_err(Error::io("remove", file)))?;
    Ok(left)
}

/// Copies of the record, and halves of new ones, that killed processes left.
///
/// # Errors
/// [`Error::Io`]
pub fn leftovers(private: &Path) -> Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    let entries = match fs::read_dir(private) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(left),
        entries => entries.map_err(Error::io("read", private))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("read", private))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((base, _)) =
            name.strip_prefix(super::FILE).and_then(|rest| rest.starts_with('.').then(|| rest.split_once(TEMP)).flatten())
        else {
            continue;
        };
        // What belongs to a file that is in use stays, and so does what is so new that its lock may only come.
        let base = private.join(format!("{}{base}{TEMP}", super::FILE));
        let used = File::open(&base).is_ok_and(|file| file.try_lock().is_err());
        let new = entry.metadata().and_then(|m| m.modified()).is_ok_and(|t| t.elapsed().is_ok_and(|age| age.as_secs() < 2));
        if !used && !new && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            left.push(entry.path());
        }
    }
    left.sort();
    Ok(left)
}

/// Makes a file readable by its owner only.
pub(super) fn protect(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(path, mode).map_err(Error::io("protect", path))?;
    }
    Ok(())
}

/// Opens a record that is there, and brings an older one up to date.
pub(super) fn open(path: &Path, patience: Duration) -> Result<Connection> {
    match connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, patience) {
        Err(Error::Database { .. } | Error::Io { .. }) => {
            File::open(path).map_err(Error::io("read the record", path))?;
            read_only(path, patience)
        }
        opened => opened,
    }
}

/// On a disk that cannot be written to, what is there can still be read.
fn read_only(path: &Path, patience: Duration) -> Result<Connection> {
    let plain = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, patience);
    let waiting = fs::metadata(beside(path, "-wal")).is_ok_and(|m| m.len() > 0);
    if plain.is_ok() || waiting {
        return plain;
    }
    let escaped: String = path
        .to_string_lossy()
        .chars()
        .map(|c| match c {
            '%' => "%25".to_string(),
            '?' => "%3f".to_string(),
            '#' => "%23".to_string(),
            c => c.to_string(),
        })
        .collect();
    let uri = PathBuf::from(format!("file:{escaped}?immutable=1"));
    connect(&uri, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI, patience).or(plain)
}

fn connect(path: &Path, mode: OpenFlags, patience: Duration) -> Result<Connection> {
    let mut db = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(patience)?;
    // Checkpointing at every close costs more than the turn itself; see `before_close`.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // No plan depends on values here, and without this statements are compiled anew when their values change.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (version, application) = (number("user_version")?, number("application_id")?);
    let known = MIGRATIONS.len() as i64;
    if application != APPLICATION {
        return Err(Error::Damaged { path: path.to_path_buf(), message: "this database is no record of shiftlog".into() });
    }
    if version < 1 {
        return Err(Error::Damaged { path: path.to_path_buf(), message: "it has no version".into() });
    }
    if version > known {
        return Err(Error::Newer { path: path.to_path_buf(), version, known });
    }
    db.execute_batch("PRAGMA synchronous=FULL")?;
    if version < known {
        migrate(&mut db, version)?;
    }
    Ok(db)
}

/// Lets the last process that closes the database empty a write-ahead log that has grown.
///
/// Every process reads the whole log when it opens the database, and only a close empties it: a checkpoint at a commit leaves
/// it as long as it is to the process that comes next, which makes that checkpoint again.
pub(super) fn before_close(db: &Connection, path: &Path) {
    if fs::metadata(beside(path, "-wal")).is_ok_and(|m| m.len() > LOG) {
        let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
    }
}

/// Names of what is not as the migrations make it.
pub(super) fn altered(db: &Connection) -> Result<Vec<String>> {
    let objects = |db: &Connection| -> Result<BTreeSet<(String, String)>> {
        let mut found = db.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")?;
        Ok(found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
    };
    let due = Connection::open_in_memory()?;
    MIGRATIONS.iter().try_for_each(|step| due.execute_batch(step))?;
    let (due, there) = (objects(&due)?, objects(db)?);
    let mut names: Vec<String> = due.difference(&there).map(|(name, _)| name.clone()).collect();
    names.dedup();
    Ok(names)
}

/// Runs what is missing, in one transaction.
fn migrate(db: &mut Connection, from: i64) -> Result<()> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have done it meanwhile.
    let from = from.max(transaction.pragma_query_value(None, "user_version", |row| row.get(0))?);
    for (version, step) in (1_i64..).zip(MIGRATIONS).skip(usize::try_from(from).unwrap_or_default()) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    Ok(transaction.commit()?)
}
