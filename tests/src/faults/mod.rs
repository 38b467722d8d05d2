//! A proxy before the S3 server that injects faults: connections that break, heads that lie, bodies that stop.
//! It is a mock and no model of S3: its only purpose is to do, on demand and countably, what an origin or the
//! network to it may do. The real server's answer is behind each fault, so what a fault leaves alone is right.
//!
//! [`table`] says what may come of each fault, [`script`] draws faulted transfers by a seed, [`proxy`] injects
//! them by [`steps`] and [`lies`], and [`client`] judges what a client got.

pub mod answer;
pub mod client;
pub mod kind;
pub mod lies;
pub mod proxy;
pub mod script;
pub mod steps;
pub mod table;

pub use kind::{Fault, Hits, Kind, Phase};
