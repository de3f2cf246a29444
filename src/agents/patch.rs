//! Patches as agents write them: which files they change, and by how many lines.

use super::claude::with_lines;
use super::teller::action;
use crate::record::action::Action;

/// What a patch between `*** Begin Patch` and `*** End Patch` does; a file that is moved is gone in one place and new in another.
pub(super) fn actions(patch: &str) -> Vec<Action> {
    let mut changes: Vec<(&str, &str, usize, usize)> = Vec::new();
    for line in patch.lines() {
        let head = line.strip_prefix("*** ").and_then(|rest| rest.split_once(": "));
        match (head, changes.last_mut()) {
            (Some(("Add File", path)), _) => changes.push(("file-created", path.trim(), 0, 0)),
            (Some(("Update File", path)), _) => changes.push(("file-edited", path.trim(), 0, 0)),
            (Some(("Delete File", path)), _) => changes.push(("file-deleted", path.trim(), 0, 0)),
            (Some(("Move to", path)), Some(last)) => {
                last.0 = "file-deleted";
                changes.push(("file-created", path.trim(), 0, 0));
            }
            (None, Some(last)) => {
                last.2 += usize::from(line.starts_with('+'));
                last.3 += usize::from(line.starts_with('-'));
            }
            _ => {}
        }
    }
    let told = |(kind, path, added, removed)| match kind {
        "file-deleted" => action(kind, path),
        _ => with_lines(action(kind, path), added, removed),
    };
    changes.into_iter().map(told).collect()
}

/// How many lines a unified diff adds and removes; nothing where it is none.
pub(super) fn changed(diff: &str) -> Option<(usize, usize)> {
    let (mut inside, mut counts) = (false, None);
    for line in diff.lines() {
        if line.starts_with("@@") {
            inside = true;
            counts.get_or_insert((0, 0));
        } else if line.starts_with("diff --git ") {
            inside = false;
        } else if let (true, Some((added, removed))) = (inside, counts.as_mut()) {
            *added += usize::from(line.starts_with('+'));
            *removed += usize::from(line.starts_with('-'));
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_told_by_file() {
        let patch = "*** Begin Patch\n*** Add File: a\n+one\n+two\n*** Update File: b\n*** Move to: c\n@@\n-old\n+new\n kept\n\
                     *** Delete File: d\n*** End Patch";
        let told: Vec<String> = actions(patch).iter().map(|a| format!("{} {} {:?}", a.kind, a.value, a.data.get("added"))).collect();
        assert_eq!(
            told,
            ["file-created a Some(Number(2))", "file-deleted b None", "file-created c Some(Number(1))", "file-deleted d None"]
        );
        assert!(actions("+ no patch").is_empty());
    }

    #[test]
    fn a_diff_is_counted_without_its_heads() {
        assert_eq!(changed("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+b\n++++ c\n"), Some((2, 1)));
        assert_eq!(changed("no diff\n+1"), None);
    }
}
