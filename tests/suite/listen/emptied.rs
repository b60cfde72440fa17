//! emptied
