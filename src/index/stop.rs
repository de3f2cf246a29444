//! Words that say nothing of the subject of a query. Words such as `not`, `before`, `all` or `same` do, and are not listed.

use std::collections::HashSet;
use std::sync::LazyLock;

/// In alphabetical order, without apostrophes, as the tokenizer gives them.
const STOP_WORDS: &str = "
    a about across again against along already also although am among an and anybody anyone anything are arent as at be because been \
    being but by can cannot cant could couldnt d did didnt do does doesnt doing done dont during either etc even ever everybody \
    everyone everything for from had hadnt has hasnt have havent having he hed her here heres hers herself hes him himself his how \
    however hows i im in into is isnt it itd itll its itself ive just lets ll m many may me might mine much must mustnt my \
    myself neither never nobody none nor nothing now of off on once one ones only onto or ought our ours ourselves out own per please \
    quite rather re s several shall she shes should shouldnt since so some somebody someone something still such t than that \
    thats the their theirs them themselves then there theres these they theyd theyll theyre theyve this those though through to too \
    toward towards unless upon us ve very via was wasnt we were werent weve what whatever whats when whenever whens where \
    wheres wherever whether which whichever who whoever whom whos whose why whys will with within wont would wouldnt yet you youd youll \
    your youre yours yourself yourselves youve \
";

/// Whether a word, in lower case and without apostrophes, says nothing of the subject.
pub(super) fn is_stop_word(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| STOP_WORDS.split_whitespace().collect());
    WORDS.contains(word)
}
