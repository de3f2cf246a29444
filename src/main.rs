//! The `shiftlog` program: parse, run, exit code.

mod cli;

// Texts cross threads on an import; the allocator of the C library locks for each of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
