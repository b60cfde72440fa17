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

-- Two nodes that finish at the same time do not see each other's receipts. So each first writes to
-- the change itself: the second waits for the first, and then sees its receipt; or, in a transaction
-- that sees only what was there when it began, is told to try again.
CREATE OR REPLACE FUNCTION robbieblocks_settle_trigger() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE robbieblocks_change_triggers
    SET processed_at = NULL
    WHERE id = NEW.trigger_id AND processed_at IS NULL;
    UPDATE robbieblocks_change_triggers AS change
    SET processed_at = now()
    WHERE change.id = NEW.trigger_id
      AND change.processed_at IS NULL
      AND NOT EXISTS (
          SELECT FROM unnest(coalesce(
              change.affected_nodes::TEXT[],
              (SELECT array_agg(node_id::TEXT) FROM robbieblocks_node_branding)
          )) AS affected (node_id)
          WHERE NOT EXISTS (
              SELECT FROM robbieblocks_trigger_receipts AS receipt
              WHERE receipt.trigger_id = change.id
                AND receipt.node_id = affected.node_id
                AND receipt.state = 'done'
          )
      );
    RETURN NULL;
END
$$;

DO $$
BEGIN
    PERFORM robbieblocks_pin('robbieblocks_settle_trigger()'::REGPROCEDURE);
    REVOKE EXECUTE ON FUNCTION robbieblocks_settle_trigger() FROM PUBLIC;
END
$$;

DROP TRIGGER IF EXISTS rbgen_settle_trigger ON robbieblocks_trigger_receipts;
CREATE TRIGGER rbgen_settle_trigger AFTER INSERT OR UPDATE ON robbieblocks_trigger_receipts
FOR EACH ROW WHEN (NEW.state::TEXT = 'done') EXECUTE FUNCTION robbieblocks_settle_trigger();

INSERT INTO robbieblocks_migrations (version, name)
VALUES (25, 'nodes_and_deploys')
ON CONFLICT (version) DO NOTHING;
