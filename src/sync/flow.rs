//! The steps of a sync with words about pages: where both sides stand, pulling, pushing.

use std::collections::{BTreeMap, BTreeSet};

use super::fetch::{Fetched, fetch};
use super::git::{GitError, Repository};
use super::import::Import;
use super::look::many_deletions;
use super::message::Message;
use super::moved::follow_moved;
use super::printing::print_changes;
use super::push::{Check, Pushed, push_checked};
use super::site::RemoteAddress;
use super::tree::texts_of_commit;
use super::words::{Standing, counts, names, standing};
use super::{Local, Wishes, failed};
use crate::compare::{Change, Difference};
use crate::db::{Access, Failure, Session, last_changes, note_conflicts};
use crate::diag::code;
use crate::format::{EntityName, contents_of, documents_of};

/// A database with its session, and the git remote that it is.
pub struct Remote<'a> {
    pub local: Local<'a>,
    /// What git calls it.
    pub name: String,
    pub session: Session,
}

impl Remote<'_> {
    fn branch(&self) -> String {
        format!("refs/remotes/{}/main", self.name)
    }
}

/// Where files and a database stand.
#[derive(Clone, Debug)]
pub struct Overview {
    pub fetched: Fetched,
    pub standing: Standing,
    /// Files with changes that are in no commit, which no sync sees.
    pub dirty: Vec<String>,
    /// Whether git waits for somebody to decide the conflicts of a merge.
    pub is_merging: bool,
    /// Who last changed an entity in the database, and when (RFC 3339).
    pub changed_by: BTreeMap<EntityName, (String, String)>,
}

/// What came of a pull.
#[derive(Clone, Debug)]
pub struct Pulled {
    pub overview: Overview,
    pub merge: Merge,
}

/// How the commits of a database came into the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// There was nothing to merge.
    Nothing,
    /// The branch moved on to the commit of the database.
    Forward,
    /// A commit merges both.
    Merged,
    /// Both changed the same, in these files: git waits for somebody to decide.
    Conflicts(Vec<String>),
    /// It was only to be found out.
    Found,
}

/// What came of a push.
#[derive(Clone, Debug)]
pub struct Sent {
    pub overview: Overview,
    pub pushed: Pushed,
}

/// The name of the git remote that is a database, for a site in a folder of the repository.
pub fn remote_of(
    repository: &Repository,
    database: &str,
    prefix: &str,
) -> Result<Option<String>, Failure> {
    let remotes = repository.remotes().map_err(failed)?;
    let wanted = RemoteAddress {
        database: database.to_string(),
        prefix: prefix.to_string(),
    };
    let found = remotes.into_iter().find(|(_, url)| {
        url.starts_with(super::SCHEME) && RemoteAddress::parse(url).is_ok_and(|one| one == wanted)
    });
    Ok(found.map(|(name, _)| name))
}

/// Looks at both sides. Nothing is written into the database, and no branch moves.
pub fn look_at(remote: &mut Remote<'_>, wishes: Wishes) -> Result<Overview, Failure> {
    let wishes = Wishes {
        dry_run: true,
        ..wishes
    };
    overview(remote, wishes)
}

fn overview(remote: &mut Remote<'_>, wishes: Wishes) -> Result<Overview, Failure> {
    let local = remote.local.clone();
    let fetched = fetch(&local, &mut remote.session, wishes)?;
    overview_of(remote, fetched, wishes)
}

fn overview_of(
    remote: &mut Remote<'_>,
    fetched: Fetched,
    wishes: Wishes,
) -> Result<Overview, Failure> {
    let local = remote.local.clone();
    let repository = local.repository;
    let head = repository.commit_named("HEAD").map_err(failed)?;
    let base = match (&head, &fetched.commit) {
        (Some(head), Some(commit)) => repository.merge_base(head, commit).map_err(failed)?,
        _ => None,
    };
    let none = Default::default();
    let pending = match wishes.dry_run {
        true => &fetched.sealed,
        false => &none,
    };
    let standing = standing(
        &local,
        base.as_deref(),
        head.as_deref(),
        fetched.commit.as_deref(),
        pending,
    )?;
    let mut changed: BTreeSet<EntityName> = names(&standing.behind);
    changed.extend(names(&standing.diverged));
    let changed_by = match changed.is_empty() {
        true => BTreeMap::new(),
        false => remote
            .session
            .transaction(Access::Read, |session| last_changes(session, &changed))?
            .into_iter()
            .map(|(name, actor, at)| (name, (actor, at)))
            .collect(),
    };
    Ok(Overview {
        fetched,
        standing,
        dirty: dirty(&local)?,
        is_merging: is_merging(repository)?,
        changed_by,
    })
}

fn is_merging(repository: &Repository) -> Result<bool, Failure> {
    let merged = repository.commit_named("MERGE_HEAD").map_err(failed)?;
    Ok(merged.is_some())
}

/// The files of the site with changes that are in no commit.
fn dirty(local: &Local<'_>) -> Result<Vec<String>, Failure> {
    let top = format!(":(top,literal){}", local.prefix);
    let arguments = [
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
        "--untracked-files=all",
        "--",
        &top,
    ];
    // A bare repository has no files.
    let Ok(bytes) = local.repository.bytes(&arguments) else {
        return Ok(Vec::new());
    };
    let entries = bytes.split(|byte| *byte == 0).filter_map(|entry| {
        let path = String::from_utf8_lossy(entry.get(3..)?).into_owned();
        path.strip_prefix(local.prefix).map(str::to_string)
    });
    Ok(entries.filter(|path| !path.is_empty()).collect())
}

/// Brings what the database has into the branch.
pub fn pull(remote: &mut Remote<'_>, wishes: Wishes) -> Result<Pulled, Failure> {
    let local = remote.local.clone();
    let repository = local.repository;
    if is_merging(repository)? {
        let message = "a merge is not finished yet";
        return Err(Failure::new(code::UNFINISHED_MERGE, message)
            .hint("decide the conflicts and `git commit`, or `git merge --abort`"));
    }
    let overview = overview(remote, wishes)?;
    if wishes.dry_run {
        return Ok(Pulled {
            overview,
            merge: Merge::Found,
        });
    }
    let Some(theirs) = overview.fetched.commit.clone() else {
        return Ok(Pulled {
            overview,
            merge: Merge::Nothing,
        });
    };
    set_branch(remote, &theirs)?;
    let head = repository.commit_named("HEAD").map_err(failed)?;
    let base = match &head {
        Some(head) => repository.merge_base(head, &theirs).map_err(failed)?,
        None => None,
    };
    // Git puts the name into the marks of a conflict.
    let name = format!("{}/main", remote.name);
    let others = ["heads", "tags"].map(|kind| format!("refs/{kind}/{name}"));
    let mut name = name;
    for other in others {
        // A branch or a tag of that name would be merged in its place.
        if repository.commit_named(&other).map_err(failed)?.is_some() {
            name = remote.branch();
        }
    }
    let merge = match (&head, base) {
        (Some(_), Some(base)) if base == theirs => Merge::Nothing,
        (Some(head), Some(base)) => {
            check_deletions(&local, head, &overview.standing.behind, wishes)?;
            match base == *head {
                true => merge(&local, &name, &["--ff-only"])?,
                false => merge(&local, &name, &[])?,
            }
        }
        (Some(_), None) if repository.is_shallow().map_err(failed)? => {
            let message = "this clone is shallow, and does not have the last commit that it and the \
                           database have in common";
            return Err(Failure::new(code::MISSING_COMMIT, message)
                .hint("`git fetch --unshallow` brings the rest of the history; then try again"));
        }
        (Some(head), None) => {
            let moved = into_folders_of(&local, head, &theirs)?;
            merge(&local, &moved, &["--allow-unrelated-histories"])?
        }
        (None, _) => merge(&local, &name, &["--ff-only"])?,
    };
    if matches!(merge, Merge::Conflicts(_)) && !overview.standing.contents.is_empty() {
        let contents = &overview.standing.contents;
        // A help for who looks into the table: the conflict itself is in the files.
        let _ = remote.session.transaction(Access::Write, |session| {
            note_conflicts(session, local.database, contents)
        });
    }
    Ok(Pulled { overview, merge })
}

/// Brings what the last commit says into the database.
pub fn send(remote: &mut Remote<'_>, wishes: Wishes, check: Check<'_>) -> Result<Sent, Failure> {
    // What a push may delete says nothing of what was deleted in the database.
    let looking = Wishes {
        allow_deletes: false,
        ..wishes
    };
    let local = remote.local.clone();
    let fetched = fetch(&local, &mut remote.session, looking)?;
    // All that is pushed into an empty database is new there: the push itself lists it.
    let overview = match fetched.commit {
        Some(_) => overview_of(remote, fetched, looking)?,
        None => Overview {
            fetched,
            standing: Standing::default(),
            dirty: dirty(&local)?,
            is_merging: is_merging(local.repository)?,
            changed_by: BTreeMap::new(),
        },
    };
    let repository = local.repository;
    let head = repository
        .commit_named("HEAD")
        .map_err(failed)?
        .ok_or_else(|| {
            Failure::new(
                code::NOT_SYNCED,
                "there is no commit yet: only commits are pushed",
            )
            .hint("`git add -A && git commit`, then push")
        })?;
    if let Some(theirs) = overview.fetched.commit.as_deref() {
        let is_behind = theirs != head && repository.is_ancestor(&head, theirs).map_err(failed)?;
        if is_behind {
            return Ok(Sent {
                overview,
                pushed: Pushed::Done(BTreeMap::new()),
            });
        }
    }
    let pushed = push_checked(&local, &mut remote.session, &head, wishes, check)?;
    if matches!(pushed, Pushed::Done(_)) && !wishes.dry_run {
        set_branch(remote, &head)?;
    }
    Ok(Sent { overview, pushed })
}

/// Moves the branch that stands for the database.
fn set_branch(remote: &Remote<'_>, commit: &str) -> Result<(), Failure> {
    let branch = remote.branch();
    let arguments = ["update-ref", "-m", "rbgen", &branch, commit];
    remote.local.repository.text(&arguments).map_err(failed)?;
    Ok(())
}

fn check_deletions(
    local: &Local<'_>,
    head: &str,
    behind: &[Difference],
    wishes: Wishes,
) -> Result<(), Failure> {
    let gone = behind.iter().filter(|one| one.change == Change::Removed);
    let gone: Vec<EntityName> = gone.map(|one| (one.kind, one.key.clone())).collect();
    if wishes.allow_deletes || gone.is_empty() {
        return Ok(());
    }
    match many_deletions(&gone, &counts(local, head)?) {
        None => Ok(()),
        Some(words) => {
            let message = format!("merging the database would delete {words}");
            Err(Failure::new(code::MANY_DELETIONS, message)
                .hint("if that is meant: `rbgen pull --allow-deletes`"))
        }
    }
}

/// Has git merge a commit into the branch that is checked out.
fn merge(local: &Local<'_>, commit: &str, more: &[&str]) -> Result<Merge, Failure> {
    let words = format!("Merge the database {}", local.database);
    let mut arguments = vec!["merge", "--no-edit", "--no-stat", "-q", "-m", &words];
    arguments.extend(more);
    arguments.push(commit);
    let output = local.repository.command(&arguments).output();
    let output = output.map_err(|error| failed(GitError::not_run(&arguments, &error)))?;
    if output.status.success() {
        return Ok(match more.contains(&"--ff-only") {
            true => Merge::Forward,
            false => Merge::Merged,
        });
    }
    let unmerged = ["diff", "--name-only", "--diff-filter=U", "-z"];
    let bytes = local.repository.bytes(&unmerged).map_err(failed)?;
    let paths = bytes
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty());
    let paths: Vec<String> = paths
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect();
    if paths.is_empty() {
        return Err(not_begun(&[output.stderr, output.stdout].concat()));
    }
    let left = follow_moved(local.repository, "MERGE_HEAD").map_err(failed)?;
    if left.is_empty() {
        let commit = ["commit", "-q", "--no-edit"];
        local.repository.text(&commit).map_err(failed)?;
        return Ok(Merge::Merged);
    }
    Ok(Merge::Conflicts(left))
}

/// Why git did not begin a merge.
fn not_begun(said: &[u8]) -> Failure {
    let said = String::from_utf8_lossy(said);
    // Git lists the files that are in the way, each behind a tab.
    let files: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix('\t'))
        .collect();
    if let [first, ..] = files.as_slice() {
        let message = match files.len() {
            1 => format!("`{first}` has changes that are in no commit, and the merge changes it"),
            count => format!(
                "{count} files, such as `{first}`, have changes that are in no commit, and the merge \
                 changes them"
            ),
        };
        return Failure::new(code::LOCAL_CHANGES, message)
            .hint("commit them; or `git stash`, and `git stash pop` afterwards");
    }
    failed(GitError {
        command: "git merge".to_string(),
        said: said.split_whitespace().collect::<Vec<_>>().join(" "),
    })
}

/// A commit that says what `theirs` says, in the folders and files that `ours` has: what begins to be
/// synced without a common history is most often the same content, in other places.
fn into_folders_of(local: &Local<'_>, ours: &str, theirs: &str) -> Result<String, Failure> {
    let texts = texts_of_commit(local.repository, theirs, local.prefix, |_| true);
    let (documents, _) = documents_of(&texts.map_err(failed)?);
    let changes = contents_of(&documents)
        .into_iter()
        .map(|(name, content)| (name, Some(content)))
        .collect();
    let mut import = Import::begin(local.repository, local.prefix, Some(ours))?;
    let paths = import.paths().clone();
    let outcome = print_changes(&paths, &changes, |wanted| import.read(wanted))?;
    let texts = outcome.printed.texts.into_iter();
    let files = texts.map(|(path, text)| (path, Some(text))).collect();
    let text = "The content of the database, in the folders of this site\n".to_string();
    let message = Message {
        text: text.clone(),
        author: "rbgen <rbgen@rbgen.invalid>".to_string(),
        seconds: 0,
    };
    import.commit(&message, files)?;
    let commits = import.end()?;
    let tree = commits.last().map(|commit| format!("{commit}^{{tree}}"));
    let tree = tree.unwrap_or_default();
    local
        .repository
        .text(&["commit-tree", &tree, "-p", theirs, "-m", text.trim()])
        .map_err(failed)
}
