use super::*;
use crate::record::transcript::Told;

const HEAD: &str = r#"{"sessionId":"s","projectHash":"h","kind":"main"}"#;

fn read(name: &str, text: &str) -> Vec<Transcript> {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join(name);
    std::fs::write(&path, text).expect("a file for the test");
    Gemini.read(&path, None, Limits::default()).expect("what the file tells").transcripts
}

fn lines(lines: &[&str]) -> Transcript {
    let text = [&[HEAD], lines].concat().join("\n") + "\n";
    read("session.jsonl", &text).remove(0)
}

fn inputs(turns: &[Told]) -> Vec<(&str, bool)> {
    turns.iter().map(|turn| (turn.user_input.as_deref().unwrap_or_default(), turn.abandoned)).collect()
}

const ONE: &str = r#"{"id":"1","timestamp":"2026-01-01T00:00:00Z","type":"user","content":[{"text":"one"}]}"#;
const TWO: &str = r#"{"id":"2","timestamp":"2026-01-01T00:01:00Z","type":"user","content":"two"}"#;
const ANSWER: &str =
    r#"{"id":"a","timestamp":"2026-01-01T00:00:10Z","type":"gemini","content":"Yes.","tokens":{"input":7,"output":5},"model":"m"}"#;

#[test]
fn a_message_written_again_is_told_once() {
    let call = |status: &str, result: &str| {
        format!(
            r#"{{"id":"a","type":"gemini","content":"Yes.","tokens":{{"input":7,"output":5}},"model":"m","toolCalls":[{{"id":"c","name":"run_shell_command","args":{{"command":"false"}},"status":"{status}","result":{result}}}]}}"#
        )
    };
    let result = r#"[{"functionResponse":{"response":{"output":"<untrusted_context>\nOutput: (empty)\nExit Code: 1\nProcess Group PGID: 9\n</untrusted_context>"}}}]"#;
    let told = lines(&[ONE, ANSWER, &call("executing", "null"), &call("success", result), ONE]);
    let turn = &told.turns[0];
    assert_eq!((told.turns.len(), turn.agent_response.as_deref(), turn.model.as_deref()), (1, Some("Yes."), Some("m")));
    assert_eq!(turn.data["usage"], serde_json::json!({"input": 7, "output": 5}));
    let [command] = turn.actions.as_slice() else { panic!("one command") };
    assert_eq!((command.ok, &command.output, &command.data["exit"]), (Some(false), &None, &1.into()));
}

#[test]
fn a_history_without_the_last_prompts_has_taken_them_back() {
    let set = r#"{"$set":{"messages":[{"id":"1","type":"user"},{"id":"a","type":"gemini"}]}}"#;
    let info = r#"{"id":"i","type":"info","content":"Request cancelled."}"#;
    let told = lines(&[ONE, ANSWER, TWO, info, set]);
    assert_eq!(inputs(&told.turns), [("one", false), ("two", true)]);
    assert_eq!(told.turns[1].data["interrupted"], true);

    let told = lines(&[ONE, ANSWER, TWO, r#"{"$rewindTo":"2"}"#]);
    assert_eq!(inputs(&told.turns), [("one", false), ("two", true)]);
}

#[test]
fn a_history_that_begins_with_a_summary_was_compacted() {
    let set = r#"{"$set":{"messages":[{"id":"x","timestamp":"2026-01-01T00:02:00Z","type":"user","content":[{"text":"<state_snapshot>one</state_snapshot>"}]},{"id":"y","type":"gemini","content":"Got it."}]}}"#;
    let told = lines(&[ONE, ANSWER, TWO, set]);
    assert_eq!(inputs(&told.turns), [("one", false), ("two", false)]);
    assert_eq!(told.turns[1].agent_response, None);
    assert_eq!(told.data["compacted"], serde_json::json!(["2026-01-01T00:02:00.000Z"]));
}

#[test]
fn a_command_of_the_person_is_told_where_it_was_run() {
    let shell = r#"{"id":"x","type":"user","content":[{"text":"I ran the following shell command:\n```sh\nls\n```\n\nThis produced the following result:\n```\nfile\n```"}]}"#;
    let set = format!(
        r#"{{"$set":{{"messages":[{{"id":"1","type":"user"}},{{"id":"a","type":"gemini"}},{shell},{{"id":"2","type":"user"}}]}}}}"#
    );
    let told = lines(&[ONE, ANSWER, TWO, &set, &set]);
    let [command] = told.turns[0].actions.as_slice() else { panic!("one command") };
    assert_eq!((command.value.as_str(), command.output.as_deref(), &command.data["by"]), ("ls", Some("file"), &"user".into()));
    assert!(told.turns[1].actions.is_empty());
}

#[test]
fn what_cannot_be_understood_is_passed_over() {
    let told = lines(&[
        r#"{"id":7,"type":"user","content":"no id"}"#,
        r#"{"$set":7}"#,
        r#"{"$set":{"messages":{"a":1},"summary":[],"directories":"x"}}"#,
        "[1,2]",
        "{",
        ONE,
        r#"{"id":"b","type":"gemini","content":{"text":5},"tokens":"many","model":3,"toolCalls":{"id":1}}"#,
        r#"{"id":"c","type":"gemini","content":null,"toolCalls":[null,7,{"name":8,"args":[]},{"id":"d","name":"edit","args":7,"result":9}]}"#,
        r#"{"id":"e","type":"hologram","content":"?"}"#,
        ANSWER,
        r#"{"id":"2","type":"user","content":"tw"#,
    ]);
    assert_eq!(inputs(&told.turns), [("one", false)]);
    assert_eq!(told.turns[0].agent_response.as_deref(), Some("Yes."));
}

#[test]
fn a_part_is_told_as_in_the_whole() {
    let all = [
        HEAD,
        ONE,
        ANSWER,
        TWO,
        r#"{"id":"b","timestamp":"2026-01-01T00:01:10Z","type":"gemini","content":"Two.","model":"m"}"#,
        // Said again after its turn.
        ANSWER,
        r#"{"$set":{"messages":[{"id":"1","type":"user"},{"id":"a","type":"gemini"}]}}"#,
        r#"{"id":"3","timestamp":"2026-01-01T00:02:00Z","type":"user","content":"three"}"#,
        r#"{"$rewindTo":"a"}"#,
    ];
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("session.jsonl");
    let mut mark = None;
    for length in 1..=all.len() {
        std::fs::write(&path, all[..length].join("\n") + "\n").expect("a file for the test");
        let whole = Gemini.read(&path, None, Limits::default()).expect("the whole");
        let part = Gemini.read(&path, mark.as_deref(), Limits::default()).expect("the part");
        let (whole, told) = (&whole.transcripts[0].turns, &part.transcripts[0].turns);
        assert_eq!(&whole[whole.len() - told.len()..], told.as_slice(), "{length} lines");
        mark = part.mark;
    }
    assert!(mark.is_some());
}

#[test]
fn a_document_holds_the_subagent_among_the_messages() {
    let document = r#"{"sessionId":"s","projectHash":"h","messages":[
        {"id":"1","type":"user","content":"one"},
        {"id":"a","type":"gemini","content":"Looking."},
        {"id":"t","type":"user","content":"Your task is to do a deep investigation of the codebase: <objective>\nfind it\n</objective>"},
        {"id":"b","type":"gemini","content":"Found.","toolCalls":[{"id":"c","name":"codebase_investigator","args":{"objective":"find it"},"status":"success"}]},
        {"id":"d","type":"gemini","content":"Done."}]}"#;
    let told = read("document.json", document);
    let [main, child] = told.as_slice() else { panic!("two conversations") };
    assert_eq!(main.turns[0].agent_response.as_deref(), Some("Looking.\n\nDone."));
    assert_eq!((main.turns[0].actions[0].kind.as_str(), main.turns[0].actions[0].value.as_str()), ("agent", "find it"));
    assert_eq!((child.native_id.as_str(), child.parent.as_deref()), ("s/t", Some("s")));
    assert_eq!(child.turns[0].agent_response.as_deref(), Some("Found."));
    assert!(read("cut.json", &document[..200]).is_empty());
}

#[test]
fn the_place_of_a_file_says_where_it_belongs() {
    let home = tempfile::tempdir().expect("a directory");
    let project = home.path().join(".gemini/tmp/work");
    let (chats, own) = (project.join("chats"), project.join("chats/s"));
    std::fs::create_dir_all(&own).expect("directories for the test");
    let read = r#"{"id":"a","type":"gemini","content":"","toolCalls":[{"id":"c","name":"read_file","args":{"absolute_path":"/work/a"}}]}"#;
    let files = [
        (project.join(".project_root"), "/work\n".to_string()),
        (project.join("logs.json"), "[]".to_string()),
        (chats.join("session-s.json"), r#"{"sessionId":"s","messages":[]}"#.to_string()),
        (chats.join("session-s.jsonl"), format!("{HEAD}\n{ONE}\n{read}\n")),
        (own.join("t.jsonl"), format!("{}\n{ONE}\n", HEAD.replace("\"s\"", "\"t\""))),
    ];
    files.iter().for_each(|(path, text)| std::fs::write(path, text).expect("a file for the test"));
    let homes = Homes { home: home.path().to_path_buf(), ..Homes::default() };
    assert_eq!(Gemini.histories(&homes), [own.join("t.jsonl"), chats.join("session-s.jsonl")]);
    assert_eq!(Gemini.subagents(&chats.join("session-s.jsonl")), [own.join("t.jsonl")]);
    let told = |path: &Path| Gemini.read(path, None, Limits::default()).expect("what the file tells").transcripts.remove(0);
    let (main, child) = (told(&chats.join("session-s.jsonl")), told(&own.join("t.jsonl")));
    assert_eq!((main.cwd.as_deref(), main.parent, main.turns[0].actions[0].value.as_str()), (Some("/work"), None, "a"));
    assert_eq!((child.native_id.as_str(), child.parent.as_deref()), ("t", Some("s")));
}
