//! A file to stdout, as it comes: what was written cannot be taken back, so every piece is checked before its first byte.

use super::file::{BUFFER, PIECE, asked, content_range, header, no_version, refused};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::out::Out;
use anyhow::Context as _;
use std::io::{self, Read as _, Write as _};
use std::time::Duration;

/// Writes a file to stdout, in order; a broken connection is gone on with.
pub(crate) fn stream(agent: &ureq::Agent, out: &Out, url: &str, sha256: Option<&str>) -> Result<()> {
    if sha256.is_some() {
        return Err(Failure::usage("--sha256 is for files: what went to stdout cannot be taken back"));
    }
    let mut stdout = io::stdout().lock();
    let (mut at, mut whole, mut etag): (u64, Option<u64>, Option<String>) = (0, None, None);
    let bar = out.bar("stdout", 0);
    // In a row, with nothing between them.
    let mut failures = 0;
    while whole.is_none_or(|whole| at < whole) {
        let piece = PIECE.min(whole.map_or(PIECE, |whole| whole - at));
        let before = at;
        let mut step = || -> Result<()> {
            let mut answer = asked(agent, url, at, piece, etag.as_deref(), failures)?;
            match answer.status().as_u16() {
                206 => {}
                416 if at == 0 && header(&answer, "content-range").as_deref() == Some("bytes */0") => {
                    whole = Some(0);
                    return Ok(());
                }
                status => return Err(refused(status, &mut answer)),
            }
            let (first, length, size) = content_range(&answer)?;
            let version = header(&answer, "etag").ok_or_else(no_version)?;
            let is_other =
                etag.as_ref().is_some_and(|etag| *etag != version) || whole.is_some_and(|whole| whole != size);
            if first != at || length > piece || is_other {
                return Err(Failure::new(Exit::Damaged, "the server sends another part than was asked for"));
            }
            etag = Some(version);
            whole = Some(size);
            bar.set_length(size);
            let mut reader = answer.body_mut().with_config().limit(length).reader();
            let mut buffer = vec![0; BUFFER];
            let end = at + length;
            while at < end {
                let read = reader
                    .read(&mut buffer)
                    .map_err(|error| Failure::new(Exit::Unavailable, format!("the connection broke off: {error}")))?;
                if read == 0 {
                    return Err(Failure::new(Exit::Unavailable, "the connection broke off"));
                }
                stdout.write_all(&buffer[..read]).context("writing to stdout")?;
                at += read as u64;
                bar.set_position(at);
            }
            Ok(())
        };
        let outcome = step();
        if at > before {
            failures = 0;
        }
        match outcome {
            Err(failure) if failure.exit == Exit::Unavailable && failures < 5 => {
                failures += 1;
                std::thread::sleep(Duration::from_millis(200 << failures));
            }
            result => result?,
        }
    }
    bar.finish_and_clear();
    stdout.flush().context("writing to stdout")?;
    Ok(())
}
