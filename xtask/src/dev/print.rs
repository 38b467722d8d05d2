//! What is printed once the stack is up: for a person, or one JSON line for a program.

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use crate::dev::api::{Grant, Share};
use crate::run::quoted;

/// Everything somebody can need who uses the running stack. Holds secrets: it has no `Debug`.
#[derive(Serialize)]
pub(crate) struct Ready {
    /// The page's URL.
    pub(crate) page: String,
    /// The URL of the files' host.
    pub(crate) files: String,
    pub(crate) api_key: String,
    /// Three commands that work as printed, in this order: upload, share, download.
    pub(crate) curl: [String; 3],
    pub(crate) s3: S3,
    /// Where the signer itself listens; it refuses calls that the edge did not sign.
    pub(crate) signer: String,
    pub(crate) pids: Pids,
    /// The folder of everything that is kept.
    pub(crate) data: PathBuf,
    /// `edge`, `signer`, `token_keys`: the credentials.
    pub(crate) state: PathBuf,
    /// A JSON line for every request that the S3 server got.
    pub(crate) access_log: PathBuf,
    pub(crate) logs: Logs,
    /// `iss` and `aud` of the stack's tokens.
    pub(crate) issuer: &'static str,
    pub(crate) audience: &'static str,
    pub(crate) object_prefix: &'static str,
}

/// How to talk to the S3 server directly.
#[derive(Serialize)]
pub(crate) struct S3 {
    pub(crate) endpoint: String,
    pub(crate) bucket: &'static str,
    pub(crate) region: &'static str,
}

/// Process ids, for those who end one on purpose.
#[derive(Serialize)]
pub(crate) struct Pids {
    pub(crate) s3: u32,
    pub(crate) signer: u32,
    /// workerd.
    pub(crate) edge: u32,
}

/// What each program wrote to its stderr.
#[derive(Serialize)]
pub(crate) struct Logs {
    pub(crate) s3: PathBuf,
    pub(crate) signer: PathBuf,
    pub(crate) edge: PathBuf,
}

impl Ready {
    /// For a person.
    pub(crate) fn text(&self) -> String {
        let [upload, share, download] = &self.curl;
        format!(
            "CloudDrop runs.\n\n  \
             page     {}\n  \
             API key  {}\n\n\
             Upload a text, make a link to it, download it, in this order:\n\n\
             {upload}\n\n{share}\n\n{download}\n\n  \
             data     {} (files, credentials, logs)\n\n\
             Ctrl-C ends it.",
            self.page,
            self.api_key,
            self.data.display()
        )
    }

    /// For a program: one line.
    pub(crate) fn json(&self) -> anyhow::Result<String> {
        serde_json::to_string(self).context("the JSON line")
    }
}

/// The three commands. `content` is what `grant` was given for.
pub(crate) fn curl_lines(page: &str, api_key: &str, content: &str, grant: &Grant, share: &Share) -> [String; 3] {
    let mut upload = format!("curl -fsS -X {} --data-binary {}", quoted(&grant.method), always_quoted(content));
    for (name, value) in &grant.headers {
        // curl counts by itself, and would send a second one.
        if !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("host") {
            upload.push_str(&format!(" -H {}", always_quoted(&format!("{name}: {value}"))));
        }
    }
    upload.push_str(&format!(" {}", always_quoted(&grant.url)));
    let body = serde_json::json!({ "key": grant.key, "expires_in": "7d" }).to_string();
    let make_link = format!(
        "curl -fsS -H {} -H 'Content-Type: application/json' -d {} {}api/v1/shares",
        always_quoted(&format!("Authorization: Bearer {api_key}")),
        always_quoted(&body),
        page
    );
    [upload, make_link, format!("curl -fsS {}", always_quoted(&share.download))]
}

fn always_quoted(text: &str) -> String {
    let word = quoted(text);
    if word.starts_with('\'') { word } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use std::collections::BTreeMap;

    fn lines() -> [String; 3] {
        let headers = [("if-none-match", "*"), ("content-length", "5"), ("content-type", "text/plain")];
        let grant = Grant {
            key: "a/it's.txt".into(),
            method: "PUT".into(),
            url: "http://127.0.0.1:9/b/k?X=1&Y=2".into(),
            headers: BTreeMap::from(headers.map(|(name, value)| (name.into(), value.into()))),
        };
        let share = Share { download: "http://127.0.0.1:82/d/t".into() };
        curl_lines("http://127.0.0.1:81/", "cd_x", "Hello", &grant, &share)
    }

    #[test]
    fn the_lines_are_one_command_each() {
        let [upload, share, download] = lines();
        assert_eq!(
            upload,
            "curl -fsS -X PUT --data-binary 'Hello' -H 'content-type: text/plain' -H 'if-none-match: *' \
             'http://127.0.0.1:9/b/k?X=1&Y=2'"
        );
        assert_eq!(
            share,
            "curl -fsS -H 'Authorization: Bearer cd_x' -H 'Content-Type: application/json' \
             -d '{\"expires_in\":\"7d\",\"key\":\"a/it'\\''s.txt\"}' http://127.0.0.1:81/api/v1/shares"
        );
        assert_eq!(download, "curl -fsS 'http://127.0.0.1:82/d/t'");
    }

    #[test]
    fn a_shell_reads_the_words_that_were_meant() {
        for line in lines() {
            let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}; {line}");
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            let words = String::from_utf8(output.stdout).unwrap();
            assert!(words.starts_with("-fsS\n"), "{words}");
            assert!(!line.contains("it'\\''s") || words.contains("{\"expires_in\":\"7d\",\"key\":\"a/it's.txt\"}\n"));
        }
    }
}
