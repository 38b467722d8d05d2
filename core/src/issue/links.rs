//! The addresses of a share, as people and programs are given them.

use super::share::{Share, Shared};
use alloc::format;
use alloc::string::String;

/// The addresses of a share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Links {
    /// The page for people.
    pub page: String,
    /// The file itself; of a folder, what a path below it is put behind.
    pub download: String,
    /// A command that fetches the file, for a POSIX shell.
    pub curl: String,
}

impl Share {
    /// The addresses for `token` at `base`, as [`base_url`] makes it.
    pub fn links(&self, base: &str, token: &str) -> Links {
        let page = format!("{base}/s/{token}");
        let (download, name) = match self.shared() {
            Shared::Object(_) => (format!("{base}/d/{token}"), ""),
            Shared::Folder(_) => (format!("{base}/d/{token}/"), "FILE"),
        };
        // A password is given by POST, and a counted download is claimed by it; the reply sends the client on.
        let options = match (self.lock(), self.max_downloads()) {
            (Some(_), _) => "-fLOJ --data-urlencode password@-",
            (None, Some(_)) => "-fLOJ -d ''",
            (None, None) => "-fOJ",
        };
        let curl = format!("curl {options} '{download}{name}'");
        Links { page, download, curl }
    }
}

/// Where files are served: by https, but on loopback, where there is no certificate, by http.
pub fn base_url(file_host: &str) -> String {
    let name = match file_host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => file_host.split(':').next().unwrap_or(file_host),
    };
    let scheme = if matches!(name, "127.0.0.1" | "localhost" | "::1") { "http" } else { "https" };
    format!("{scheme}://{file_host}")
}

#[cfg(test)]
mod tests {
    use super::super::share::tests::check;
    use super::*;

    #[test]
    fn links_are_made_for_the_host_and_the_terms() {
        for (host, base) in [
            ("files.example.net", "https://files.example.net"),
            ("127.0.0.1:8788", "http://127.0.0.1:8788"),
            ("localhost", "http://localhost"),
            ("[::1]:80", "http://[::1]:80"),
            ("127.0.0.1.example.net", "https://127.0.0.1.example.net"),
        ] {
            assert_eq!(base_url(host), base);
        }
        let links = |json: &str| check(json).unwrap().links("https://f", "T");
        let one = links(r#"{"key":"a"}"#);
        assert_eq!((one.page.as_str(), one.download.as_str()), ("https://f/s/T", "https://f/d/T"));
        assert_eq!(one.curl, "curl -fOJ 'https://f/d/T'");
        assert_eq!(links(r#"{"key":"a","max_downloads":1}"#).curl, "curl -fLOJ -d '' 'https://f/d/T'");
        assert_eq!(links(r#"{"folder":"a"}"#).download, "https://f/d/T/");
    }
}
