//! One request to a worker, as bytes that are sent again and again.

/// A GET with its token.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The Host header; a worker that checks it must find its own name.
    pub(crate) host: String,
    /// The request target.
    pub(crate) path: String,
    /// Headers besides Host, User-Agent and Accept.
    pub(crate) headers: Vec<(String, String)>,
    /// The token as it stands in `path` or `headers`; absent for a worker that asks for none.
    pub(crate) token: Option<String>,
}

impl Ask {
    /// All header fields: those a command line client sends, and the request's own.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let client = [("Host", self.host.as_str()), ("User-Agent", "clouddrop-bench"), ("Accept", "*/*")];
        client.into_iter().chain(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// The request in HTTP/1.1.
    pub(crate) fn wire(&self) -> Vec<u8> {
        let mut text = format!("GET {} HTTP/1.1\r\n", self.path);
        for (name, value) in self.fields() {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    /// The same request with one character of the token changed; `None` when it has no token.
    ///
    /// Ten from the end: within the MAC in every format used here, and not in the last character, some of whose bits
    /// mean nothing in base64.
    pub(crate) fn forged(&self) -> Option<Self> {
        let token = self.token.as_deref()?;
        let at = token.len().checked_sub(10)?;
        let (front, back) = (token.get(..at)?, token.get(at + 1..)?);
        let other = if token.get(at..=at) == Some("A") { "B" } else { "A" };
        let forged = format!("{front}{other}{back}");
        Some(Self {
            host: self.host.clone(),
            path: self.path.replace(token, &forged),
            headers: self.headers.iter().map(|(name, value)| (name.clone(), value.replace(token, &forged))).collect(),
            token: Some(forged),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn a_forged_token_differs_in_one_character_wherever_it_stands() {
        let token = "aaaa.bbbb.cccccccccccccccc".to_owned();
        let ask = Ask {
            host: "files.test".into(),
            path: format!("/d/{token}"),
            headers: vec![("authorization".into(), format!("Bearer {token}"))],
            token: Some(token.clone()),
        };
        let forged = ask.forged().unwrap();
        let new = forged.token.clone().unwrap();
        assert_eq!(new.chars().zip(token.chars()).filter(|(a, b)| a != b).count(), 1);
        assert_eq!(forged.path, format!("/d/{new}"));
        assert_eq!(forged.headers, [("authorization".to_owned(), format!("Bearer {new}"))]);
    }
}
