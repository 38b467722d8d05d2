//! The edge as a Cloudflare Worker: the rules of `clouddrop-edge` on this platform, with its allocator.
//!
//! `js/entry.mjs` is what the platform calls; it converts and performs.

use clouddrop_edge::Platform;
use worker::event;

/// An instance lives for weeks: this one finds a block in constant time and keeps fragmentation low.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Cloudflare overwrites what a client sends in these.
const CLOUDFLARE: Platform =
    Platform { address_header: "cf-connecting-ip", id_header: "cf-ray", country_header: "cf-ipcountry" };

/// Panics print their message and place before the instance ends.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
    clouddrop_edge::run_on(CLOUDFLARE);
}
