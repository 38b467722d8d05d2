//! The first page of the page's host, and its script: which says whether the service answers.

use crate::problem::document;
use crate::reply::{HeaderSet, Reply};

/// Where the script is served.
pub const SCRIPT_PATH: &str = "/home.js";

/// The script. The page is whole without it.
const SCRIPT: &str = r#"const state = document.getElementById("state");
const told = (reply) => (reply.ok ? "The service is up." : "The service has a fault.");
fetch("/healthz").then(told, () => "The service does not answer.").then((text) => {
  state.textContent = text;
});
"#;

/// The page's first screen, until there is one that does more. `integrity` is SHA-256 of [`SCRIPT`] (Subresource
/// Integrity section 3.1); a test keeps it true.
const TEXT: &str = "<h1>CloudDrop</h1><p>Files from a private bucket, shared by link.</p>\
<p>Upload and share through the API at <code>/api/v1</code>.</p><p id=\"state\" role=\"status\"></p>\
<script src=\"/home.js\" integrity=\"sha256-5dC9k8IAiwyGdi2lGiWTi23cr/SKfXWsG9neR4zfwiQ=\" defer></script>";

/// `GET /`.
pub fn page() -> Reply {
    Reply { set: HeaderSet::App, ..Reply::page(200, document("CloudDrop", TEXT)) }
}

/// `GET /home.js`.
pub fn script() -> Reply {
    Reply::text(200, "text/javascript; charset=utf-8", SCRIPT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Body;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn the_page_names_the_script_that_is_served() {
        let Body::Text(script) = script().body else { unreachable!() };
        let hash = STANDARD.encode(crate::hash::sha256(script.as_bytes()));
        let Body::Text(page) = page().body else { unreachable!() };
        assert!(page.contains(&alloc::format!("src=\"{SCRIPT_PATH}\" integrity=\"sha256-{hash}\"")), "{hash}");
    }
}
