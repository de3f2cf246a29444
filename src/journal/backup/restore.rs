//! Restore: what a backup holds into a directory, where nothing is overwritten.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use super::{Archive, MANIFEST, foreign, open, unreadable};
use crate::journal::error::{Error, Result};
use crate::journal::store::{PRIVATE, Store, make_private_dir, sync_dir};

/// What was restored, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Files that were missing, and, ending with `/`, empty directories.
    pub restored: Vec<String>,
    /// Number of files that were there already with the same bytes.
    pub unchanged: usize,
}

/// Puts what a backup holds into a directory, which is made if need be; a file that is there with the same bytes is left.
///
/// The whole backup is read and checked before anything is written. If the process is killed, the same again finishes it.
///
/// # Errors
/// [`Error::Refused`] for a damaged backup, or files that are there with other bytes, and nothing is written;
/// [`Error::Io`].
pub fn restore(root: &Path, store: &Store, file: &Path, dry_run: bool) -> Result<Restored> {
    let mut archive = open(file)?;
    let members = members(&mut archive, file)?;
    let (missing, unchanged) = compare(&mut archive, &members, root, file)?;
    let restored = missing.iter().map(|m| m.name.clone()).collect();
    if dry_run || missing.is_empty() {
        return Ok(Restored { restored, unchanged });
    }
    make_private_dir(&root.join(PRIVATE))?;
    let lock = store.lock()?;
    // Once more, now that no other command writes here.
    let (missing, unchanged) = compare(&mut archive, &members, root, file)?;
    let mut dirs = BTreeSet::new();
    for member in &missing {
        let path = root.join(&member.name);
        if member.dir {
            fs::create_dir_all(&path).map_err(Error::io("make directory", &path))?;
        } else {
            let mut content = archive.by_index(member.index).map_err(|e| unreadable(file, e))?;
            store.place(&lock, &path, member.mode, &mut content)?;
        }
        dirs.extend(path.ancestors().skip(1).take_while(|dir| dir.starts_with(root)).map(Path::to_path_buf));
    }
    dirs.iter().try_for_each(|dir| sync_dir(dir))?;
    Ok(Restored { restored: missing.iter().map(|m| m.name.clone()).collect(), unchanged })
}

/// A file or directory of a backup.
#[derive(Debug)]
struct Member {
    index: usize,
    name: String,
    mode: Option<u32>,
    dir: bool,
}

/// Reads every member to its end, which checks it, and looks at every name.
fn members(archive: &mut Archive, file: &Path) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    let mut files = BTreeSet::new();
    for index in 0..archive.len() {
        let mut read = archive.by_index(index).map_err(|e| unreadable(file, e))?;
        let name = read.name().map_err(|e| unreadable(file, e))?.into_owned();
        if !is_safe(&name) || read.is_symlink() {
            return Err(foreign(file, &format!("a backup must not hold `{}`", name.escape_debug())));
        }
        io::copy(&mut read, &mut io::sink()).map_err(|e| unreadable(file, e.into()))?;
        let (mode, dir) = (read.unix_mode().map(|m| m & 0o777), read.is_dir());
        if !dir {
            files.insert(PathBuf::from(&name));
        }
        if name != MANIFEST {
            members.push(Member { index, name, mode, dir });
        }
    }
    match members.iter().find(|m| Path::new(&m.name).ancestors().skip(usize::from(!m.dir)).any(|a| files.contains(a))) {
        Some(member) => Err(foreign(file, &format!("a backup must not hold `{}` twice", member.name.escape_debug()))),
        None => Ok(members),
    }
}

/// Whether a name leads to a place below the directory, by one spelling only.
fn is_safe(name: &str) -> bool {
    let plain = |c| if let Component::Normal(part) = c { part.to_str() } else { None };
    let parts: Option<Vec<&str>> = Path::new(name).components().map(plain).collect();
    !name.is_empty() && !name.contains('\0') && parts.is_some_and(|p| p.join("/") == name.trim_end_matches('/'))
}

/// What is missing, and how many files are there already.
fn compare<'m>(archive: &mut Archive, members: &'m [Member], root: &Path, file: &Path) -> Result<(Vec<&'m Member>, usize)> {
    let (mut missing, mut other, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for member in members {
        let path = root.join(&member.name);
        match fs::symlink_metadata(&path) {
            // What SQLite left beside a database that is gone would be taken for a part of the one that is brought back.
            Err(e) if e.kind() == io::ErrorKind::NotFound && has_leftovers(&path) => other.push(member.name.as_str()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => missing.push(member),
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => other.push(member.name.as_str()),
            Err(e) => return Err(Error::io("read", &path)(e)),
            Ok(_) if member.dir && path.is_dir() => {}
            Ok(_) if !member.dir && path.is_file() => {
                let content = archive.by_index(member.index).map_err(|e| unreadable(file, e))?;
                let there = File::open(&path).map_err(Error::io("read", &path))?;
                match same(content, BufReader::new(there)).map_err(Error::io("read", &path))? {
                    true => unchanged += 1,
                    false => other.push(&member.name),
                }
            }
            Ok(_) => other.push(&member.name),
        }
    }
    if other.is_empty() { Ok((missing, unchanged)) } else { Err(in_the_way(root, &other)) }
}

fn has_leftovers(path: &Path) -> bool {
    let beside = |end: &str| path.with_extension(format!("db{end}"));
    path.extension().is_some_and(|e| e == "db") && ["-wal", "-journal"].iter().any(|end| beside(end).exists())
}

fn same(mut one: impl Read, mut two: impl Read) -> io::Result<bool> {
    let (mut a, mut b) = ([0; 8192], [0; 8192]);
    loop {
        let n = one.read(&mut a)?;
        if n == 0 {
            return Ok(two.read(&mut b)? == 0);
        }
        match two.read_exact(&mut b[..n]) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if a[..n] != b[..n] {
            return Ok(false);
        }
    }
}

fn in_the_way(root: &Path, names: &[&str]) -> Error {
    let listed = names.iter().take(10).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > 10 { format!(" and {} more", names.len() - 10) } else { String::new() };
    Error::refused(
        "exists",
        format!("other files are there already under these names in {}: {listed}{more}", root.display()),
        "move them away, or restore into an empty directory with `--journal DIR`; nothing was written",
    )
}
