//! What a file system tells of a file without reading it.

/// Enough of a file's inode to notice that the file was changed or replaced (as git's index does).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStat {
    /// When its content changed, in nanoseconds since 1970.
    pub modified: i64,
    /// When its inode changed, in nanoseconds since 1970.
    pub changed: i64,
    /// In bytes.
    pub size: u64,
    pub inode: u64,
}

/// A file that was changed so shortly before it was looked at may have changed once more, at the same
/// size, without another time: clocks of file systems tick. In nanoseconds.
const TICK: i64 = 20_000_000;

/// The same where times are whole seconds: the coarsest clock in use ticks every two (FAT).
const COARSE_TICK: i64 = 2_000_000_000;

impl FileStat {
    /// Whether what was read of the file at some time, or later, is what it has, as long as it tells
    /// the same; git calls files of which this is not known *racily clean*.
    pub fn is_certain(&self, looked_at: i64) -> bool {
        let tick = match self.modified % 1_000_000_000 {
            0 => COARSE_TICK,
            _ => TICK,
        };
        let past = looked_at.saturating_sub(tick);
        self.modified < past && self.changed < past
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_young_is_not_certain() {
        const SECOND: i64 = 1_000_000_000;
        let stat = |modified: i64| FileStat {
            modified,
            changed: modified,
            ..FileStat::default()
        };
        let looked_at = 100 * SECOND;
        assert!(stat(looked_at - 30_000_001).is_certain(looked_at));
        assert!(!stat(looked_at - 10_000_001).is_certain(looked_at));
        assert!(
            !stat(looked_at + SECOND + 1).is_certain(looked_at),
            "a clock set back"
        );
        assert!(!stat(99 * SECOND).is_certain(looked_at), "whole seconds");
        assert!(stat(97 * SECOND).is_certain(looked_at));
        let touched = FileStat {
            changed: looked_at,
            ..stat(SECOND)
        };
        assert!(!touched.is_certain(looked_at));
    }
}
