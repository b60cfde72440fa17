//! The binary: hands the process to the command line of the library.

fn main() -> std::process::ExitCode {
    rbgen::cli::main()
}
