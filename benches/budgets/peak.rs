//! How much memory a program takes, measured while it is held at its first line of output.

use std::io::{self, PipeWriter, Read, Write};
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// How often to look, and how many times the same must be seen: a search takes milliseconds.
const PAUSE: Duration = Duration::from_millis(20);
const SAME: usize = 15;

/// The most memory that was resident until a program began to print, in bytes.
///
/// The kernel forgets the peak (`VmHWM`) of a process that has ended. So its output is a pipe that is full already: at its
/// first line, with all its answers at hand, it waits, and can be looked at.
pub(crate) fn peak(mut command: Command) -> u64 {
    let (mut reader, writer) = io::pipe().expect("pipes can be made");
    fill(&writer).expect("pipes can be filled");
    let mut child = command.stdout(writer).spawn().expect("the program starts");
    // It keeps the other end open.
    drop(command);
    let mut seen = vec![resident(child.id())];
    while seen.len() < SAME {
        thread::sleep(PAUSE);
        let now = resident(child.id());
        if seen.last() != Some(&now) {
            seen.clear();
        }
        seen.push(now);
    }
    reader.read_to_end(&mut Vec::new()).expect("pipes can be read");
    let status = child.wait().expect("the program ends");
    assert!(status.success(), "{status}");
    seen[0].expect("the program waits until its output is read")
}

/// Writes until nothing more fits.
fn fill(mut writer: &PipeWriter) -> io::Result<()> {
    let flags = fcntl_getfl(writer)?;
    fcntl_setfl(writer, flags | OFlags::NONBLOCK)?;
    for size in [4096, 1] {
        while writer.write(&[0; 4096][..size]).is_ok() {}
    }
    Ok(fcntl_setfl(writer, flags)?)
}

/// The peak of a process that runs, in bytes.
fn resident(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}
