//! What the checks share: the deployment, a small file, and a list of all that was made, to be removed at the end.

use crate::checks::{Fault, Seen, not_checked};
use crate::exit::{Failure, Result};
use crate::http::{Answer, Ask};
use crate::page::Api;
use serde_json::{Value, json};
use std::time::Duration;

/// What names of files that were made here begin with.
pub(crate) const NAME: &str = "clouddrop-smoke-";
/// Bytes of the file: more than one read, and cheap.
const SIZE: usize = 150_000;

/// Something that was made and is to be removed.
#[derive(Clone, Debug)]
enum Made {
    Upload { token: String },
    File { id: String },
    Share { id: String },
    UploadLink { id: String },
}

/// See the module.
pub(crate) struct Scene<'a> {
    pub(crate) api: &'a Api,
    /// Within what a link that was taken back must be refused.
    pub(crate) revoked_within: Duration,
    /// Where files are served, once the settings have told.
    pub(crate) files_base: Option<String>,
    /// The file's content, and what it is called.
    pub(crate) content: Vec<u8>,
    pub(crate) name: String,
    /// Bytes of a further file, which goes in parts.
    pub(crate) large: Option<usize>,
    /// Whether a file went in parts.
    pub(crate) in_parts: bool,
    /// The file and a share of it, as the API has told them.
    pub(crate) file: Option<Value>,
    pub(crate) share: Option<Value>,
    /// A counted link, and an upload link.
    pub(crate) counted: Option<Value>,
    pub(crate) upload_link: Option<Value>,
    made: Vec<Made>,
}

impl<'a> Scene<'a> {
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn new(api: &'a Api, revoked_within: Duration) -> Result<Self> {
        let mut content = vec![0; SIZE];
        let mut id = [0; 8];
        let filled = getrandom::fill(&mut content).and_then(|()| getrandom::fill(&mut id));
        filled.map_err(|_| Failure::failed("the system gives no random bytes"))?;
        let name = format!("{NAME}{:016x}.bin", u64::from_be_bytes(id));
        Ok(Self {
            api,
            revoked_within,
            files_base: None,
            content,
            name,
            large: None,
            in_parts: false,
            file: None,
            share: None,
            counted: None,
            upload_link: None,
            made: Vec::new(),
        })
    }

    /// The answer to a request to any of the hosts.
    pub(crate) fn send(&self, ask: &Ask) -> std::result::Result<Answer, Fault> {
        Ok(self.api.client().send(ask)?)
    }

    /// A call with the key that must be answered with `status`; its JSON.
    pub(crate) fn call(&self, status: u16, path: &str, body: &Value) -> std::result::Result<Value, Fault> {
        let answer = self.api.call("POST", path, Some(body))?;
        expect(&answer, status, &format!("POST {path}"))?;
        answer.json().ok_or_else(|| Fault::Failed(format!("POST {path}: an answer that is not JSON")))
    }

    /// The file that an earlier check has sent.
    pub(crate) fn file(&self) -> std::result::Result<&Value, Fault> {
        self.file.as_ref().map_or_else(|| not_checked("no file was sent"), Ok)
    }

    /// The address of that file by its share.
    pub(crate) fn download(&self) -> std::result::Result<String, Fault> {
        match &self.share {
            Some(share) => Ok(text(share, "download")?.into()),
            None => not_checked("no share was made"),
        }
    }

    /// A new share of the file, with these terms.
    pub(crate) fn new_share(&mut self, terms: &Value) -> std::result::Result<Value, Fault> {
        let mut body = json!({ "key": self.file()?["key"], "note": self.name, "expires_in": "15m" });
        for (name, value) in terms.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        if body.get("folder").is_some()
            && let Some(body) = body.as_object_mut()
        {
            body.remove("key");
        }
        let share = self.call(201, "shares", &body)?;
        self.made.push(Made::Share { id: text(&share, "id")?.into() });
        Ok(share)
    }

    /// A new upload link.
    pub(crate) fn new_upload_link(&mut self, terms: &Value) -> std::result::Result<Value, Fault> {
        let link = self.call(201, "upload-links", terms)?;
        self.made.push(Made::UploadLink { id: text(&link, "id")?.into() });
        Ok(link)
    }

    /// Sends a small file with the key or, where one is given, with a guest's token; the file as the API tells it.
    pub(crate) fn send_file(
        &mut self,
        name: &str,
        kind: &str,
        content: &[u8],
        guest: Option<&str>,
    ) -> std::result::Result<Value, Fault> {
        let wish = json!({ "name": name, "size": content.len(), "type": kind, "expires_in": "10m" });
        let granted = self.upload_call("uploads", &wish, guest, 201)?;
        let upload = text(&granted, "upload")?.to_string();
        self.made.push(Made::Upload { token: upload.clone() });
        let mut whole = json!({ "upload": upload });
        if granted["kind"] == "single" {
            let mut put = Ask::new("PUT", text(&granted, "url")?);
            for (name, value) in granted["headers"].as_object().into_iter().flatten() {
                // The client sets the length by the body.
                if name != "content-length" && name != "content-type" {
                    put = put.header(name, value.as_str().unwrap_or(""));
                }
            }
            let kind = granted["headers"]["content-type"].as_str().unwrap_or(kind);
            self.put(&put.body(kind, content))?;
        } else {
            whole["upload_id"] = text(&granted, "upload_id")?.into();
            self.put_parts(&granted, content)?;
        }
        let file = self.upload_call("uploads/complete", &whole, guest, 200)?;
        // What was an upload is a file now.
        self.made.pop();
        self.made.push(Made::File { id: text(&granted, "file")?.into() });
        if granted["kind"] != "single" && guest.is_none() {
            self.in_parts = true;
        }
        if file["size"] != content.len() {
            return Err(Fault::Failed(format!("sent {} bytes, the service tells of {}", content.len(), file["size"])));
        }
        Ok(file)
    }

    fn put(&self, ask: &Ask) -> std::result::Result<(), Fault> {
        let stored = self.send(ask)?;
        ensure(stored.status == 200, || format!("the bucket answered the granted PUT with {}", stored.status))
    }

    /// Sends all parts, by the URLs that came with the grant: files here are small, so these are all.
    fn put_parts(&self, granted: &Value, content: &[u8]) -> std::result::Result<(), Fault> {
        let mut rest = content;
        for part in granted["parts"].as_array().into_iter().flatten() {
            let size = part["size"].as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
            let Some((sent, behind)) = rest.split_at_checked(size) else { break };
            // A content type is not signed, and none is sent.
            self.put(&Ask::new("PUT", text(part, "url")?).content(sent))?;
            rest = behind;
        }
        ensure(rest.is_empty(), || format!("the parts that were granted leave {} bytes", rest.len()))
    }

    /// A call about uploads, by the key or by a guest.
    fn upload_call(
        &self,
        path: &str,
        body: &Value,
        guest: Option<&str>,
        status: u16,
    ) -> std::result::Result<Value, Fault> {
        let Some(token) = guest else { return self.call(status, path, body) };
        let ask = Ask::new("POST", format!("{}/api/v1/{path}", self.api.page())).bearer(token).json(body);
        let answer = self.send(&ask)?;
        expect(&answer, status, &format!("a guest's POST {path}"))?;
        Ok(answer.json().unwrap_or_default())
    }

    /// Says that a file is no longer there to be removed.
    pub(crate) fn forget_file(&mut self, gone: &str) {
        self.made.retain(|made| !matches!(made, Made::File { id } if id == gone));
    }

    /// Removes everything that was made, the last first; all of it is tried.
    pub(crate) fn clean_up(&mut self) -> Seen {
        let (mut removed, mut left) = (0, Vec::new());
        for made in self.made.split_off(0).iter().rev() {
            let (what, answer) = match made {
                Made::Upload { token } => {
                    ("an upload".into(), self.api.call("POST", "uploads/abort", Some(&json!({ "upload": token }))))
                }
                Made::File { id } => (format!("file {id}"), self.api.call("DELETE", &format!("files/{id}"), None)),
                Made::Share { id } => {
                    (format!("share {id}"), self.api.call("POST", &format!("shares/{id}/revoke"), Some(&json!({}))))
                }
                Made::UploadLink { id } => (
                    format!("upload link {id}"),
                    self.api.call("POST", &format!("upload-links/{id}/close"), Some(&json!({}))),
                ),
            };
            match answer {
                Ok(answer) if matches!(answer.status, 200..300 | 404 | 410) => removed += 1,
                Ok(answer) => left.push(format!("{what} ({})", answer.words())),
                Err(why) => left.push(format!("{what} ({why})")),
            }
        }
        if left.is_empty() {
            return Ok(format!("{removed} things"));
        }
        Err(Fault::Failed(format!("{} are left, remove them by hand: {}", left.len(), left.join(", "))))
    }
}

/// A text member of an answer.
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> std::result::Result<&'v str, Fault> {
    value[name].as_str().ok_or_else(|| Fault::Failed(format!("an answer without {name}: is it of another version?")))
}

/// A status that must be.
pub(crate) fn expect(answer: &Answer, status: u16, about: &str) -> std::result::Result<(), Fault> {
    if answer.status == status {
        return Ok(());
    }
    Err(Fault::Failed(format!("{about} was answered {}, not {status}", answer.words())))
}

/// A promise that must hold.
pub(crate) fn must(fault: Option<String>, about: &str) -> std::result::Result<(), Fault> {
    fault.map_or(Ok(()), |fault| Err(Fault::Failed(format!("{about}: {fault}"))))
}

/// The same, for a condition.
pub(crate) fn ensure(holds: bool, why: impl FnOnce() -> String) -> std::result::Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::Failed(why())) }
}
