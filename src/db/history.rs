//! The history of a database: its sealed revisions, what each changed, and which of them are commits.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::copy::CopyText;
use super::{Failure, Session};
use crate::diag::code;
use crate::digest::Digest;
use crate::format::{Contents, EntityName};
use crate::model::EntityKind;

/// Which database it is. Two are the same where all of it is equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The id in `robbieblocks_lineage`, which a copy and a restored backup have as well.
    pub lineage: String,
    /// The identifier of the server's cluster and the number of the database in it, which they do not
    /// have; empty where the user may not see it.
    pub place: String,
}

/// The last revision of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub digest: Digest,
    /// Counts the revisions; there may be gaps.
    pub number: i64,
}

/// One sealed revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub digest: Digest,
    pub number: i64,
    pub parent: Option<Digest>,
    pub lineage: String,
    /// Who made the changes, as the database knows them; sorted.
    pub actors: Vec<String>,
    /// Microseconds since 1970 began.
    pub sealed_at: i64,
    /// The commit that was pushed; `None` where the database changed by itself.
    pub commit: Option<String>,
    /// What it changed against its parent; `None` was deleted.
    pub changes: BTreeMap<EntityName, Option<String>>,
}

impl Revision {
    /// The digest that a revision with this in it has.
    pub fn digest_of(&self) -> Digest {
        let mut hasher = crate::digest::Hasher::new("rbgen.revision.1");
        hasher
            .text(&self.lineage)
            .text(&self.parent.map(|parent| parent.hex()).unwrap_or_default())
            .text(self.commit.as_deref().unwrap_or_default())
            .bytes(&self.sealed_at.to_le_bytes())
            .number(self.actors.len() as u64);
        for actor in &self.actors {
            hasher.text(actor);
        }
        hasher.number(self.changes.len() as u64);
        for ((kind, key), content) in &self.changes {
            hasher.text(kind.as_str()).text(key);
            match content {
                Some(content) => hasher.digest(&Digest::of_bytes(content.as_bytes())),
                None => hasher.text(""),
            };
        }
        hasher.finish()
    }
}

/// Which database it is that a session is connected to.
pub fn identity(session: &mut Session) -> Result<Identity, Failure> {
    let rows = session.query(
        "SELECT id::text FROM robbieblocks_lineage ORDER BY created_at LIMIT 1",
        &[],
    )?;
    let lineage = rows.first().map(|row| row.get::<_, String>(0));
    let lineage = lineage.ok_or_else(|| {
        let message = "the database has no lineage: `robbieblocks_lineage` is empty";
        let failure = Failure::new(code::NOT_MIGRATED, message);
        session.blame(failure.hint("`rbgen migrate` gives it one"))
    })?;
    let may = session.query(
        "SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')",
        &[],
    )?;
    let place = match may.first().is_some_and(|row| row.get(0)) {
        true => session.query(
            "SELECT system_identifier::text || '/' || (SELECT oid::text FROM pg_catalog.pg_database \
               WHERE datname = current_database()) \
             FROM pg_catalog.pg_control_system()",
            &[],
        )?,
        false => Vec::new(),
    };
    let place = place.first().map(|row| row.get(0)).unwrap_or_default();
    Ok(Identity { lineage, place })
}

/// The last revision, if there is one.
pub fn head(session: &mut Session) -> Result<Option<Head>, Failure> {
    let rows = session.query(
        "SELECT digest, number FROM robbieblocks_revisions ORDER BY number DESC LIMIT 1",
        &[],
    )?;
    rows.first()
        .map(|row| {
            let digest = digest(session, row, 0)?;
            Ok(Head {
                digest,
                number: row.get(1),
            })
        })
        .transpose()
}

/// The number of a revision, if the database has it.
pub fn number_of(session: &mut Session, revision: Digest) -> Result<Option<i64>, Failure> {
    let rows = session.query(
        "SELECT number FROM robbieblocks_revisions WHERE digest = $1",
        &[(&revision.hex(), Type::TEXT)],
    )?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// The digests of the contents that entities have in the last revision; those that it has not are
/// missing. `None` asks for all.
pub fn sealed_digests(
    session: &mut Session,
    of: Option<&BTreeSet<EntityName>>,
) -> Result<BTreeMap<EntityName, Digest>, Failure> {
    let rows = match of {
        None => session.query(
            "SELECT kind, entity_key, digest FROM ( \
               SELECT DISTINCT ON (entity.kind, entity.entity_key) \
                 entity.kind, entity.entity_key, entity.digest \
               FROM robbieblocks_revision_entities AS entity \
               JOIN robbieblocks_revisions AS revision ON revision.digest = entity.revision \
               ORDER BY entity.kind, entity.entity_key, revision.number DESC) AS last \
             WHERE digest IS NOT NULL",
            &[],
        )?,
        Some(names) => {
            let (kinds, keys) = arrays(names);
            session.query(
                "SELECT wanted.kind, wanted.entity_key, last.digest \
                 FROM unnest($1, $2) AS wanted (kind, entity_key) \
                 CROSS JOIN LATERAL ( \
                   SELECT entity.digest \
                   FROM robbieblocks_revision_entities AS entity \
                   JOIN robbieblocks_revisions AS revision ON revision.digest = entity.revision \
                   WHERE entity.kind = wanted.kind AND entity.entity_key = wanted.entity_key \
                   ORDER BY revision.number DESC LIMIT 1) AS last \
                 WHERE last.digest IS NOT NULL",
                &[(&kinds, Type::TEXT_ARRAY), (&keys, Type::TEXT_ARRAY)],
            )?
        }
    };
    let mut digests = BTreeMap::new();
    for row in &rows {
        if let Some(name) = name(row, 0) {
            digests.insert(name, digest(session, row, 2)?);
        }
    }
    Ok(digests)
}

/// The contents that entities have in a revision; those that it has not are missing.
pub fn contents_at(session: &mut Session, number: i64) -> Result<Contents, Failure> {
    let rows = session.query(
        "SELECT kind, entity_key, content FROM ( \
           SELECT DISTINCT ON (entity.kind, entity.entity_key) \
             entity.kind, entity.entity_key, entity.content \
           FROM robbieblocks_revision_entities AS entity \
           JOIN robbieblocks_revisions AS revision ON revision.digest = entity.revision \
           WHERE revision.number <= $1 \
           ORDER BY entity.kind, entity.entity_key, revision.number DESC) AS last \
         WHERE content IS NOT NULL",
        &[(&number, Type::INT8)],
    )?;
    let found = rows
        .iter()
        .filter_map(|row| Some((name(row, 0)?, row.get(2))));
    Ok(found.collect())
}

/// The revisions after one, in their order, with all that they changed. Fails where one does not have
/// the digest that it says.
pub fn revisions_after(session: &mut Session, number: i64) -> Result<Vec<Revision>, Failure> {
    let rows = session.query(
        "SELECT digest, number, parent, lineage::text, actors, \
           (extract(epoch FROM sealed_at) * 1000000)::bigint, \
           (SELECT commit FROM robbieblocks_sync_edges AS edge \
            WHERE edge.revision = revision.digest AND direction = 'push' ORDER BY id LIMIT 1) \
         FROM robbieblocks_revisions AS revision WHERE number > $1 ORDER BY number",
        &[(&number, Type::INT8)],
    )?;
    let mut revisions = Vec::with_capacity(rows.len());
    for row in &rows {
        let parent: Option<String> = row.get(2);
        let parent = parent
            .as_deref()
            .map(|parent| Digest::from_hex(parent).ok_or_else(|| altered(session, parent)));
        revisions.push(Revision {
            digest: digest(session, row, 0)?,
            number: row.get(1),
            parent: parent.transpose()?,
            lineage: row.get(3),
            actors: row.get(4),
            sealed_at: row.get(5),
            commit: row.get(6),
            changes: BTreeMap::new(),
        });
    }
    let places: BTreeMap<Digest, usize> = revisions
        .iter()
        .enumerate()
        .map(|(index, revision)| (revision.digest, index))
        .collect();
    let rows = session.query(
        "SELECT entity.kind, entity.entity_key, entity.content, entity.revision \
         FROM robbieblocks_revision_entities AS entity \
         JOIN robbieblocks_revisions AS revision ON revision.digest = entity.revision \
         WHERE revision.number > $1",
        &[(&number, Type::INT8)],
    )?;
    for row in &rows {
        let place = places.get(&digest(session, row, 3)?);
        if let (Some(place), Some(name)) = (place, name(row, 0)) {
            revisions[*place].changes.insert(name, row.get(2));
        }
    }
    for revision in &revisions {
        if revision.digest_of() != revision.digest {
            return Err(altered(session, &revision.digest.hex()));
        }
    }
    Ok(revisions)
}

/// The time of the transaction, in microseconds since 1970 began.
pub fn transaction_time(session: &mut Session) -> Result<i64, Failure> {
    let rows = session.query("SELECT (extract(epoch FROM now()) * 1000000)::bigint", &[])?;
    Ok(rows.first().map(|row| row.get(0)).unwrap_or_default())
}

/// The user that the database sees.
pub fn session_user(session: &mut Session) -> Result<String, Failure> {
    let rows = session.query("SELECT session_user::text", &[])?;
    Ok(rows.first().map(|row| row.get(0)).unwrap_or_default())
}

/// Adds a revision to the history, with its edge where it is a commit. It must run in a writing
/// transaction. Where somebody else added one to the same parent, it fails as busy.
pub fn add_revision(session: &mut Session, revision: &Revision) -> Result<(), Failure> {
    let added = session.execute(
        "INSERT INTO robbieblocks_revisions (digest, parent, lineage, actors, sealed_at, snapshot) \
         SELECT $1, $2, $3::text::uuid, $4, now(), pg_current_snapshot()::text \
         ON CONFLICT DO NOTHING",
        &[
            (&revision.digest.hex(), Type::TEXT),
            (&revision.parent.map(|parent| parent.hex()), Type::TEXT),
            (&revision.lineage, Type::TEXT),
            (&revision.actors, Type::TEXT_ARRAY),
        ],
    )?;
    if added != 1 {
        let failure = Failure::new(
            code::DATABASE_BUSY,
            "somebody else added to the history of the database at the same time",
        );
        return Err(session.blame(failure.hint("try again")));
    }
    let digest = revision.digest.hex();
    let mut rows = CopyText::default();
    for ((kind, key), content) in &revision.changes {
        let content_digest = content
            .as_ref()
            .map(|content| Digest::of_bytes(content.as_bytes()).hex());
        rows.text(Some(&digest))
            .text(Some(kind.as_str()))
            .text(Some(key))
            .text(content_digest.as_deref())
            .text(content.as_deref())
            .end();
    }
    session.copy_in(
        "COPY robbieblocks_revision_entities (revision, kind, entity_key, digest, content) \
         FROM STDIN",
        rows.finish(),
    )?;
    if let Some(commit) = &revision.commit {
        add_edge(session, &revision.lineage, revision.digest, commit, "push")?;
    }
    Ok(())
}

/// Notes that a revision is a commit, once.
pub fn add_edge(
    session: &mut Session,
    lineage: &str,
    revision: Digest,
    commit: &str,
    direction: &str,
) -> Result<(), Failure> {
    session.execute(
        "INSERT INTO robbieblocks_sync_edges (lineage, revision, commit, direction) \
         SELECT $1::text::uuid, $2, $3, $4 WHERE NOT EXISTS ( \
           SELECT FROM robbieblocks_sync_edges \
           WHERE revision = $2 AND commit = $3 AND direction = $4)",
        &[
            (&lineage, Type::TEXT),
            (&revision.hex(), Type::TEXT),
            (&commit, Type::TEXT),
            (&direction, Type::TEXT),
        ],
    )?;
    Ok(())
}

/// How many entities of each kind the last revision has.
pub fn sealed_counts(session: &mut Session) -> Result<BTreeMap<EntityKind, usize>, Failure> {
    let mut counts = BTreeMap::new();
    for (kind, _) in sealed_digests(session, None)?.into_keys() {
        *counts.entry(kind).or_default() += 1;
    }
    Ok(counts)
}

/// Kinds and keys as two arrays, for `unnest`.
pub(super) fn arrays(names: &BTreeSet<EntityName>) -> (Vec<&'static str>, Vec<&str>) {
    names
        .iter()
        .map(|(kind, key)| (kind.as_str(), key.as_str()))
        .unzip()
}

/// The name in two columns, from `column` on; `None` where it is of no kind.
pub(super) fn name(row: &Row, column: usize) -> Option<EntityName> {
    let kind: String = row.try_get(column).ok()?;
    Some((EntityKind::parse(&kind)?, row.try_get(column + 1).ok()?))
}

fn digest(session: &Session, row: &Row, column: usize) -> Result<Digest, Failure> {
    let text: String = row.try_get(column).unwrap_or_default();
    Digest::from_hex(&text).ok_or_else(|| altered(session, &text))
}

fn altered(session: &Session, digest: &str) -> Failure {
    let start: String = digest.escape_debug().take(12).collect();
    let message = format!("the revision `{start}` in the database does not hold what it says");
    session.blame(Failure::new(code::HISTORY_ALTERED, message))
}
