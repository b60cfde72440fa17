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
/// size, without another time: clocks of file systems tick, and the coarsest in use tick every two
/// seconds (FAT). In nanoseconds.
const TICK: i64 = 2_000_000_000;

impl FileStat {
    /// Whether what was read of the file at some time, or later, is what it has, as long as it tells
    /// the same; git calls files of which this is not known *racily clean*.
    pub fn is_certain(&self, looked_at: i64) -> bool {
        self.modified < looked_at.saturating_sub(TICK)
            && self.changed < looked_at.saturating_sub(TICK)
    }
}
