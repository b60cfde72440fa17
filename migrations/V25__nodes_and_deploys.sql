-- What each node has done: which changes it has dealt with, which revision it has built and deployed,
-- and what a deploy was made of.

-- A change is done when every node that it affects has done it, so each node has a receipt of its own.
CREATE TABLE IF NOT EXISTS robbieblocks_trigger_receipts (
    trigger_id  UUID NOT NULL REFERENCES robbieblocks_change_triggers (id) ON DELETE CASCADE,
    node_id     TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'claimed' CHECK (state IN ('claimed', 'done', 'failed')),
    attempts    INTEGER NOT NULL DEFAULT 1,
    lease_until TIMESTAMPTZ,
    deploy_id   UUID,
    error       TEXT,
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (trigger_id, node_id)
);

CREATE TABLE IF NOT EXISTS robbieblocks_node_state (
    node_id      TEXT NOT NULL,
    app          TEXT NOT NULL,
    built_rev    TEXT,
    deployed_rev TEXT,
    pinned       TEXT,
    updated_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (node_id, app)
);

COMMENT ON COLUMN robbieblocks_node_state.pinned IS
    'the release that stays live whatever is built; NULL where none is pinned';

ALTER TABLE robbieblocks_deploys ADD COLUMN IF NOT EXISTS source_rev TEXT;
ALTER TABLE robbieblocks_deploys ADD COLUMN IF NOT EXISTS source_commit TEXT;
ALTER TABLE robbieblocks_deploys ADD COLUMN IF NOT EXISTS release TEXT;
ALTER TABLE robbieblocks_deploys ADD COLUMN IF NOT EXISTS target TEXT;
ALTER TABLE robbieblocks_deploys ADD COLUMN IF NOT EXISTS preview TEXT;

COMMENT ON COLUMN robbieblocks_deploys.build_hash IS
    'empty until the bundle is built, and where there was none';
COMMENT ON COLUMN robbieblocks_deploys.target IS
    'where it went; who deploys there next closes the records that a dead process left open';
COMMENT ON COLUMN robbieblocks_deploys.preview IS
    'the name under which it is shown apart from what is live; NULL for what was to be live';

-- Who claimed a change is asked for after it was to be done by then.
CREATE INDEX IF NOT EXISTS robbieblocks_trigger_receipts_open
ON robbieblocks_trigger_receipts (node_id, lease_until) WHERE (state <> 'done');

-- Marks changes as processed that every node has done which they affect and which is still there.
--
-- Two nodes that finish at the same time do not see each other's receipts. So each first writes to the
-- changes themselves, in one order: the second waits for the first, and then sees its receipts; or, in a
-- transaction that sees only what was there when it began, is told to try again.
CREATE OR REPLACE FUNCTION robbieblocks_settle(changes UUID[]) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM change.id
    FROM robbieblocks_change_triggers AS change
    WHERE change.id = ANY (changes) AND change.processed_at IS NULL
    ORDER BY change.id
    FOR NO KEY UPDATE;
    UPDATE robbieblocks_change_triggers
    SET processed_at = NULL
    WHERE id = ANY (changes) AND processed_at IS NULL;
    UPDATE robbieblocks_change_triggers AS change
    SET processed_at = now()
    WHERE change.id = ANY (changes)
      AND change.processed_at IS NULL
      AND NOT EXISTS (
          SELECT FROM robbieblocks_node_branding AS node
          WHERE (change.affected_nodes IS NULL OR node.node_id::TEXT = ANY (change.affected_nodes::TEXT[]))
            AND NOT EXISTS (
                SELECT FROM robbieblocks_trigger_receipts AS receipt
                WHERE receipt.trigger_id = change.id
                  AND receipt.node_id = node.node_id::TEXT
                  AND receipt.state = 'done'
            )
      );
END
$$;

CREATE OR REPLACE FUNCTION robbieblocks_settle_trigger() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    changes UUID[];
BEGIN
    SELECT array_agg(DISTINCT trigger_id) INTO changes FROM settled WHERE state = 'done';
    IF changes IS NOT NULL THEN
        PERFORM robbieblocks_settle(changes);
    END IF;
    RETURN NULL;
END
$$;

-- A node that was deleted, or has another id now, does nothing any more, and nobody waits for it.
CREATE OR REPLACE FUNCTION robbieblocks_settle_without_node() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    changes UUID[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        SELECT array_agg(id) INTO changes FROM robbieblocks_change_triggers WHERE processed_at IS NULL;
        PERFORM robbieblocks_settle(changes);
        RETURN NULL;
    END IF;
    SELECT array_agg(change.id) INTO changes
    FROM robbieblocks_change_triggers AS change
    WHERE change.processed_at IS NULL
      AND (change.affected_nodes IS NULL OR change.affected_nodes::TEXT[] && (
          SELECT array_agg(node_id::TEXT) FROM rows_before
      ));
    IF changes IS NOT NULL THEN
        PERFORM robbieblocks_settle(changes);
    END IF;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    own TEXT;
BEGIN
    FOREACH own IN ARRAY ARRAY[
        'robbieblocks_settle(uuid[])',
        'robbieblocks_settle_trigger()',
        'robbieblocks_settle_without_node()'
    ] LOOP
        PERFORM robbieblocks_pin(own::REGPROCEDURE);
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', own);
    END LOOP;
END
$$;

DROP TRIGGER IF EXISTS rbgen_settle_trigger ON robbieblocks_trigger_receipts;
DROP TRIGGER IF EXISTS rbgen_settle_insert ON robbieblocks_trigger_receipts;
CREATE TRIGGER rbgen_settle_insert AFTER INSERT ON robbieblocks_trigger_receipts
REFERENCING NEW TABLE AS settled
FOR EACH STATEMENT EXECUTE FUNCTION robbieblocks_settle_trigger();

DROP TRIGGER IF EXISTS rbgen_settle_update ON robbieblocks_trigger_receipts;
CREATE TRIGGER rbgen_settle_update AFTER UPDATE ON robbieblocks_trigger_receipts
REFERENCING NEW TABLE AS settled
FOR EACH STATEMENT EXECUTE FUNCTION robbieblocks_settle_trigger();

-- After those that queue the change, by their names.
DROP TRIGGER IF EXISTS rbgen_settle_delete ON robbieblocks_node_branding;
CREATE TRIGGER rbgen_settle_delete AFTER DELETE ON robbieblocks_node_branding
REFERENCING OLD TABLE AS rows_before
FOR EACH STATEMENT EXECUTE FUNCTION robbieblocks_settle_without_node();

DROP TRIGGER IF EXISTS rbgen_settle_update ON robbieblocks_node_branding;
CREATE TRIGGER rbgen_settle_update AFTER UPDATE ON robbieblocks_node_branding
REFERENCING OLD TABLE AS rows_before
FOR EACH STATEMENT EXECUTE FUNCTION robbieblocks_settle_without_node();

DROP TRIGGER IF EXISTS rbgen_settle_truncate ON robbieblocks_node_branding;
CREATE TRIGGER rbgen_settle_truncate AFTER TRUNCATE ON robbieblocks_node_branding
FOR EACH STATEMENT EXECUTE FUNCTION robbieblocks_settle_without_node();

INSERT INTO robbieblocks_migrations (version, name)
VALUES (25, 'nodes_and_deploys')
ON CONFLICT (version) DO NOTHING;
