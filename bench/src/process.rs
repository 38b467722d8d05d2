//! CPU and memory of a process, from `/proc` (proc_pid_stat(5), proc_pid_status(5)).

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::workerd::Workerd;

/// USER_HZ, the unit of CPU times in `/proc`: 100 on every Linux platform workerd is built for.
const TICKS_PER_SECOND: u64 = 100;

/// User and system time so far, of all threads; in steps of 10 ms.
fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let text = read(pid, "stat")?;
    let ticks = cpu_ticks(&text).context("the format of /proc/PID/stat")?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// User and system time so far of every process of the machine, and what its host took away; summed over the cores.
fn machine_cpu() -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string("/proc/stat").context("reading /proc/stat")?;
    let ticks = busy_ticks(&text).context("the format of /proc/stat")?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// CPU seconds so far, by who used them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu {
    /// The workerd process.
    pub(crate) worker: f64,
    /// This process: origin and load generator.
    pub(crate) harness: f64,
    /// Everything on the machine, these two included.
    pub(crate) machine: f64,
}

impl Cpu {
    pub(crate) fn now(worker: &Workerd) -> anyhow::Result<Self> {
        Ok(Self {
            worker: cpu(worker.pid())?.as_secs_f64(),
            harness: cpu(std::process::id())?.as_secs_f64(),
            machine: machine_cpu()?.as_secs_f64(),
        })
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            worker: self.worker - before.worker,
            harness: self.harness - before.harness,
            machine: self.machine - before.machine,
        }
    }

    /// What neither the worker nor the harness used.
    pub(crate) fn others(self) -> f64 {
        (self.machine - self.worker - self.harness).max(0.0)
    }
}

/// Resident memory in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    /// The most since the start or since [`forget_peak`].
    pub(crate) peak: u64,
}

pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let text = read(pid, "status")?;
    let field = |name| status_bytes(&text, name).with_context(|| format!("{name} in /proc/PID/status"));
    Ok(Memory { now: field("VmRSS:")?, peak: field("VmHWM:")? })
}

/// Sets the peak to what is resident now: a process's start must not hide what a request adds.
pub(crate) fn forget_peak(pid: u32) -> anyhow::Result<()> {
    std::fs::write(Path::new("/proc").join(pid.to_string()).join("clear_refs"), "5").context("resetting VmHWM")
}

fn read(pid: u32, file: &str) -> anyhow::Result<String> {
    let path = Path::new("/proc").join(pid.to_string()).join(file);
    std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

fn cpu_ticks(stat: &str) -> Option<u64> {
    // The command's name (field 2) may hold blanks and brackets: count from behind its end. Fields 14 and 15 are wanted.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// All but idle and iowait: user, nice, system, irq, softirq, steal.
fn busy_ticks(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = fields.as_slice() else {
        return None;
    };
    Some(user + nice + system + irq + softirq + steal)
}

fn status_bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_brackets_does_not_shift_the_fields() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 100 0 0 0 42 8 0 0 20 0 1 0 100 1000 10";
        assert_eq!(cpu_ticks(stat), Some(50));
    }

    #[test]
    fn waiting_is_not_busy() {
        assert_eq!(busy_ticks("cpu  1 2 4 1000 1000 8 16 32 0 0\ncpu0 9 9 9 9 9 9 9 9 0 0\n"), Some(63));
        assert_eq!(busy_ticks("intr 5\n"), None);
    }

    #[test]
    fn status_is_in_kibibytes() {
        assert_eq!(status_bytes("VmPeak:\t 9 kB\nVmHWM:\t     12 kB\n", "VmHWM:"), Some(12 * 1024));
        assert_eq!(status_bytes("VmHWM:\t12\n", "VmHWM:"), None);
    }
}
