//! The one checked configuration of this instance.

use clouddrop_core::retry::Health;
use clouddrop_core::{Config, UnixTime};
use std::cell::RefCell;

thread_local! {
    /// Set once, before the first request; a wasm instance has one thread.
    static CONFIG: RefCell<Option<Config>> = const { RefCell::new(None) };
    /// How the origins have done lately, as this instance has seen it.
    static HEALTH: RefCell<Health> = RefCell::default();
}

/// Checks and keeps the configuration. The error names every fault and no value of a secret.
pub(crate) fn configure(variables: &str) -> Result<(), String> {
    let config = Config::from_json(variables).map_err(|faults| faults.to_string())?;
    CONFIG.set(Some(config));
    Ok(())
}

/// Hands configuration and state to `with`. `configure` runs before any request; without it nothing is decided.
pub(crate) fn with<T>(with: impl FnOnce(&Config, &mut Health) -> T) -> T {
    HEALTH.with_borrow_mut(|health| CONFIG.with_borrow(|config| with(config.as_ref().expect(CONFIGURED), health)))
}

/// Hands the configuration to `with` for the part of it that is renewed.
pub(crate) fn with_config_mut<T>(with: impl FnOnce(&mut Config) -> T) -> T {
    CONFIG.with_borrow_mut(|config| with(config.as_mut().expect(CONFIGURED)))
}

const CONFIGURED: &str = "rules.mjs configures before anything else is called";

/// A number as JavaScript gives it.
pub(crate) fn number(number: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
    {
        number as u32
    }
}

/// A time, or a span of it, as JavaScript gives it.
pub(crate) fn time(millis: f64) -> UnixTime {
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    UnixTime::from_millis(millis as i64)
}
