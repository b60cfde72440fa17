//! The promises that hold after every fault, and how they are awaited.

use super::follower::{Follower, until};
use super::world::{Bundles, World};

/// What is still to be done: changes without an end, records that are open.
const WAITING: &str = "SELECT concat_ws(', ',
    (SELECT nullif(count(*), 0) || ' changes are not processed' FROM robbieblocks_change_triggers
     WHERE processed_at IS NULL),
    (SELECT string_agg(concat_ws(' ', node_id, app_namespace, 'is', deploy_status, 'since', started_at, target), ', ')
     FROM robbieblocks_deploys WHERE deploy_status IN ('pending', 'building', 'deploying')))";

/// Changes that a node has not dealt with which was there when they were made, and receipts whose deploy is
/// not one of that node that succeeded.
const WRONG: &str = "SELECT concat_ws(E'\\n',
    (SELECT string_agg(concat_ws(' ', change.trigger_type, change.entity_id, node.node_id, receipt.state), E'\\n')
     FROM robbieblocks_change_triggers AS change
     JOIN robbieblocks_node_branding AS node
       ON node.created_at <= change.created_at
      AND (change.affected_nodes IS NULL OR node.node_id = ANY (change.affected_nodes))
     LEFT JOIN robbieblocks_trigger_receipts AS receipt
       ON receipt.trigger_id = change.id AND receipt.node_id = node.node_id
     WHERE receipt.state IS DISTINCT FROM 'done'),
    (SELECT string_agg('no such deploy: ' || receipt.deploy_id || ' of ' || receipt.node_id, E'\\n')
     FROM robbieblocks_trigger_receipts AS receipt
     WHERE receipt.deploy_id IS NOT NULL AND NOT EXISTS (
       SELECT FROM robbieblocks_deploys AS deploy
       WHERE deploy.id = receipt.deploy_id AND deploy.node_id = receipt.node_id
         AND deploy.deploy_status = 'success' AND deploy.completed_at IS NOT NULL)))";

impl World {
    /// Waits until nothing is left to do, and holds what is live against a clean build.
    #[track_caller]
    pub fn promises(&self, follower: &Follower) {
        self.accounted(follower);
        self.shows(&self.clean());
    }

    /// Waits until nothing is left to do; then each change is accounted for.
    #[track_caller]
    pub fn accounted(&self, follower: &Follower) {
        let waits = || match self.ask(WAITING)? {
            none if none.is_empty() => Ok(()),
            waiting => Err(format!("{waiting}\n{}", follower.told())),
        };
        until("nothing is left to do", waits);
        assert_eq!(self.sql(WRONG), "", "\n{}", follower.told());
    }

    /// Fails where something else is live.
    #[track_caller]
    pub fn shows(&self, expected: &Bundles) {
        let wrong = self.wrong(expected);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Waits until a file is live with a text in it, or without it.
    #[track_caller]
    pub fn until_live(
        &self,
        follower: &Follower,
        (bundle, path): (&str, &str),
        words: &str,
        there: bool,
    ) {
        let (node, app) = bundle.split_once('/').unwrap();
        until(path, || {
            let file = self.live_file(node, app, path).unwrap_or_default();
            match file.contains(words) == there {
                true => Ok(()),
                false => Err(format!(
                    "`{words}` is there: {}\n{}",
                    !there,
                    follower.told()
                )),
            }
        });
    }
}
