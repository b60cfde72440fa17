//! Random three-way merges against an oracle that knows nothing of how they are made.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::format::Texts;
use crate::format::sample::{self, Dice};
use crate::model::{Documents, Table, Value};
use crate::sync::merge::values::below;

/// The files of documents, printed over others.
fn files(documents: &Documents, before: &Texts) -> Texts {
    let (printed, found) = crate::format::print_documents(documents, before, &BTreeSet::new());
    assert!(!found.has_errors(), "{found:#?}");
    let mut after = before.clone();
    after.retain(|path, _| !printed.removed.contains(path));
    after.extend(printed.texts);
    after
}

/// Every field that is no table, by the names of people.
fn leaves(entity: &Entity) -> BTreeMap<String, Value> {
    fn walk(path: &str, table: &Table, out: &mut BTreeMap<String, Value>) {
        for (key, value) in table {
            let path = below(path, key);
            match value {
                Value::Table(inner) => walk(&path, inner, out),
                other => {
                    out.insert(path, other.clone());
                }
            }
        }
    }
    let mut out = BTreeMap::new();
    walk("", &entity.fields, &mut out);
    for (key, member) in &entity.members {
        walk(&below(entity.member_name, key), member, &mut out);
    }
    out
}

fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.same(b),
        (None, None) => true,
        _ => false,
    }
}

fn has_lines(value: Option<&Value>) -> bool {
    value
        .and_then(Value::as_text)
        .is_some_and(|text| text.contains('\n'))
}

/// What is wrong with a merge, in which `kept` conflicts are decided for one side.
fn faults(
    base: &Entity,
    ours: &Entity,
    theirs: &Entity,
    merged: &Entity,
    kept: &[String],
) -> Vec<String> {
    let mut faults = Vec::new();
    let is_kept = |path: &str| {
        kept.iter().any(|conflict| {
            path.strip_prefix(conflict.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                || conflict == "examples" && path.starts_with("metadata.examples")
        })
    };
    let (b, o, t, m) = (leaves(base), leaves(ours), leaves(theirs), leaves(merged));
    let all: BTreeSet<&String> = [&b, &o, &t, &m]
        .into_iter()
        .flat_map(BTreeMap::keys)
        .collect();
    for path in all.into_iter().filter(|path| !is_kept(path)) {
        let (b, o, t, m) = (b.get(path), o.get(path), t.get(path), m.get(path));
        let wanted = if same(o, t) || same(b, t) {
            o
        } else if same(b, o) {
            t
        } else if has_lines(b) || has_lines(o) || has_lines(t) {
            m
        } else {
            faults.push(format!("both changed {path}, and it is no conflict"));
            continue;
        };
        if !same(m, wanted) {
            faults.push(format!("{path}: {m:?} instead of {wanted:?}"));
        }
    }
    let keys = |entity: &Entity| -> Vec<String> {
        entity.members.iter().map(|(key, _)| key.clone()).collect()
    };
    let (b, o, t, m) = (keys(base), keys(ours), keys(theirs), keys(merged));
    let set: BTreeSet<&String> = m.iter().collect();
    if set.len() < m.len() {
        faults.push(format!("doubled: {m:?}"));
    }
    for key in b.iter().chain(&o).chain(&t) {
        let wanted = match (b.contains(key), o.contains(key), t.contains(key)) {
            (true, ours, theirs) => ours && theirs,
            (false, _, _) => true,
        };
        if wanted != set.contains(key) && !is_kept(&below(merged.member_name, key)) {
            faults.push(format!("member {key}: {wanted} is not so"));
        }
    }
    if m.iter()
        .any(|key| !o.contains(key) && !t.contains(key) && !b.contains(key))
    {
        faults.push(format!("invented: {m:?}"));
    }
    if !kept.iter().any(|one| one.ends_with("(order)")) {
        let before = |keys: &[String], a: &String, b: &String| {
            let place = |key| keys.iter().position(|other| other == key);
            Some(place(a)? < place(b)?)
        };
        for (index, first) in m.iter().enumerate() {
            for second in &m[index + 1..] {
                let sides = (before(&o, first, second), before(&t, first, second));
                if sides == (Some(false), Some(false)) {
                    faults.push(format!("{first} before {second}: no side has that"));
                }
            }
        }
    }
    faults
}

/// Holds one merge, and its mirror, against every law. Says whether it was clean.
fn check(
    path: &str,
    base: Option<&str>,
    ours: &str,
    theirs: &str,
    faults_found: &mut Vec<String>,
) -> bool {
    let style = if ours.len().is_multiple_of(2) {
        Style::Merge
    } else {
        Style::Diff3
    };
    let marks = long_marks(style);
    let there = merge(path, base, ours, theirs, &marks);
    let back = merge(path, base, theirs, ours, &marks);
    let mut fault = |what: String| {
        faults_found.push(format!(
            "{what}\n== base\n{base:?}\n== ours\n{ours:?}\n== theirs\n{theirs:?}\n== merged\n{:?}",
            there.text
        ));
    };
    if there.conflicts.iter().any(|one| one.starts_with("line ")) {
        fault(format!("merged by lines: {:?}", there.conflicts));
        return false;
    }
    let (o, t) = (entity(&reads(path, ours)), entity(&reads(path, theirs)));
    let b = base
        .map(|text| entity(&reads(path, text)))
        .unwrap_or_default();
    for (side, mirror) in [(Side::Ours, Side::Theirs), (Side::Theirs, Side::Ours)] {
        let document = reads(path, &keep(&there.text, &marks, side));
        for what in faults(&b, &o, &t, &entity(&document), &there.conflicts) {
            fault(what);
        }
        let mirrored = reads(path, &keep(&back.text, &marks, mirror));
        if !document.same(&mirrored) {
            fault("the mirror says something else".into());
        }
    }
    // There the base differs also in what the sides agree about.
    let numbered = |text: &str| {
        let version = read(path, text, &Placeholders::new(&["test"]));
        version.is_some_and(|version| !version.unnamed.is_empty())
    };
    let has_base = style == Style::Diff3 && base.is_some();
    let order = there.conflicts.iter().any(|one| one.ends_with("(order)"));
    if has_base && !order && !numbered(ours) && !there.conflicts.is_empty() {
        let opaque = |_: &str| false;
        let version = |text: &str| {
            let version = read(path, text, &Placeholders::new(&["test"]));
            version.map(|version| version.entity())
        };
        let b = base.and_then(version).unwrap_or_default();
        let (o, t) = (
            version(ours).unwrap_or_default(),
            version(theirs).unwrap_or_default(),
        );
        let (wanted, _) = merge_entities(Some(&b), &o, &t, Side::Base, &opaque);
        let placeholders = Placeholders::new(&["test"]);
        let kept = read(path, &keep(&there.text, &marks, Side::Base), &placeholders);
        let wanted = document(wanted, &reads(path, ours));
        if !wanted.is_some_and(|wanted| kept.is_some_and(|kept| kept.document.same(&wanted))) {
            fault("the base says something else".into());
        }
    }
    if there.conflicts != back.conflicts {
        fault(format!("{:?} and {:?}", there.conflicts, back.conflicts));
    }
    there.conflicts.is_empty()
}

fn report(faults: &[String], merges: usize) {
    let first = faults.first();
    assert!(
        first.is_none(),
        "{} faults in {merges} merges; the first:\n{}",
        faults.len(),
        first.map_or("", |one| one)
    );
}

#[test]
fn random_documents_merge_field_by_field() {
    let mut found = Vec::new();
    let (mut merges, mut clean) = (0, 0);
    for seed in 0..500 {
        let base = sample::documents(seed);
        let (ours, theirs) = (
            sample::edited(&base, seed + 100_000),
            sample::edited(&base, seed + 200_000),
        );
        let base = files(&base, &Texts::new());
        let (ours, theirs) = (files(&ours, &base), files(&theirs, &base));
        for (path, ours) in &ours {
            let is_document = path.ends_with(".toml")
                || path.ends_with(".md") && crate::format::is_page(path, ours);
            let Some(theirs) = theirs
                .get(path)
                .filter(|theirs| *theirs != ours && is_document)
            else {
                continue;
            };
            let base = base.get(path).map(String::as_str);
            if base == Some(ours) || base == Some(theirs) {
                let other = if base == Some(ours) { theirs } else { ours };
                let merged = merge(path, base, ours, theirs, &Marks::default());
                assert_eq!(merged, Merged::clean(other.as_str()));
                continue;
            }
            merges += 1;
            clean += usize::from(check(path, base, ours, theirs, &mut found));
        }
    }
    report(&found, merges);
    assert!(
        merges > 300 && clean > 20 && clean < merges,
        "{clean} of {merges} are clean"
    );
}

/// A page as a person writes it, in which each field and block has a comment, and what they do to it.
#[derive(Clone)]
struct Draft {
    fields: Vec<(String, String)>,
    blocks: Vec<(String, Vec<(String, String)>)>,
}

impl Draft {
    fn new(dice: &mut Dice) -> Draft {
        let value = |dice: &mut Dice| format!("\"{}\"", dice.below(100));
        let mut fields = vec![("name".to_string(), value(dice))];
        for name in ["title", "description"] {
            if !dice.one_in(3) {
                fields.push((name.into(), value(dice)));
            }
        }
        let mut draft = Draft {
            fields,
            blocks: Vec::new(),
        };
        for _ in 0..dice.below(7) {
            draft.add_block(dice);
        }
        draft
    }

    fn add_block(&mut self, dice: &mut Dice) {
        let key = format!("k{}", dice.below(9));
        if self.blocks.iter().all(|(other, _)| *other != key) {
            let props = (0..dice.below(4))
                .map(|index| (format!("p{index}"), format!("[{}]", dice.below(50))));
            let props = props.collect();
            let at = dice.below(self.blocks.len() + 1);
            self.blocks.insert(at, (key, props));
        }
    }

    fn edited(&self, dice: &mut Dice) -> Draft {
        let mut out = self.clone();
        for _ in 0..=dice.below(4) {
            let at = dice.below(out.blocks.len().max(1));
            match dice.below(7) {
                0 => {
                    let at = dice.below(out.fields.len());
                    out.fields[at].1 = format!("\"{}\"", dice.below(100));
                }
                1 => out.add_block(dice),
                2 if !out.blocks.is_empty() => {
                    out.blocks.remove(at);
                }
                3 if !out.blocks.is_empty() => {
                    let block = out.blocks.remove(at);
                    let to = dice.below(out.blocks.len() + 1);
                    out.blocks.insert(to, block);
                }
                4 if out.fields.len() > 1 => {
                    out.fields.pop();
                }
                _ if !out.blocks.is_empty() => {
                    let props = &mut out.blocks[at].1;
                    match dice.below(3) {
                        0 => props.retain(|_| !dice.one_in(2)),
                        1 => props.iter_mut().for_each(|prop| {
                            if dice.one_in(2) {
                                prop.1 = format!("[{}]", dice.below(50));
                            }
                        }),
                        _ => {
                            let name = format!("q{}", dice.below(5));
                            props.retain(|(other, _)| *other != name);
                            props.push((name, format!("[{}]", dice.below(50))));
                        }
                    }
                }
                _ => {}
            }
        }
        out
    }

    /// The text of the file, in which blocks have keys of their own or are numbered.
    fn text(&self, line_end: &str, named: bool) -> String {
        let mut out = String::from("# The page.\n\n");
        for (name, value) in &self.fields {
            out.push_str(&format!("# About {name}.\n{name} = {value}\n"));
        }
        for (key, props) in &self.blocks {
            out.push_str(&format!("\n# The block {key}.\n[[blocks]]\n"));
            if named {
                out.push_str(&format!("key = \"{key}\" # stays\n"));
            }
            out.push_str("component = \"hero\"\n\n[blocks.props]\n");
            for (name, value) in props {
                out.push_str(&format!("# Prop {key} {name}.\n{name} = {value}\n"));
            }
        }
        out.replace('\n', line_end)
    }
}

#[test]
fn pages_with_comments_merge_and_keep_them() {
    let mut found = Vec::new();
    let (mut merges, mut clean) = (0, 0);
    for seed in 0..2500 {
        let dice = &mut Dice::new(seed);
        let base = Draft::new(dice);
        let (ours, theirs) = (base.edited(dice), base.edited(dice));
        let line_end = if dice.one_in(4) { "\r\n" } else { "\n" };
        let named = !dice.one_in(4);
        let [base, ours, theirs] = [base, ours, theirs].map(|draft| draft.text(line_end, named));
        let without_base = dice.one_in(10);
        let base = (!without_base).then_some(base.as_str());
        if ours == theirs || base == Some(&ours) || base == Some(&theirs) {
            continue;
        }
        merges += 1;
        let is_clean = check(PAGE, base, &ours, &theirs, &mut found);
        clean += usize::from(is_clean);
        let merged = merge(PAGE, base, &ours, &theirs, &Marks::default());
        let lines = merged.text.matches('\n').count();
        assert_eq!(
            merged.text.matches("\r\n").count(),
            if line_end == "\n" { 0 } else { lines }
        );
        // The block that both have kept is told of as often as it is there.
        let text = keep(&merged.text, &Marks::default(), Side::Ours);
        let Document::Page(page) = reads(PAGE, &text) else {
            panic!("a page")
        };
        for block in page.blocks.into_iter().filter(|_| named) {
            let comment = format!("# The block {}.", block.key);
            if ours.contains(&comment) && theirs.contains(&comment) {
                let times = text.matches(&comment).count();
                if times != 1 {
                    found.push(format!(
                        "{comment} {times} times\n{base:?}\n{ours}\n{theirs}\n== merged\n{text}"
                    ));
                }
            }
        }
    }
    report(&found, merges);
    assert!(
        merges > 1500 && clean > merges / 5,
        "{clean} of {merges} are clean"
    );
}

#[test]
fn sequences_never_double_lose_or_invent_a_member() {
    let mut found = Vec::new();
    let merges = 20_000;
    for seed in 0..merges {
        let dice = &mut Dice::new(seed as u64);
        let mut sequence = |from: &[(String, Table)]| -> Vec<(String, Table)> {
            let mut members = from.to_vec();
            for _ in 0..dice.below(5) {
                let at = dice.below(members.len() + 1);
                let value = Value::Int(dice.below(3) as i64);
                match dice.below(4) {
                    0 => {
                        let key = format!("k{}", dice.below(8));
                        if members.iter().all(|(other, _)| *other != key) {
                            members.insert(at, (key, Table::from([("x".into(), value)])));
                        }
                    }
                    1 if at < members.len() => {
                        members.remove(at);
                    }
                    2 if at < members.len() => {
                        members[at].1.insert("y".into(), value);
                    }
                    3 if at < members.len() => {
                        let one = members.remove(at);
                        members.insert(dice.below(members.len() + 1), one);
                    }
                    _ => {}
                }
            }
            members
        };
        let start = sequence(&[]);
        let base = sequence(&start);
        let [base, ours, theirs] =
            [base.clone(), sequence(&base), sequence(&base)].map(|members| Entity {
                members,
                member_name: "blocks",
                ..Entity::default()
            });
        let opaque = |_: &str| false;
        let mirrored = |side| match side {
            Side::Ours => Side::Theirs,
            Side::Theirs => Side::Ours,
            Side::Base => Side::Base,
        };
        for side in [Side::Ours, Side::Base, Side::Theirs] {
            let (merged, conflicts) = merge_entities(Some(&base), &ours, &theirs, side, &opaque);
            let (back, again) =
                merge_entities(Some(&base), &theirs, &ours, mirrored(side), &opaque);
            let mut kept = conflicts.clone();
            if side == Side::Base {
                // Of what both added and disagree about, the base has nothing.
                let members = conflicts.iter().filter_map(|one| one.rsplit_once('.'));
                kept.extend(members.map(|(member, _)| member.to_string()));
            }
            found.extend(faults(&base, &ours, &theirs, &merged, &kept));
            if merged.members != back.members || conflicts != again {
                found.push(format!("no mirror: {merged:?} {back:?}"));
            }
        }
    }
    report(&found, merges);
}
