//! The one checked configuration of this instance, and the platform that it runs on.

use clouddrop_core::retry::Health;
use clouddrop_core::{Config, UnixTime};
use std::cell::{Cell, RefCell};

/// The headers in which a platform itself speaks: it overwrites what a client sends in them. Names are in lower case.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// Holds the client's address.
    pub address_header: &'static str,
    /// Holds the platform's own name for the request.
    pub id_header: &'static str,
    /// Holds the client's country.
    pub country_header: &'static str,
}

/// Nobody's word is taken before [`run_on`] has said whose.
const NOWHERE: Platform = Platform { address_header: "", id_header: "", country_header: "" };

thread_local! {
    static PLATFORM: Cell<Platform> = const { Cell::new(NOWHERE) };
    /// Set once, before the first request; a wasm instance has one thread.
    static CONFIG: RefCell<Option<Config>> = const { RefCell::new(None) };
    /// How the origins have done lately, as this instance has seen it.
    static HEALTH: RefCell<Health> = RefCell::default();
}

/// Says where this instance runs. Called once, when the module starts.
pub fn run_on(platform: Platform) {
    PLATFORM.set(platform);
}

pub(crate) fn platform() -> Platform {
    PLATFORM.get()
}

/// Checks and keeps the configuration. The error names every fault and no value of a secret.
pub(crate) fn configure(variables: &str) -> Result<(), String> {
    let config = Config::from_json(variables).map_err(|faults| faults.to_string())?;
    CONFIG.set(Some(config));
    Ok(())
}

/// Hands configuration and state to `with`. `configure` runs before any request; without it nothing is decided.
pub fn with<T>(with: impl FnOnce(&Config, &mut Health) -> T) -> T {
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
pub fn time(millis: f64) -> UnixTime {
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    UnixTime::from_millis(millis as i64)
}

/// Text crosses as UTF-8 that the platform's own encoder wrote: wasm-bindgen's way of taking a string over,
/// character by character in JavaScript, cost more than the decision. What is not UTF-8 is no text of ours, and
/// the empty text is malformed to all readers.
pub fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}
