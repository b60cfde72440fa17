//! The steps of a sequence, each with numbers of its own, so that one can be left out and the others
//! mean the same.

pub use rbgen::format::sample::Dice;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Files,
    Comment,
    MoveFile,
    Rows,
    RowsUnlogged,
    RowsReplica,
    RowsBack,
    Truncate,
    SlowBegin,
    SlowEnd,
    Fetch,
    Merge,
    Push,
    DryRun,
    Sync,
    ResetBack,
    Amend,
    FreshClone,
    Forget,
    Restore,
    Rewind,
    PruneLog,
    CrashFetch,
    CrashPush,
    KilledFetch,
    KilledPush,
    LostAnswer,
    RacePush,
    RaceRows,
    RaceFetch,
    Exchange,
    Rebuild,
    GitFetch,
    GitPush,
}

/// How often each happens.
const WEIGHTS: &[(Kind, usize)] = &[
    (Kind::Files, 150),
    (Kind::Comment, 15),
    (Kind::MoveFile, 15),
    (Kind::Rows, 150),
    (Kind::RowsUnlogged, 25),
    (Kind::RowsReplica, 20),
    (Kind::RowsBack, 15),
    (Kind::Truncate, 5),
    (Kind::SlowBegin, 25),
    (Kind::SlowEnd, 20),
    (Kind::Fetch, 100),
    (Kind::Merge, 110),
    (Kind::Push, 130),
    (Kind::DryRun, 20),
    (Kind::Sync, 60),
    (Kind::ResetBack, 12),
    (Kind::Amend, 12),
    (Kind::FreshClone, 5),
    (Kind::Forget, 10),
    (Kind::Restore, 2),
    (Kind::Rewind, 2),
    (Kind::PruneLog, 10),
    (Kind::CrashFetch, 25),
    (Kind::CrashPush, 30),
    (Kind::KilledFetch, 8),
    (Kind::KilledPush, 12),
    (Kind::LostAnswer, 8),
    (Kind::RacePush, 20),
    (Kind::RaceRows, 20),
    (Kind::RaceFetch, 12),
    (Kind::Exchange, 30),
    (Kind::Rebuild, 2),
    (Kind::GitFetch, 5),
    (Kind::GitPush, 5),
];

/// One step: what, by which clone, in which database.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub kind: Kind,
    pub clone: usize,
    pub base: usize,
    pub seed: u64,
}

/// The steps of a sequence.
#[derive(Clone, Debug)]
pub struct Sequence {
    pub clones: usize,
    pub bases: usize,
    /// Whether content is merged by fields, and not by lines.
    pub driver: bool,
    pub steps: Vec<Step>,
}

/// The sequence of that number: the same in every run with one seed.
pub fn sequence(seed: u64, number: u64, length: usize) -> Sequence {
    let dice = &mut Dice::new(seed.wrapping_mul(0x1_0000_0001) ^ (number << 20));
    let total: usize = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let clones = 2 + dice.below(2);
    let bases = 1 + usize::from(dice.one_in(4));
    let driver = !dice.one_in(4);
    let steps = (0..length).map(|_| {
        let mut at = dice.below(total);
        let kind = WEIGHTS.iter().find(|(_, weight)| match at < *weight {
            true => true,
            false => {
                at -= weight;
                false
            }
        });
        Step {
            kind: kind.unwrap().0,
            clone: dice.below(clones),
            base: dice.below(bases),
            seed: dice.roll(),
        }
    });
    Sequence {
        clones,
        bases,
        driver,
        steps: steps.collect(),
    }
}
