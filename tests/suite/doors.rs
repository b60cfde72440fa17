//! Random documents through both doors: into rows and out of them, and from there into files and back,
//! without a difference. `RBGEN_DOOR_CASES=N RBGEN_DOOR_SEED=S` asks for more, or for others.

use rbgen::db::{
    Access, Address, BlockOrders, Failure, Session, Writes, block_orders, documents_of_rows,
    lock_content, read_content, read_rows, write_documents,
};
use rbgen::format::{print_documents, sample};
use rbgen::model::Documents;

use crate::harness::number;
use crate::postgres::{Database, SERVER};

/// Everything that documents say, sorted by key, without where they came from.
fn sorted(documents: &Documents) -> Documents {
    let mut sorted = documents.clone();
    let origin = || std::sync::Arc::from("");
    sorted
        .pages
        .iter_mut()
        .for_each(|page| page.origin = origin());
    sorted
        .components
        .iter_mut()
        .for_each(|component| component.origin = origin());
    sorted
        .tokens
        .iter_mut()
        .for_each(|token| token.origin = origin());
    sorted
        .nodes
        .iter_mut()
        .for_each(|node| node.origin = origin());
    sorted.pages.sort_by(|a, b| a.key.cmp(&b.key));
    sorted.components.sort_by(|a, b| a.key.cmp(&b.key));
    sorted.tokens.sort_by(|a, b| a.key.cmp(&b.key));
    sorted.nodes.sort_by(|a, b| a.id.cmp(&b.id));
    sorted
}

fn writes(documents: &Documents) -> Writes<'_> {
    Writes {
        pages: documents.pages.iter().collect(),
        components: documents.components.iter().collect(),
        tokens: documents.tokens.iter().collect(),
        nodes: documents.nodes.iter().collect(),
        ..Writes::default()
    }
}

/// NaN is not equal to itself, and what is printed of it is.
#[track_caller]
fn assert_equal(left: &Documents, right: &Documents, what: &str) {
    let (left, right) = (sorted(left), sorted(right));
    let same = left.pages.len() == right.pages.len()
        && left.components.len() == right.components.len()
        && left.tokens == right.tokens
        && left.nodes == right.nodes
        && left.pages.iter().zip(&right.pages).all(|(a, b)| a.same(b))
        && left
            .components
            .iter()
            .zip(&right.components)
            .all(|(a, b)| a.same(b));
    assert!(same, "{what}:\n{left:#?}\nagainst\n{right:#?}");
}

fn write(session: &mut Session, documents: &Documents) {
    let written = session.transaction(Access::Write, |session| {
        lock_content(session)?;
        let orders: BlockOrders = block_orders(&read_rows(session)?);
        write_documents(session, &writes(documents), &orders)?;
        Ok::<(), Failure>(())
    });
    written.unwrap();
}

/// The physical version of every row: it changes with every write, equal or not.
fn versions(session: &mut Session) -> Vec<(String, String)> {
    let tables = [
        "pages",
        "components",
        "page_blocks",
        "style_tokens",
        "node_branding",
    ];
    let select = tables.map(|table| {
        format!("SELECT '{table} ' || ctid::text, xmin::text FROM robbieblocks_{table}")
    });
    let query = format!("{} ORDER BY 1", select.join(" UNION ALL "));
    let rows = session.query(&query, &[]).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
fn documents_pass_through_both_doors() {
    let database: Database<'_> = SERVER.migrated();
    let mut session = Session::open(&Address::parse(&database.url()).unwrap()).unwrap();
    let cases = number("RBGEN_DOOR_CASES", 3000);
    let first = number("RBGEN_DOOR_SEED", 1);
    let (mut passed, mut seed) = (0, first);
    while passed < cases {
        session
            .run(
                "TRUNCATE robbieblocks_pages, robbieblocks_components, robbieblocks_page_blocks, \
                 robbieblocks_style_tokens, robbieblocks_node_branding",
            )
            .unwrap();
        let documents = sample::documents(seed);
        write(&mut session, &documents);
        let content = read_content(&mut session).unwrap();
        let found: Vec<_> = content.diagnostics.iter().collect();
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
        assert_equal(
            &documents,
            &content.documents,
            &format!("seed {seed}, rows"),
        );

        let before = versions(&mut session);
        write(&mut session, &content.documents);
        assert!(
            before == versions(&mut session),
            "seed {seed}: equal rows were written"
        );

        let (printed, found) =
            print_documents(&content.documents, &Default::default(), &Default::default());
        assert!(!found.has_errors(), "seed {seed}: {found:#?}");
        let (files, found) = rbgen::format::documents_of(&printed.texts);
        assert!(!found.has_errors(), "seed {seed}: {found:#?}");
        assert_equal(&documents, &files, &format!("seed {seed}, files"));

        // Edited, over the rows that are there: reordered blocks, new and missing ones.
        let edited = sample::edited(&documents, seed);
        write(&mut session, &edited);
        let rows = session.transaction(Access::Read, read_rows).unwrap();
        let mut there = documents_of_rows(rows).documents;
        let kept = |key: &String, keys: Vec<&String>| keys.contains(&key);
        there
            .pages
            .retain(|page| kept(&page.key, edited.pages.iter().map(|p| &p.key).collect()));
        there.components.retain(|part| {
            kept(
                &part.key,
                edited.components.iter().map(|c| &c.key).collect(),
            )
        });
        there
            .tokens
            .retain(|token| kept(&token.key, edited.tokens.iter().map(|t| &t.key).collect()));
        there
            .nodes
            .retain(|node| kept(&node.id, edited.nodes.iter().map(|n| &n.id).collect()));
        assert_equal(&edited, &there, &format!("seed {seed}, edited"));
        passed += (documents.pages.len()
            + documents.components.len()
            + documents.tokens.len()
            + documents.nodes.len()) as u64;
        seed += 1;
    }
}
