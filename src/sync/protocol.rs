//! The words that git says to a remote helper (gitremote-helpers(7)), read. Pure.

/// What git asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Capabilities,
    /// The branches; `for_push` where a push comes next.
    List {
        for_push: bool,
    },
    /// `option NAME VALUE`
    Option {
        name: String,
        value: String,
    },
    /// Objects that are wanted.
    Fetch,
    /// `push [+]SOURCE:TARGET`
    Push(Refspec),
    /// An empty line: the end of a batch, or of all.
    End,
    /// What this helper does not know.
    Unknown(String),
}

/// What is pushed where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refspec {
    /// Whether the branch may be moved to what does not follow it.
    pub force: bool,
    /// Empty where the branch is to be deleted.
    pub source: String,
    pub target: String,
}

/// Reads one line, with or without its line end.
pub fn read_command(line: &str) -> Command {
    let line = line.trim_end_matches(['\n', '\r']);
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "" if rest.is_empty() => Command::End,
        "capabilities" => Command::Capabilities,
        "list" => Command::List {
            for_push: rest == "for-push",
        },
        "option" => {
            let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
            Command::Option {
                name: name.to_string(),
                value: unquoted(value),
            }
        }
        "fetch" => Command::Fetch,
        "push" => match read_refspec(rest) {
            Some(refspec) => Command::Push(refspec),
            None => Command::Unknown(line.to_string()),
        },
        _ => Command::Unknown(line.to_string()),
    }
}

fn read_refspec(text: &str) -> Option<Refspec> {
    let (force, text) = match text.strip_prefix('+') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (source, target) = text.split_once(':')?;
    (!target.is_empty()).then(|| Refspec {
        force,
        source: source.to_string(),
        target: target.to_string(),
    })
}

/// The value of an option, which git may write as a C string.
fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.to_string();
    };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

/// The one branch that a database has.
pub const BRANCH: &str = "refs/heads/main";

/// The answer to `list`: by which digests objects are named, if git asked for it; the branch, if the
/// database has any content, and that it is the one that a clone begins with.
pub fn list_answer(object_format: Option<&str>, commit: Option<&str>) -> String {
    let mut answer = String::new();
    if let Some(format) = object_format {
        answer.push_str(&format!(":object-format {format}\n"));
    }
    if let Some(commit) = commit {
        answer.push_str(&format!("{commit} {BRANCH}\n@{BRANCH} HEAD\n"));
    }
    answer.push('\n');
    answer
}

/// The answer to a refused push: one line, whatever the reason has in it.
pub fn refusal(target: &str, why: &str) -> String {
    let why: String = why
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("error {target} {why}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_is_read() {
        assert_eq!(read_command("capabilities\n"), Command::Capabilities);
        let list = Command::List { for_push: true };
        assert_eq!(read_command("list for-push\n"), list);
        assert_eq!(read_command("\n"), Command::End);
        let push = Command::Push(Refspec {
            force: true,
            source: "refs/heads/a".into(),
            target: BRANCH.into(),
        });
        assert_eq!(read_command("push +refs/heads/a:refs/heads/main\n"), push);
        assert!(matches!(read_command("push x"), Command::Unknown(_)));
        assert!(matches!(read_command("push :"), Command::Unknown(_)));
        let option = Command::Option {
            name: "push-option".into(),
            value: "a \"b\"\nc".into(),
        };
        assert_eq!(
            read_command("option push-option \"a \\\"b\\\"\\nc\"\n"),
            option
        );
        for odd in [
            " ",
            "option",
            "option x",
            "push +",
            "fetch",
            "\"",
            "option x \"\\",
        ] {
            read_command(odd);
        }
    }

    #[test]
    fn a_refusal_is_one_line() {
        let refused = refusal(BRANCH, "a\nok refs/heads/main\r\n");
        assert_eq!(refused.lines().count(), 1);
    }
}
