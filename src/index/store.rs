//! Where the index lies: `.shiftlog/index/`, with one directory a generation and `current`, which names the one that counts.
//!
//! An index is only ever made anew beside the old one. Files that somebody else touched are checked before they are trusted.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tantivy::directory::error::{DeleteError, LockError, OpenDirectoryError, OpenReadError, OpenWriteError};
use tantivy::directory::{Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr};
use tantivy::store::Compressor;
use tantivy::{Index, IndexReader, IndexSettings, ReloadPolicy, Segment};
use xxhash_rust::xxh3::xxh3_64;

use super::error::{Error, Result};
use super::schema;
use super::state::{Commit, Logs};
use crate::journal::seen::Identity;

/// Directory of the index within the private directory.
pub const DIRECTORY: &str = "index";
const CURRENT: &str = "current";
const LOCK: &str = "lock";
/// What is known of the files of a generation.
const KNOWN: &str = "files";
const META: &str = "meta.json";

/// A committed index, opened for reading.
pub(super) struct Generation {
    pub(super) dir: PathBuf,
    pub(super) index: Index,
    pub(super) reader: IndexReader,
    pub(super) commit: Commit,
    /// The table of logs that belongs to the commit.
    pub(super) logs: Logs,
}

/// A file of a generation that was found sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sound {
    identity: Identity,
    /// Hash of its content, where it carries no checksum of its own.
    hash: u64,
}

/// Whoever holds it may write the index.
#[derive(Debug)]
pub(super) struct WriteLock {
    _file: File,
}

/// The directory `.shiftlog/index`.
#[derive(Debug, Clone)]
pub(super) struct Store {
    root: PathBuf,
}

impl Store {
    pub(super) fn new(private: &Path) -> Store {
        Store { root: private.join(DIRECTORY) }
    }

    /// The lock, unless another process has it.
    pub(super) fn lock(&self) -> Result<Option<WriteLock>> {
        if !self.root.is_dir() {
            fs::create_dir_all(&self.root).map_err(Error::io("make", &self.root))?;
        }
        let path = self.root.join(LOCK);
        let file = File::options().create(true).append(true).open(&path).map_err(Error::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(WriteLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::io("lock", &path)(source)),
        }
    }

    /// The index as it was committed last; nothing where there is none, or none that is sound and of this version.
    pub(super) fn open(&self) -> Option<Generation> {
        // Another process may put the next generation in the place of this one right now.
        (0..3).find_map(|_| {
            let name = fs::read_to_string(self.root.join(CURRENT)).ok()?;
            let dir = self.root.join(name.trim()).canonicalize().ok()?;
            (dir.parent() == self.root.canonicalize().ok().as_deref()).then(|| Generation::open(&dir))?
        })
    }

    /// An empty directory for the next generation.
    pub(super) fn begin(&self) -> Result<PathBuf> {
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(|e| Error::Engine(e.to_string()))?;
        let dir = self.root.join(format!("g{:08x}", u32::from_le_bytes(random)));
        fs::create_dir_all(&dir).map_err(Error::io("make", &dir))?;
        Ok(dir)
    }

    /// Makes this generation the one that counts, and removes all others.
    pub(super) fn switch(&self, lock: &WriteLock, dir: &Path) -> Result<()> {
        let current = self.root.join(CURRENT);
        let next = self.root.join("current.next");
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        fs::write(&next, name.as_bytes()).and_then(|()| fs::rename(&next, &current)).map_err(Error::io("write", &current))?;
        self.sweep(lock);
        Ok(())
    }

    /// Removes what killed processes left.
    pub(super) fn sweep(&self, _lock: &WriteLock) {
        let current = fs::read_to_string(self.root.join(CURRENT)).unwrap_or_default();
        for entry in fs::read_dir(&self.root).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != current.trim() && name.starts_with('g') && entry.path().is_dir() {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Generation {
    /// Makes an empty index in a directory.
    pub(super) fn create(dir: &Path) -> Result<Index> {
        let (schema, _) = schema::Fields::new();
        let directory = MmapDirectory::open(dir).map_err(|e| Error::Engine(e.to_string()))?;
        // Nothing is stored that would be worth a thread of its own.
        let settings =
            IndexSettings { docstore_compression: Compressor::None, docstore_compress_dedicated_thread: false, ..IndexSettings::default() };
        Ok(Index::builder().schema(schema).settings(settings).tokenizers(schema::tokenizers()).open_or_create(directory)?)
    }

    fn open(dir: &Path) -> Option<Generation> {
        let mut index = Index::open(Readable::open(dir).ok()?).ok()?;
        let commit: Commit = serde_json::from_str(&index.load_metas().ok()?.payload?).ok()?;
        if commit.version != schema::version() || !is_sound(dir, &index) {
            return None;
        }
        let logs = Logs::read(&dir.join(&commit.logs))?;
        index.set_tokenizers(schema::tokenizers());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).doc_store_cache_num_blocks(0).try_into().ok()?;
        Some(Generation { dir: dir.to_path_buf(), index, reader, commit, logs })
    }
}

/// The committed segments, each of its own: what is read of one is not kept for another reader.
pub(super) fn segments(dir: &Path) -> Result<Vec<Segment>> {
    let directory = Readable::open(dir).map_err(|e| Error::Engine(e.to_string()))?;
    Ok(Index::open(directory)?.searchable_segments()?)
}

fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|m| Identity::of(&m))
}

/// The files of the committed segments.
fn files(dir: &Path, index: &Index) -> Option<Vec<PathBuf>> {
    let metas = index.load_metas().ok()?;
    let ids: Vec<String> = metas.segments.iter().map(|s| s.id().uuid_string()).collect();
    let names = fs::read_dir(dir).ok()?.flatten().map(|entry| PathBuf::from(entry.file_name()));
    Some(names.filter(|name| ids.iter().any(|id| name.to_string_lossy().starts_with(id.as_str()))).collect())
}

/// Whether all files are as they were written. Those that nobody touched since are not read.
fn is_sound(dir: &Path, index: &Index) -> bool {
    let known = known(dir);
    let Some(meta) = known.get(META) else { return false };
    if identity(&dir.join(META)).is_none_or(|i| i != meta.identity) && hash_of(&dir.join(META)) != Some(meta.hash) {
        return false;
    }
    let Some(files) = files(dir, index) else { return false };
    // The engine does without some of its files, and finds nothing there.
    if !known.keys().all(|name| dir.join(name).exists()) {
        return false;
    }
    files.iter().all(|file| {
        let there = identity(&dir.join(file));
        let same = there.is_some() && there == known.get(file.to_string_lossy().as_ref()).map(|k| k.identity);
        same || index.directory().validate_checksum(file).unwrap_or(false)
    })
}

fn hash_of(path: &Path) -> Option<u64> {
    fs::read(path).ok().map(|bytes| xxh3_64(&bytes))
}

fn known(dir: &Path) -> BTreeMap<String, Sound> {
    fs::read(dir.join(KNOWN)).ok().and_then(|bytes| postcard::from_bytes(&bytes).ok()).unwrap_or_default()
}

/// Notes the files of the last commit as they were written.
pub(super) fn note_files(dir: &Path, index: &Index) -> Result<()> {
    let mut sound = BTreeMap::new();
    for file in files(dir, index).unwrap_or_default() {
        if let Some(identity) = identity(&dir.join(&file)) {
            sound.insert(file.to_string_lossy().into_owned(), Sound { identity, hash: 0 });
        }
    }
    if let (Some(identity), Some(hash)) = (identity(&dir.join(META)), hash_of(&dir.join(META))) {
        sound.insert(META.to_string(), Sound { identity, hash });
    }
    let bytes = postcard::to_allocvec(&sound).map_err(|e| Error::Engine(e.to_string()))?;
    let (path, next) = (dir.join(KNOWN), dir.join("files.next"));
    fs::write(&next, bytes).and_then(|()| fs::rename(&next, &path)).map_err(Error::io("write", &path))
}

/// A directory that is read where it cannot be written: there, nobody else writes either, and no lock is needed.
#[derive(Debug, Clone)]
struct Readable(MmapDirectory);

impl Readable {
    fn open(dir: &Path) -> std::result::Result<Readable, OpenDirectoryError> {
        // A search looks at few places of large files: reading ahead around each would cost more than it brings.
        #[cfg(unix)]
        let directory = MmapDirectory::open_with_madvice(dir, memmap2::Advice::Random);
        #[cfg(not(unix))]
        let directory = MmapDirectory::open(dir);
        directory.map(Readable)
    }
}

impl Directory for Readable {
    fn get_file_handle(&self, path: &Path) -> std::result::Result<std::sync::Arc<dyn FileHandle>, OpenReadError> {
        self.0.get_file_handle(path)
    }
    fn delete(&self, path: &Path) -> std::result::Result<(), DeleteError> {
        self.0.delete(path)
    }
    fn exists(&self, path: &Path) -> std::result::Result<bool, OpenReadError> {
        self.0.exists(path)
    }
    fn open_write(&self, path: &Path) -> std::result::Result<WritePtr, OpenWriteError> {
        self.0.open_write(path)
    }
    fn atomic_read(&self, path: &Path) -> std::result::Result<Vec<u8>, OpenReadError> {
        self.0.atomic_read(path)
    }
    fn atomic_write(&self, path: &Path, data: &[u8]) -> std::io::Result<()> {
        self.0.atomic_write(path, data)
    }
    fn sync_directory(&self) -> std::io::Result<()> {
        self.0.sync_directory()
    }
    fn acquire_lock(&self, lock: &Lock) -> std::result::Result<DirectoryLock, LockError> {
        match self.0.acquire_lock(lock) {
            Err(LockError::IoError(error))
                if matches!(error.kind(), std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem) =>
            {
                Ok(DirectoryLock::from(Box::new(())))
            }
            other => other,
        }
    }
    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.0.watch(callback)
    }
}
