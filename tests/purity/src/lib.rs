//! Calls the rules from their border, so that none of them is left out of the module as dead code. What it is called
//! with means nothing: the module is looked at, not run.

use clouddrop_core::border::{Question, header_sets};
use clouddrop_core::{Config, Raw, UnixTime};
use std::cell::RefCell;

thread_local! {
    static TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Takes one byte of the text that [`run`] reads.
#[unsafe(no_mangle)]
pub extern "C" fn put(byte: u8) {
    TEXT.with_borrow_mut(|bytes| bytes.push(byte));
}

/// Configures, decides, settles and refuses; returns how much there was to say.
#[unsafe(no_mangle)]
pub extern "C" fn run(now_millis: i64) -> usize {
    let text = TEXT.with_borrow(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let Ok(config) = Raw::from_json(&text).and_then(Config::try_from) else {
        return 0;
    };
    let now = UnixTime::from_millis(now_millis);
    let question = Question { text: &text, address_header: "cf-connecting-ip", id_header: "cf-ray" };
    let decided = question.decide(now, &config);
    let settled = question.settle(&text, Some(&text), now, &config);
    let failed = question.unreachable(&text);
    decided.len() + settled.len() + failed.len() + header_sets().len()
}
