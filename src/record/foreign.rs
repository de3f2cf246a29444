//! Databases of other programs: what agents keep in SQLite, read and never written.
//!
//! They are opened read-only, together with what their write-ahead log holds, and seen as they are at one moment; beside one that
//! is closed, no file is left. Their schemas are not ours: a column is used only where it is there. Rows come out as plain values;
//! what they mean, the agent's reader knows.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};
use serde_json::{Map, Value};

/// How long is waited for a program that is writing.
const PATIENCE: Duration = Duration::from_secs(1);

/// The database of OpenCode.
#[derive(Debug)]
pub(crate) struct OpenCode {
    db: Connection,
    path: PathBuf,
    idle: Option<Idle>,
    columns: HashMap<&'static str, Vec<String>>,
}

/// A session of OpenCode, without its messages.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its id.
    pub(crate) id: String,
    /// When it, its last message or a part of that was last changed, in ms since 1970; 0 where that is not known.
    pub(crate) changed: i64,
    /// What else its row says, by column.
    pub(crate) row: Map<String, Value>,
}

/// A message of OpenCode.
#[derive(Debug)]
pub(crate) struct Message {
    /// Its id.
    pub(crate) id: String,
    /// JSON of what is known of it.
    pub(crate) data: String,
    /// Id and JSON of each of its parts, in order.
    pub(crate) parts: Vec<(String, String)>,
}

/// Columns of a session that are handed out, null where they are not there.
const WANTED: [&str; 8] = ["parent_id", "fork_session_id", "directory", "title", "version", "revert", "time_created", "time_updated"];

/// What cannot be done without.
const NEEDED: [(&str, &[&str]); 3] =
    [("session", &["id"]), ("message", &["id", "session_id", "data"]), ("part", &["id", "message_id", "data"])];

impl OpenCode {
    /// Opens a database; what others write meanwhile is not seen, or is told by [`OpenCode::is_overtaken`].
    ///
    /// # Errors
    /// It cannot be read, is busy for longer than a second, or is no database of OpenCode.
    pub(crate) fn open(path: &Path) -> io::Result<OpenCode> {
        let idle = idle(path);
        let db = open(path, idle.as_ref()).map_err(|e| failed(path, &e))?;
        let mut columns = HashMap::new();
        for (table, needed) in NEEDED {
            let there = names(&db, table).map_err(|e| failed(path, &e))?;
            if let Some(missing) = needed.iter().find(|name| !there.iter().any(|column| column == *name)) {
                let what = format!("no database of OpenCode, or an unknown version: no {table}.{missing}: {}", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            columns.insert(table, there);
        }
        Ok(OpenCode { db, path: path.to_path_buf(), idle, columns })
    }

    /// Whether nobody had it open at first, and somebody has written it since: what was read may be of more than one moment.
    pub(crate) fn is_overtaken(&self) -> bool {
        self.idle.is_some() && self.idle != idle(&self.path)
    }

    /// All sessions, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn sessions(&self) -> io::Result<Vec<Session>> {
        let column = |table, place: &str, name| self.column(table, name).map_or("NULL".into(), |name| format!("{place}{name}"));
        // Only rows are looked at to which an index leads: what a message says is not read.
        let sql = format!(
            "SELECT s.id, max(coalesce({session}, 0), coalesce({message}, 0),
                    coalesce((SELECT max({part}) FROM part WHERE message_id = m.id), 0)), {wanted}
             FROM session s LEFT JOIN message m
               ON m.id = (SELECT id FROM message WHERE session_id = s.id ORDER BY {said} DESC, id DESC LIMIT 1)
             ORDER BY {created}, s.id",
            session = column("session", "s.", "time_updated"),
            message = column("message", "m.", "time_updated"),
            part = column("part", "", "time_updated"),
            wanted = WANTED.map(|name| column("session", "s.", name)).join(", "),
            said = column("message", "", "time_created"),
            created = column("session", "s.", "time_created"),
        );
        self.rows(&sql, &[], |row| {
            let mut columns = Map::new();
            for (n, name) in WANTED.into_iter().enumerate() {
                columns.insert(name.into(), value(row.get_ref(n + 2)?));
            }
            Ok(Session { id: text(row, 0)?, changed: value(row.get_ref(1)?).as_i64().unwrap_or(0), row: columns })
        })
    }

    /// The messages of a session, in order.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn messages(&self, session: &str) -> io::Result<Vec<Message>> {
        let order = self.column("message", "time_created").unwrap_or("id");
        self.with_parts(&format!("SELECT id, data FROM message WHERE session_id = ?1 ORDER BY {order}, id"), &[&session])
    }

    /// The messages of a session that were said at this time, in ms since 1970.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn messages_at(&self, session: &str, time: i64) -> io::Result<Vec<Message>> {
        match self.column("message", "time_created") {
            Some(column) => {
                let sql = format!("SELECT id, data FROM message WHERE session_id = ?1 AND {column} = ?2 ORDER BY id");
                self.with_parts(&sql, &[&session, &time])
            }
            None => Ok(Vec::new()),
        }
    }

    /// How many messages stand only in the table of a later form, which is not read.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn unread(&self) -> io::Result<u64> {
        let there = names(&self.db, "session_message").map_err(|e| failed(&self.path, &e))?;
        if !there.iter().any(|column| column == "session_id") {
            return Ok(0);
        }
        let sql = "SELECT count(*) FROM session_message AS later
                   WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.session_id = later.session_id)";
        Ok(self.rows(sql, &[], |row| row.get::<_, u64>(0))?.into_iter().sum())
    }

    fn with_parts(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> io::Result<Vec<Message>> {
        let mut all = self.rows(sql, values, |row| Ok(Message { id: text(row, 0)?, data: text(row, 1)?, parts: Vec::new() }))?;
        for message in &mut all {
            let parts = "SELECT id, data FROM part WHERE message_id = ?1 ORDER BY id";
            message.parts = self.rows(parts, &[&message.id], |row| Ok((text(row, 0)?, text(row, 1)?)))?;
        }
        Ok(all)
    }

    /// The name of a column, where it is there.
    fn column(&self, table: &str, name: &'static str) -> Option<&'static str> {
        self.columns.get(table)?.iter().any(|there| there == name).then_some(name)
    }

    fn rows<T>(&self, sql: &str, values: &[&dyn rusqlite::ToSql], read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> io::Result<Vec<T>> {
        let found = self.db.prepare_cached(sql).and_then(|mut sql| sql.query_map(values, read)?.collect());
        found.map_err(|e| failed(&self.path, &e))
    }
}

/// Opens a database for reading, as it is now.
fn open(path: &Path, idle: Option<&Idle>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Locks need files beside it, which would be left there.
    let unlocked = idle.and_then(|_| Connection::open_with_flags(immutable(path), flags | OpenFlags::SQLITE_OPEN_URI).ok());
    let db = unlocked.map_or_else(|| Connection::open_with_flags(path, flags), Ok)?;
    db.busy_timeout(PATIENCE)?;
    db.execute_batch("BEGIN")?;
    db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
    Ok(db)
}

/// Size and time of a database that keeps a write-ahead log, where that is empty and shared by nobody.
type Idle = (u64, SystemTime);

fn idle(path: &Path) -> Option<Idle> {
    let mut head = [0; 19];
    let has_log = File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head.ends_with(&[2]);
    let is_idle = has_log && !beside(path, "-shm").exists() && beside(path, "-wal").metadata().map_or(0, |log| log.len()) == 0;
    let meta = path.metadata().ok().filter(|_| is_idle)?;
    Some((meta.len(), meta.modified().ok()?))
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut path = path.as_os_str().to_os_string();
    path.push(end);
    path.into()
}

/// The address of a database that nobody changes.
fn immutable(path: &Path) -> String {
    let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{path}?immutable=1")
}

fn names(db: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare("SELECT name FROM pragma_table_info(?1)")?.query_map([table], |row| row.get(0))?.collect()
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => value(other).to_string(),
    })
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into(),
    }
}

fn failed(path: &Path, e: &rusqlite::Error) -> io::Error {
    let kind = match e.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => io::ErrorKind::WouldBlock,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => io::ErrorKind::InvalidData,
        Some(ErrorCode::CannotOpen) if !path.exists() => io::ErrorKind::NotFound,
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, format!("could not read database: {e}: {}", path.display()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A database of OpenCode that somebody has open, without the statements that contain one of these words.
    pub(crate) fn made(path: &Path, without: &[&str]) -> Connection {
        let db = Connection::open(path).expect("a database");
        db.execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE session (id TEXT PRIMARY KEY);
             CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, data NOT NULL);",
        )
        .expect("tables");
        let rest = [
            "CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT NOT NULL, data NOT NULL)",
            "ALTER TABLE session ADD COLUMN parent_id TEXT",
            "ALTER TABLE session ADD COLUMN directory TEXT",
            "ALTER TABLE session ADD COLUMN revert TEXT",
            "ALTER TABLE session ADD COLUMN time_created INTEGER",
            "ALTER TABLE session ADD COLUMN time_updated INTEGER",
            "ALTER TABLE message ADD COLUMN time_created INTEGER",
            "ALTER TABLE message ADD COLUMN time_updated INTEGER",
            "ALTER TABLE part ADD COLUMN time_updated INTEGER",
        ];
        for statement in rest.iter().filter(|statement| !without.iter().any(|word| statement.contains(word))) {
            db.execute_batch(statement).expect("a statement");
        }
        db
    }

    /// Adds a message with one part to a session; the message is of the session's time, which is now that.
    pub(crate) fn say(db: &Connection, [session, message]: [&str; 2], time: i64, [info, part]: [&str; 2]) {
        let has = |table, name: &str| names(db, table).expect("columns").iter().any(|column| column == name);
        let (new, id) = ("INSERT OR IGNORE INTO session (id) VALUES (?1)", format!("prt_{message}"));
        db.execute(new, [session]).expect("a session");
        db.execute("INSERT INTO message (id, session_id, data) VALUES (?1, ?2, ?3)", [message, session, info]).expect("a message");
        db.execute("INSERT INTO part (id, message_id, data) VALUES (?1, ?2, ?3)", [&id, message, part]).expect("a part");
        for (table, column, id) in [
            ("message", "time_created", message),
            ("message", "time_updated", message),
            ("part", "time_updated", &id),
            ("session", "time_updated", session),
        ] {
            if has(table, column) {
                let set = format!("UPDATE {table} SET {column} = ?1 WHERE id = ?2");
                db.execute(&set, rusqlite::params![time, id]).expect("a time");
            }
        }
        if has("session", "time_created") {
            let set = "UPDATE session SET time_created = coalesce(time_created, ?1) WHERE id = ?2";
            db.execute(set, rusqlite::params![time, session]).expect("a time");
        }
    }

    fn said(store: &OpenCode) -> Vec<String> {
        store.messages("ses_a").expect("messages").into_iter().map(|message| message.data).collect()
    }

    #[test]
    fn what_is_committed_is_read_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("opencode.db");
        let db = made(&path, &[]);
        say(&db, ["ses_a", "msg_1"], 10, ["one", "p"]);
        db.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
        say(&db, ["ses_a", "msg_2"], 20, ["two", "p"]);
        let store = OpenCode::open(&path).expect("a store");
        assert_eq!(said(&store), ["one"]);
        db.execute_batch("COMMIT").expect("a transaction");
        assert_eq!(said(&store), ["one"], "seen as it was");
        assert!(!store.is_overtaken());
        assert_eq!(said(&OpenCode::open(&path).expect("a store")), ["one", "two"]);
    }

    #[test]
    fn beside_a_closed_database_no_file_is_left() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a ?#%.db");
        say(&made(&path, &[]), ["ses_a", "msg_1"], 10, ["one", "p"]);
        let store = OpenCode::open(&path).expect("a store");
        assert_eq!(said(&store), ["one"]);
        assert_eq!(dir.path().read_dir().expect("a directory").count(), 1);
        assert!(!store.is_overtaken());
        let again = Connection::open(&path).expect("a database");
        say(&again, ["ses_a", "msg_2"], 20, ["two", "p"]);
        assert!(store.is_overtaken());
    }

    #[test]
    fn a_locked_database_is_busy() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("opencode.db");
        let db = made(&path, &[]);
        db.execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE").expect("a lock");
        assert_eq!(OpenCode::open(&path).expect_err("locked").kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn columns_of_other_versions_are_done_without() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("opencode.db");
        let db = made(&path, &["time_", "parent_id", "revert"]);
        say(&db, ["ses_a", "msg_2"], 10, ["two", "p"]);
        say(&db, ["ses_a", "msg_1"], 10, ["one", "p"]);
        let store = OpenCode::open(&path).expect("a store");
        let sessions = store.sessions().expect("sessions");
        assert_eq!((sessions.len(), sessions[0].changed, &sessions[0].row["parent_id"]), (1, 0, &Value::Null));
        assert_eq!(said(&store), ["one", "two"], "ids go up");
        assert!(store.messages_at("ses_a", 10).expect("messages").is_empty());
    }

    #[test]
    fn another_database_says_what_is_missing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("other.db");
        let db = made(&path, &["part"]);
        let error = OpenCode::open(&path).expect_err("no parts");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("no part.id"), "{error}");
        drop(db);
        std::fs::write(&path, "SQLite format 3\0 and no more").expect("a file");
        assert_eq!(OpenCode::open(&path).expect_err("damage").kind(), io::ErrorKind::InvalidData);
        assert_eq!(OpenCode::open(&dir.path().join("none.db")).expect_err("none").kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn messages_of_a_later_form_are_counted() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("opencode.db");
        let db = made(&path, &[]);
        say(&db, ["ses_a", "msg_1"], 10, ["one", "p"]);
        assert_eq!(OpenCode::open(&path).and_then(|store| store.unread()).expect("a count"), 0);
        let later = "CREATE TABLE session_message (id TEXT, session_id TEXT, data TEXT);
                     INSERT INTO session_message VALUES ('msg_1', 'ses_a', '{}'), ('msg_2', 'ses_b', '{}')";
        db.execute_batch(later).expect("a table");
        assert_eq!(OpenCode::open(&path).and_then(|store| store.unread()).expect("a count"), 1);
    }

    #[test]
    fn a_session_changes_with_the_last_part_of_its_last_message() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("opencode.db");
        let db = made(&path, &[]);
        say(&db, ["ses_a", "msg_1"], 10, ["one", "p"]);
        say(&db, ["ses_b", "msg_2"], 20, ["two", "p"]);
        db.execute("UPDATE part SET time_updated = 30 WHERE message_id = 'msg_1'", []).expect("a part");
        let sessions = OpenCode::open(&path).and_then(|store| store.sessions()).expect("sessions");
        let changed: Vec<(&str, i64)> = sessions.iter().map(|session| (session.id.as_str(), session.changed)).collect();
        assert_eq!(changed, [("ses_a", 30), ("ses_b", 20)]);
    }

    #[test]
    fn values_of_any_type_are_taken() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("opencode.db");
        let db = made(&path, &[]);
        say(&db, ["ses_a", "msg_1"], 10, ["one", "p"]);
        db.execute("UPDATE session SET time_updated = 'x', time_created = 1.5, directory = x'ff'", []).expect("a session");
        db.execute("UPDATE message SET data = x'7bff'", []).expect("a message");
        db.execute("UPDATE part SET data = 7, time_updated = 1e300", []).expect("a part");
        let store = OpenCode::open(&path).expect("a store");
        let session = store.sessions().expect("sessions").remove(0);
        assert_eq!((&session.row["directory"], &session.row["time_created"]), (&Value::Null, &Value::from(1.5)));
        let message = store.messages("ses_a").expect("messages").remove(0);
        assert_eq!((message.data.as_str(), message.parts[0].1.as_str()), ("{\u{fffd}", "7"));
    }
}
