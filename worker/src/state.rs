//! The one checked configuration of this instance.

use clouddrop_core::{Config, UnixTime};
use std::cell::OnceCell;
use std::rc::Rc;

thread_local! {
    /// Set once, before the first request; a wasm instance has one thread.
    static CONFIG: OnceCell<Rc<Config>> = const { OnceCell::new() };
}

/// Checks and keeps the configuration. The error names every fault and no value of a secret.
pub(crate) fn configure(variables: &str) -> Result<(), String> {
    let config = Config::from_json(variables).map_err(|faults| faults.to_string())?;
    CONFIG.with(|cell| cell.set(Rc::new(config)).map_err(|_| "configured twice".into()))
}

/// Hands the configuration to `with`. `configure` runs before any request; without it nothing is decided.
pub(crate) fn with_config<T>(with: impl FnOnce(&Config) -> T) -> T {
    with(&config())
}

/// The configuration, to be held across a wait.
pub(crate) fn config() -> Rc<Config> {
    CONFIG.with(|cell| cell.get().cloned()).expect("entry.mjs configures before it hands over requests")
}

/// A time as JavaScript gives it.
pub(crate) fn time(millis: f64) -> UnixTime {
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    UnixTime::from_millis(millis as i64)
}
