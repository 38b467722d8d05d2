//! What the tests share: where things lie, and the node that comes with the tools.

pub mod faults;
pub mod files;
pub mod node;
pub mod secrets_manager;
pub mod stack;
pub mod web;
