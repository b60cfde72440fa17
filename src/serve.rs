//! Serves a built site over HTTP as a host would: for a last look before it is deployed, and for `watch`.
