//! The command line as stories: `tests/stories/X.md` is a session, begun in the folder `X.in` and
//! compared with `X.out` at its end where there is one. `[..]` stands for what changes, such as times.
//!
//! `TRYCMD=overwrite cargo test --test suite stories` writes the answers anew.

#[test]
fn the_command_line_does_what_its_stories_tell() {
    trycmd::TestCases::new()
        .default_bin_path(env!("CARGO_BIN_EXE_rbgen"))
        .register_bin(
            "rbgen",
            trycmd::schema::Bin::Path(env!("CARGO_BIN_EXE_rbgen").into()),
        )
        .env("NO_COLOR", "1")
        .case("tests/stories/*.md");
}
