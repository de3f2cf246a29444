-- What was taken in of the files in which coding agents keep their conversations.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    agent TEXT NOT NULL,
    session_id TEXT,                        -- the conversation that it tells, or one of them
    size INTEGER NOT NULL,                  -- the file as it was when it was read; times in ns
    modified INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    bytes INTEGER NOT NULL,                 -- up to where it was read
    hash INTEGER NOT NULL,                  -- of its first bytes and of the last that were read
    left_out INTEGER NOT NULL               -- 0, or the choice that left something of it out: any other one reads it anew
);
CREATE INDEX sources_modified ON sources(agent, modified);
CREATE INDEX sources_session ON sources(session_id) WHERE session_id IS NOT NULL;
-- Where the last turn of a source begins and what was known there: JSON.
CREATE TABLE marks (source INTEGER PRIMARY KEY, mark TEXT NOT NULL);

-- Turns by a hash of their agent and the id that it gave them: forks copy turns with their ids.
CREATE TABLE prompts (key INTEGER PRIMARY KEY, turn INTEGER NOT NULL);

-- What conversations come to, up to and with a turn: a cache, as JSON.
CREATE TABLE digests (session_id TEXT PRIMARY KEY NOT NULL, turn INTEGER NOT NULL, digest TEXT NOT NULL);

-- Entries that capture wrote into logs: what each was made of, and its text there. One that somebody changed or removed is theirs.
CREATE TABLE captured (
    log TEXT NOT NULL,
    key TEXT NOT NULL,
    session_id TEXT NOT NULL,
    turn TEXT NOT NULL,                     -- what the turn is called that it goes back to
    text TEXT,                              -- its lines as they stand in the log
    next TEXT,                              -- its lines as they are about to stand there
    hash INTEGER NOT NULL,                  -- of what was wanted
    theirs INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (log, key)
);
CREATE INDEX captured_session ON captured(session_id);

-- Logs that agents named before anything of their conversations was taken in.
CREATE TABLE bound (agent TEXT NOT NULL, native_id TEXT NOT NULL, log TEXT NOT NULL, PRIMARY KEY (agent, native_id));
