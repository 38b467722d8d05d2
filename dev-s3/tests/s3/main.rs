//! The real server, in process or as a program, over HTTP, with signatures made by AWS's own signer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod support;

mod authentication;
mod browsers;
mod checksums;
mod conditional_writes;
mod keys;
mod lists;
mod multipart;
mod permissions;
mod program;
mod reads;
mod uploads;
