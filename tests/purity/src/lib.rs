//! Calls the rules from their border, so that none of them is left out of the module as dead code. What it is called
//! with means nothing: the module is looked at, not run.

use clouddrop_core::border::{self, Asked, Question, Settling};
use clouddrop_core::retry::{Attempt, Health};
use clouddrop_core::{Config, Raw, Seconds, UnixTime, counter};
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
    let question =
        Question { text: &text, address_header: "cf-connecting-ip", id_header: "cf-ray", country_header: "cf-ipcountry" };
    let mut health = Health::default();
    let decided = question.decide(Asked::No, now, &config, &mut health);
    let settled = border::settle(&text, Some(&text), now, &config, &mut health);
    let attempt = Attempt { number: 1, elapsed_millis: 0, entropy: 0 };
    let settling = Settling { answer: &text, body: Some(&text), attempt, left: None };
    let finished = question.finish(settling, now, &config, &mut health);
    let kept = border::settle_kept(&text, Seconds(0), &config);
    let called = question.forward(Some(text.as_bytes()), now, &config);
    let granted = question.granted(&text, now, &config);
    let counted = counter::step(&text, now).unwrap_or_default();
    let asked = Question::list_request(now, &config);
    [asked, decided, settled, finished, kept, called, granted, counted, border::header_sets()].iter().map(String::len).sum()
}
