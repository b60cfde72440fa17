//! The scripts that git runs: what they say, and whose a script is.

use std::path::PathBuf;

use super::Hook;
use crate::digest::Digest;

/// What the scripts call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The program, by an absolute path. Where it is gone, the one that is in the `PATH` is taken.
    pub program: PathBuf,
    /// The folder of the site in the repository; empty where it is the whole.
    pub folder: String,
}

/// Who wrote a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    Rbgen,
    /// It was rbgen's, and has been changed.
    RbgenAndSomebody,
    Somebody,
}

const HEAD: &str = "#!/bin/sh\n";
const MARK: &str = "# A hook of rbgen; `rbgen hooks remove` takes it away. Its sum: ";

/// Whose a script is: those of rbgen have the digest of what follows it in their second line.
pub fn author_of(bytes: &[u8]) -> Author {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Author::Somebody;
    };
    let signed = text.strip_prefix(HEAD).and_then(|rest| {
        let (sum, body) = rest.strip_prefix(MARK)?.split_once('\n')?;
        Some(sum == sum_of(body))
    });
    match signed {
        Some(true) => Author::Rbgen,
        Some(false) => Author::RbgenAndSomebody,
        None if text.contains(MARK) => Author::RbgenAndSomebody,
        None => Author::Somebody,
    }
}

fn sum_of(body: &str) -> String {
    Digest::of_bytes(body.as_bytes()).short(32)
}

/// The name under which the hook is kept that was there before.
pub fn earlier_name(hook: Hook) -> String {
    format!("{}.before-rbgen", hook.name())
}

/// The script of a hook. `earlier` is the text of the hook that is to be run before.
pub fn script_of(hook: Hook, call: &Call, earlier: Option<&[u8]>) -> String {
    let body = body(hook, call, earlier.and_then(shell_of));
    format!("{HEAD}{MARK}{}\n{body}", sum_of(&body))
}

/// The shell that a script is for, where it is for a plain one: it can then be run under the name that
/// it had, which hooks that look for their neighbours or at their own name need.
fn shell_of(script: &[u8]) -> Option<&'static str> {
    let line = script.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("#!")?;
    let mut words = line.split_ascii_whitespace();
    let mut name = words.next()?.rsplit('/').next()?;
    if name == "env" {
        name = words.next()?;
    }
    if words.next().is_some() {
        return None;
    }
    ["sh", "bash", "dash"]
        .into_iter()
        .find(|shell| *shell == name)
}

fn body(hook: Hook, call: &Call, shell: Option<&str>) -> String {
    let name = hook.name();
    let program = quoted(&call.program.to_string_lossy());
    let folder = match call.folder.as_str() {
        "" => String::new(),
        folder => format!(" --folder {}", quoted(folder)),
    };
    let run = match shell {
        Some(shell) => format!("{shell} -c '. \"$EARLIER_HOOK\"' \"$0\" \"$@\""),
        None => "\"$EARLIER_HOOK\" \"$@\"".to_string(),
    };
    let earlier = earlier_name(hook);
    let (read, give) = match hook {
        // The point keeps the last line end.
        Hook::PrePush | Hook::PostReceive => (
            "input=$(cat; echo .)\ninput=${input%.}\n",
            "printf '%s' \"$input\" 2>/dev/null | ",
        ),
        Hook::PostMerge => ("", ""),
    };
    // A check that was refused already need not be made; what was received is received.
    let refused = match hook {
        Hook::PrePush => "    [ $status -eq 0 ] || exit $status\n",
        Hook::PostMerge | Hook::PostReceive => "",
    };
    let missing = match hook {
        Hook::PostMerge => "    exit $status\n".to_string(),
        Hook::PrePush => format!(
            "    echo \"rbgen: FAILED: nothing was checked: neither $wanted nor an rbgen in the PATH is there\" >&2\n    \
             echo 'rbgen: install it, or take this {name} hook away; `git push --no-verify` passes over it' >&2\n    \
             exit 1\n"
        ),
        Hook::PostReceive => format!(
            "    echo \"rbgen: FAILED: nothing was built: neither $wanted nor an rbgen in the PATH is there\" >&2\n    \
             echo 'rbgen: install it where this {name} hook is' >&2\n    \
             exit 1\n"
        ),
    };
    format!(
        "# What was here before is kept beside it as `{earlier}`, and is run first.\n\
         status=0\n\
         {read}\
         EARLIER_HOOK=\"${{0%/*}}/{earlier}\"\n\
         if [ -x \"$EARLIER_HOOK\" ]; then\n    \
             export EARLIER_HOOK\n    \
             {give}{run}\n    \
             status=$?\n    \
             unset EARLIER_HOOK\n\
         {refused}\
         fi\n\
         wanted={program}\n\
         program=$wanted\n\
         [ -x \"$program\" ] || program=$(command -v rbgen)\n\
         if [ -z \"$program\" ]; then\n\
         {missing}\
         fi\n\
         {give}\"$program\" hook {name}{folder} -- \"$@\"\n\
         ours=$?\n\
         [ $status -ne 0 ] || status=$ours\n\
         exit $status\n"
    )
}

/// A word as a shell takes it, whatever it has.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_known_until_it_is_changed() {
        let call = Call {
            program: "/usr/bin/it's".into(),
            folder: "a b".into(),
        };
        for hook in [Hook::PrePush, Hook::PostMerge, Hook::PostReceive] {
            let script = script_of(hook, &call, None);
            assert_eq!(author_of(script.as_bytes()), Author::Rbgen, "{script}");
            assert!(script.contains(r"'/usr/bin/it'\''s'"));
            for edited in [
                script.clone() + "echo mine\n",
                script.replacen("#!/bin/sh", "#!/bin/bash", 1),
                script.replace("exit $status", "exit 0"),
            ] {
                assert_eq!(author_of(edited.as_bytes()), Author::RbgenAndSomebody);
            }
        }
        assert_eq!(author_of(b"#!/bin/sh\nexit 0\n"), Author::Somebody);
    }

    #[test]
    fn plain_shells_are_known() {
        for (script, shell) in [
            ("#!/bin/sh\nx", Some("sh")),
            ("#!/usr/bin/env bash\n", Some("bash")),
            ("#! /bin/dash", Some("dash")),
            ("#!/bin/sh -e\n", None),
            ("#!/usr/bin/env -S sh -e\n", None),
            ("#!/usr/bin/python3\n", None),
            ("echo", None),
            ("", None),
        ] {
            assert_eq!(shell_of(script.as_bytes()), shell, "{script}");
        }
    }
}
