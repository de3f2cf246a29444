//! aider: what its history may hold besides prompts and answers.

use super::super::lines::Read;
use super::super::{Agent, Limits};
use super::{Aider, FILE};
use crate::record::transcript::Transcript;

const HEAD: &str = "\n# aider chat started at 2026-01-02 03:04:05\n\n> Aider v0.86.2  \n> Model: m with diff edit format  \n";

fn read(text: &[u8], typed: &str, mark: Option<&str>) -> Read {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join(".aider.input.history"), typed).expect("a file");
    std::fs::write(home.path().join(FILE), text).expect("a file");
    let mut read = Aider.read(&home.path().join(FILE), mark, Limits::default()).expect("a reading");
    for told in &mut read.transcripts {
        assert_eq!(told.cwd.take().as_deref(), home.path().to_str());
    }
    read
}

fn told(dialogue: &str) -> Transcript {
    let mut read = read(format!("{HEAD}{dialogue}").as_bytes(), "", None);
    assert_eq!(read.transcripts.len(), 1);
    read.transcripts.swap_remove(0)
}

fn actions(told: &Transcript, turn: usize) -> Vec<String> {
    told.turns[turn].actions.iter().map(|a| format!("{} {} {:?}", a.kind, a.value, a.ok)).collect()
}

#[test]
fn answers_may_look_like_prompts_and_notes() {
    let told = told(
        "\n#### one  \n####   \n####   two  \n\nSee:\n\n> a quote\nof it\n\n#### Heading\n\nend\n\n> Tokens: 1.4k sent, 12 received.  \n",
    );
    assert_eq!(told.turns[0].user_input.as_deref(), Some("one\n\n  two"));
    assert_eq!(told.turns[0].agent_response.as_deref(), Some("See:\n\n> a quote\nof it\n\n#### Heading\n\nend"));
    assert_eq!(told.turns[0].data["usage"], serde_json::json!({"input": 1400, "output": 12}));
    assert_eq!(told.turns[0].model.as_deref(), Some("m"));
}

#[test]
fn notes_tell_what_was_done() {
    let told = told(
        "\n#### do  \n\nI do.\n\n\
         > new.py  \n> Create new file? (Y)es/(N)o [Yes]: y  \n> Applied edit to old.py  \n> Applied edit to new.py  \n\
         > Commit 7e983b5 feat: say \"x\"\n\nat length  \n\
         > make\ntest  \n> Run shell commands? (Y)es/(N)o [Yes]: y  \n> Running make  \n> Running test  \n\
         > litellm.APIError: no  \n> Scraping https://example.com...  \n",
    );
    let expected = [
        "file-edited old.py Some(true)",
        "file-created new.py Some(true)",
        "command git commit -m \"feat: say \\\"x\\\"\" Some(true)",
        "command make None",
        "command test None",
        "error litellm.APIError: no Some(false)",
        "url https://example.com None",
    ];
    assert_eq!(actions(&told, 0), expected);
    assert_eq!(told.turns[0].agent_response.as_deref(), Some("I do."));
}

#[test]
fn commands_of_aider_are_turns_only_where_a_model_answers() {
    let told = told(
        "\n#### /add a  \n> Added a to the chat  \n\n#### !ls  \n\n#### <blank>  \n\n#### /ask why?  \n\n#### why?  \n\n\
         So.\n\n> Tokens: 1 sent, 1 received.  \n\
         \n#### /git log  \n> a\n\nb  \n\n#### /test t  \n\nFixed.\n\n> Tokens: 2 sent, 1 received.  \n\
         > Processing your request...  \n\nAs the comment says.\n",
    );
    let turns: Vec<(Option<&str>, Option<&str>)> =
        told.turns.iter().map(|turn| (turn.user_input.as_deref(), turn.agent_response.as_deref())).collect();
    let expected = [(None, None), (Some("why?"), Some("So.")), (Some("/test t"), Some("Fixed.")), (None, Some("As the comment says."))];
    assert_eq!(turns, expected);
    assert_eq!(told.turns[0].actions[0].data["by"], "user");
    assert_eq!(actions(&told, 1), ["command git log None", "command t None"]);
}

#[test]
fn only_an_answer_can_be_interrupted() {
    let told = told(
        "\n#### one  \n\nHalf\n\n> ^C KeyboardInterrupt  \n\n#### two  \n\nWhole\n\n\
         > Tokens: 1 sent, 1 received.  \n>  \n> ^C again to exit  \n",
    );
    assert_eq!(told.turns[0].data["interrupted"], true);
    assert!(!told.turns[1].data.contains_key("interrupted"));
}

#[test]
fn times_stand_in_another_file() {
    let typed = "\n# 2026-01-02 03:04:07.000001\n+go on\n\n# 2026-01-02 03:04:07.000009\n+go on\n\n# 2026-01-02 03:05:00.5\n+go on\n";
    let text = format!("{HEAD}\n#### go on  \n\nYes.\n\n#### go on  \n\nAgain.\n\n#### other  \n");
    let turns = read(text.as_bytes(), typed, None).transcripts.swap_remove(0).turns;
    let seconds = |n: usize| turns[n].time.map(|time| (time - turns[0].time.unwrap_or(time)).num_milliseconds());
    assert_eq!([seconds(0), seconds(1), seconds(2)], [Some(0), Some(53499), Some(53499)]);
}

#[test]
fn a_part_tells_what_the_whole_does() {
    let second = HEAD.replace("03:04:05", "04:00:00");
    let whole = format!("{HEAD}\n#### one  \n\nA?.\n{second}\n#### two  \n\nB.\n\n#### three  \n\nC.\n");
    // Not all of a file need be text.
    let whole: Vec<u8> = whole.bytes().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
    let all = read(&whole, "", None).transcripts;
    assert_eq!(all.iter().map(|t| t.turns.len()).collect::<Vec<_>>(), [1, 2]);
    for cut in (0..whole.len()).step_by(3) {
        let mark = read(&whole[..cut], "", None).mark;
        let part = read(&whole, "", mark.as_deref()).transcripts;
        assert!(all.ends_with(&part), "cut at {cut}");
        assert!(!part.is_empty());
    }
    assert_eq!(read(&whole, "", Some("7 # aider chat started at never")).transcripts, all);
}
