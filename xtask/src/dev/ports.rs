//! The two ports of the edge: one for the page and the API, the next one for files.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, bail};

/// How many pairs are tried when any will do.
const TRIES: usize = 64;
/// Where ports are chosen from: below the ranges from which systems take the ports of outgoing connections.
const CHOICE: std::ops::Range<u16> = 10_240..32_000;

/// Two adjacent ports, taken until this value is dropped.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) page: u16,
    _listeners: [TcpListener; 2],
}

impl Pair {
    /// The port of the files' host.
    pub(crate) const fn files(&self) -> u16 {
        self.page + 1
    }

    /// Takes `page` and the port after it; any two for 0.
    ///
    /// # Errors
    /// A port that is taken, by name.
    pub(crate) fn take(page: u16) -> anyhow::Result<Self> {
        if page == 0 {
            return Self::take_any();
        }
        let files = page.checked_add(1).context("--port must be at most 65534: the port after it is needed too")?;
        let held = |port| {
            listen(port).map_err(|error| match error.kind() {
                io::ErrorKind::AddrInUse => anyhow::anyhow!(
                    "port {port} is in use; ports {page} and {files} are needed: end what uses it, or choose others \
                     with --port (--port 0 takes any)"
                ),
                _ => anyhow::anyhow!("port {port} cannot be used: {error}; choose another with --port"),
            })
        };
        Ok(Self { page, _listeners: [held(page)?, held(files)?] })
    }

    fn take_any() -> anyhow::Result<Self> {
        for _ in 0..TRIES {
            let mut bytes = [0; 2];
            getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
            let page = CHOICE.start + u16::from_be_bytes(bytes) % (CHOICE.end - CHOICE.start);
            if let (Ok(first), Ok(second)) = (listen(page), listen(page + 1)) {
                return Ok(Self { page, _listeners: [first, second] });
            }
        }
        bail!("no two adjacent free ports were found")
    }
}

/// `port` if it is free on loopback, else 0: any.
pub(crate) fn free_or_any(port: u16) -> u16 {
    listen(port).map_or(0, |_| port)
}

fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn any_pair_is_adjacent_and_taken() {
        let pair = Pair::take(0).unwrap();
        assert!(CHOICE.contains(&pair.page));
        assert!(listen(pair.page).is_err() && listen(pair.files()).is_err());
    }

    #[test]
    fn a_busy_port_is_named() {
        let taken = Pair::take(0).unwrap();
        let message = |page| Pair::take(page).unwrap_err().to_string();
        assert!(message(taken.page).starts_with(&format!("port {} is in use;", taken.page)));
        // The pair before: its second port is the first of the taken one.
        if listen(taken.page - 1).is_ok() {
            assert!(message(taken.page - 1).starts_with(&format!("port {} is in use;", taken.page)));
        }
        assert!(message(u16::MAX).contains("65534"));
    }

    #[test]
    fn a_port_in_use_is_not_asked_for() {
        let taken = Pair::take(0).unwrap();
        assert_eq!(free_or_any(taken.page), 0);
        // Not the one just freed: a child that another test starts holds it for a moment.
        assert!(CHOICE.step_by(97).any(|port| free_or_any(port) == port));
    }
}
