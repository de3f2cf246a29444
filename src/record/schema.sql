-- One row a conversation. Times are milliseconds since 1970, UTC. Columns from `agent` on are shiftlog's own.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    status TEXT NOT NULL,
    model TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    data TEXT,                              -- JSON object: keys of an import that have no column
    agent TEXT,
    native_id TEXT,                         -- id in the program that it comes from
    project TEXT,
    branch TEXT,
    cwd TEXT,
    parent TEXT,                            -- of a subagent's: the conversation that began it
    origin TEXT,                            -- of a branch: the conversation it goes on from, and the last turn they share
    origin_turn INTEGER,
    title TEXT,
    log TEXT,                               -- id of its log
    log_due INTEGER NOT NULL DEFAULT 0,     -- 1 until the summary stands in the log
    summary TEXT,                           -- JSON object
    described INTEGER NOT NULL DEFAULT 1,   -- 0: an import made it for its turns, no line described it yet
    last_turn_at INTEGER,
    turns INTEGER NOT NULL DEFAULT 0,       -- live and moved out
    last_turn INTEGER NOT NULL DEFAULT 0,   -- highest turn number
    live_turns INTEGER NOT NULL DEFAULT 0,
    live_tokens INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sessions_updated ON sessions(updated_at);
CREATE INDEX sessions_native ON sessions(native_id) WHERE native_id IS NOT NULL;
CREATE INDEX sessions_log ON sessions(log) WHERE log IS NOT NULL;
CREATE INDEX sessions_parent ON sessions(parent) WHERE parent IS NOT NULL;
CREATE INDEX sessions_origin ON sessions(origin) WHERE origin IS NOT NULL;
CREATE INDEX sessions_due ON sessions(log_due) WHERE log_due > 0;

-- The live context of every conversation. Turn 0 stands for its creation and is no turn.
CREATE TABLE ui_conversation_context (
    session_id TEXT NOT NULL,
    turn_number INTEGER NOT NULL,
    user_input TEXT,
    agent_response TEXT,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'active',
    native_id TEXT,
    author TEXT,
    model TEXT,
    input_tokens INTEGER,                   -- as given; none where they were estimated
    output_tokens INTEGER,
    tokens INTEGER NOT NULL DEFAULT 0,      -- what the turn takes in the context window
    data TEXT,
    id INTEGER PRIMARY KEY,
    UNIQUE (session_id, turn_number)
);
CREATE UNIQUE INDEX context_native ON ui_conversation_context(session_id, native_id) WHERE native_id IS NOT NULL;

-- Turns moved out of the live context, with the same columns and ids.
CREATE TABLE ui_conversation_archive (
    session_id TEXT NOT NULL,
    turn_number INTEGER NOT NULL,
    user_input TEXT,
    agent_response TEXT,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'active',
    native_id TEXT,
    author TEXT,
    model TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    tokens INTEGER NOT NULL DEFAULT 0,
    data TEXT,
    id INTEGER PRIMARY KEY,
    UNIQUE (session_id, turn_number)
);
CREATE UNIQUE INDEX archive_native ON ui_conversation_archive(session_id, native_id) WHERE native_id IS NOT NULL;

CREATE VIEW turns AS
    SELECT *, 1 AS live FROM ui_conversation_context WHERE turn_number > 0
    UNION ALL SELECT *, 0 AS live FROM ui_conversation_archive;

-- What the agent did in a turn, in order.
CREATE TABLE actions (
    turn INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    ok INTEGER,
    output TEXT,
    data TEXT,
    UNIQUE (turn, position)
);

-- What lines of imports that give a turn no id are known by: a hash of what they say of it, and the row of the turn.
CREATE TABLE identities (session_id TEXT NOT NULL, key INTEGER NOT NULL, turn INTEGER NOT NULL, PRIMARY KEY (session_id, key)) WITHOUT ROWID;

-- Conversations that were deleted: an import does not bring them back.
CREATE TABLE deleted (id TEXT PRIMARY KEY NOT NULL, agent TEXT, native_id TEXT, deleted_at INTEGER NOT NULL);
CREATE INDEX deleted_native ON deleted(native_id) WHERE native_id IS NOT NULL;

-- The change sequence: the turn or the conversation of every insert, update, move and delete, whoever made it.
CREATE TABLE changes (seq INTEGER PRIMARY KEY, turn INTEGER, session TEXT);
CREATE TRIGGER context_insert AFTER INSERT ON ui_conversation_context BEGIN INSERT INTO changes(turn) VALUES (new.id); END;
CREATE TRIGGER context_update AFTER UPDATE ON ui_conversation_context BEGIN INSERT INTO changes(turn) VALUES (new.id); END;
CREATE TRIGGER context_delete AFTER DELETE ON ui_conversation_context BEGIN INSERT INTO changes(turn) VALUES (old.id); END;
CREATE TRIGGER archive_insert AFTER INSERT ON ui_conversation_archive BEGIN INSERT INTO changes(turn) VALUES (new.id); END;
CREATE TRIGGER archive_update AFTER UPDATE ON ui_conversation_archive BEGIN INSERT INTO changes(turn) VALUES (new.id); END;
CREATE TRIGGER archive_delete AFTER DELETE ON ui_conversation_archive BEGIN INSERT INTO changes(turn) VALUES (old.id); END;
CREATE TRIGGER sessions_delete AFTER DELETE ON sessions BEGIN INSERT INTO changes(session) VALUES (old.id); END;
CREATE TRIGGER sessions_update AFTER UPDATE OF user_id, channel_id, status, model, agent, project, branch, cwd, parent, origin, title, log
    ON sessions BEGIN INSERT INTO changes(session) VALUES (new.id); END;
