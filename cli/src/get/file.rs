//! One file: pieces of one version, several at once, into a file beside the final one. It gets its name once every byte
//! is on the disk.

use super::link::{Link, claim};
use super::state::{Places, Record};
use crate::api::{refusal, unreachable};
use crate::args::Get;
use crate::config::NO_LINK;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::out::Out;
use crate::transfer::{AT_ONCE, patience, work_off};
use anyhow::Context as _;
use clouddrop_core::UnixTime;
use indicatif::ProgressBar;
use rustix::fs::{CWD, FallocateFlags, RenameFlags, fallocate, renameat_with};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Bytes of a piece: large enough that asking costs nothing, small enough that little is fetched twice.
pub(super) const PIECE: u64 = 16 << 20;
/// Bytes that are read at once.
pub(super) const BUFFER: usize = 256 * 1024;
/// For tests: other pieces.
const PIECE_VARIABLE: &str = "CLOUDDROP_TEST_PIECE_BYTES";
/// How often what has arrived is made to last.
const SAVED_EVERY: Duration = Duration::from_millis(500);
/// The least of a counted link's pieces, and how many there are of a large file.
const COUNTED_PIECE: u64 = 256 * 1024;
const COUNTED_PIECES: u64 = 64;

/// How a file is fetched.
#[derive(Clone, Copy, Debug)]
struct Pace {
    piece: u64,
    at_once: usize,
    saved_every: Duration,
}

impl Pace {
    /// Under a claim there are bytes for the file and a tenth more: what an interruption has fetched for nothing must be
    /// little, so pieces are small, come one by one, and last at once.
    fn of(counted: Option<u64>) -> Self {
        let Some(size) = counted else {
            let piece = std::env::var(PIECE_VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or(PIECE);
            return Self { piece, at_once: AT_ONCE, saved_every: SAVED_EVERY };
        };
        let piece = (size / COUNTED_PIECES).next_multiple_of(64 * 1024).clamp(COUNTED_PIECE, PIECE);
        Self { piece, at_once: 1, saved_every: Duration::ZERO }
    }
}

/// A link of which uses are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted<'a> {
    pub(crate) link: &'a Link,
    /// Bytes of the file, as far as its page tells.
    pub(crate) size: u64,
}

/// Where a file comes from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) url: String,
    /// What the link says of it: bytes of another identity are never put together with these.
    pub(crate) identity: String,
    /// When it was last changed, where that is told: the file here gets the same time.
    pub(crate) modified: Option<UnixTime>,
}

impl Source {
    /// Whether the file at `path` is one that an earlier run has fetched from here.
    pub(crate) fn is_at(&self, path: &Path, size: Option<u64>) -> bool {
        let Ok(facts) = fs::metadata(path) else { return false };
        let changed = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Some(facts.len()) == size
            && self.modified.is_some_and(|time| changed.is_some_and(|changed| changed.as_secs() == time.as_secs()))
    }
}

/// A file that is there.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) sha256: Option<String>,
}

/// Fetches a file to `path`, claiming a use of it if it is `counted`.
pub(crate) fn fetch(
    agent: &ureq::Agent,
    out: &Out,
    source: &Source,
    counted: Option<Counted<'_>>,
    path: &Path,
    get: &Get,
) -> Result<Fetched> {
    if path.is_dir() {
        return Err(Failure::new(Exit::Conflict, format!("{} is a folder", path.display())));
    }
    let places = Places::beside(path)?;
    if path.exists() && !get.force {
        // Of a run that ended in the very moment in which it was done.
        if !places.part.exists() {
            places.forget();
        }
        let message = format!("{} is there already: name another by -o, or use --force", path.display());
        return Err(Failure::new(Exit::Conflict, message));
    }
    let writing = || format!("writing {}", places.part.display());
    let part = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(NO_LINK)
        .open(&places.part)
        .with_context(writing)?;
    if part.try_lock().is_err() {
        return Err(Failure::new(Exit::Conflict, format!("another run fetches {} just now", path.display())));
    }
    let pace = Pace::of(counted.map(|counted| counted.size));
    let mut record = Record::of(&source.identity, &places, pace.piece)?;
    // Where the old one was of another link, its file has gone with it.
    let part = if places.part.exists() { part } else { reopened(&places)? };
    let url = match counted {
        None => source.url.clone(),
        Some(Counted { link, .. }) => {
            // The key is on the disk before it is used: whoever is interrupted claims the same use again.
            record.save(&places)?;
            let claimed = claim(agent, link, &record.claim_key);
            format!("{}{}", link.origin, claimed.map_err(|failure| forget_if_useless(failure, &record, &places))?)
        }
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let bar = out.bar(&name, record.size);
    let begun = begin(agent, &url, &part, &mut record, &places, &bar);
    begun.map_err(|failure| forget_if_useless(failure, &record, &places))?;
    let all = rest(agent, &url, &part, &mut record, (&places, pace), &bar);
    all.map_err(|failure| forget_if_useless(failure, &record, &places))?;
    if let Some(time) = source.modified {
        // Before the file gets its name: what has the name has the time.
        part.set_modified(UNIX_EPOCH + Duration::from_secs(time.as_secs())).with_context(writing)?;
    }
    part.sync_all().with_context(writing)?;
    bar.finish_and_clear();
    let sha256 = get.sha256.as_deref().map(|wanted| check(&places, wanted)).transpose()?;
    publish(&places, path, get.force)?;
    Ok(Fetched { size: record.size, etag: record.etag.unwrap_or_default(), sha256 })
}

fn reopened(places: &Places) -> Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&places.part);
    let file = file.with_context(|| format!("writing {}", places.part.display()))?;
    let _ = file.try_lock();
    Ok(file)
}

/// Where the file is another one than before, what is there is of no use; where nothing came, there is nothing to keep.
fn forget_if_useless(failure: Failure, record: &Record, places: &Places) -> Failure {
    let is_refused = record.etag.is_none() && failure.exit != Exit::Unavailable;
    if failure.exit == Exit::Damaged || is_refused {
        places.forget();
    }
    failure
}

/// Asks for the first piece, where it is not known yet what there is: its answer tells size and version.
fn begin(
    agent: &ureq::Agent,
    url: &str,
    part: &File,
    record: &mut Record,
    places: &Places,
    bar: &ProgressBar,
) -> Result<()> {
    if record.etag.is_some() {
        return Ok(());
    }
    let mut failure = None;
    for attempt in 0..5 {
        std::thread::sleep(Duration::from_millis(if attempt == 0 { 0 } else { 200 << attempt }));
        match first_piece(agent, url, part, (record, places), attempt, bar) {
            Err(error) if error.exit == Exit::Unavailable && record.etag.is_none() => failure = Some(error),
            // With size and version known, the rest is for those who fetch pieces.
            Err(error) if error.exit == Exit::Unavailable => return Ok(()),
            result => return result,
        }
    }
    failure.map_or(Ok(()), Err)
}

fn first_piece(
    agent: &ureq::Agent,
    url: &str,
    part: &File,
    (record, places): (&mut Record, &Places),
    attempt: u32,
    bar: &ProgressBar,
) -> Result<()> {
    let mut answer = asked(agent, url, 0, record.piece, None, attempt)?;
    let (status, etag) = (answer.status().as_u16(), header(&answer, "etag"));
    let (size, length) = match status {
        206 => {
            let (first, length, size) = content_range(&answer)?;
            if first != 0 || length != record.piece.min(size) {
                return Err(Failure::new(Exit::Damaged, "the server sends another part than was asked for"));
            }
            (size, length)
        }
        // Of an empty file there is no part.
        416 if header(&answer, "content-range").as_deref() == Some("bytes */0") => (0, 0),
        _ => return Err(refused(status, &mut answer)),
    };
    // An empty file is as good in one version as in another.
    let etag = if size == 0 { etag.unwrap_or_default() } else { etag.ok_or_else(no_version)? };
    make_room(part, size, places)?;
    let pieces = usize::try_from(size.div_ceil(record.piece)).map_err(|_| Failure::failed("the file is too large"))?;
    (record.etag, record.size, record.done) = (Some(etag), size, vec![false; pieces]);
    record.save(places)?;
    bar.set_length(size);
    if size > 0 {
        copy(&mut answer, part, 0, length, bar)?;
        record.done[0] = true;
        part.sync_data().with_context(|| format!("writing {}", places.part.display()))?;
        record.save(places)?;
    }
    Ok(())
}

/// Takes the room for all of it, where the file system can: a disk that is too small says so before anything is fetched.
fn make_room(part: &File, size: u64, places: &Places) -> Result<()> {
    let making = || format!("making room for {size} bytes in {}", places.part.display());
    if size > 0 && fallocate(part, FallocateFlags::empty(), 0, size) == Err(Errno::NOSPC) {
        return Err(Failure::failed(format!("{}: the disk is full", making())));
    }
    part.set_len(size).with_context(making)?;
    Ok(())
}

pub(super) fn no_version() -> Failure {
    Failure::failed("the server names no version of the file: parts of it could be of different ones")
}

/// Fetches the pieces that are missing.
fn rest(
    agent: &ureq::Agent,
    url: &str,
    part: &File,
    record: &mut Record,
    (places, pace): (&Places, Pace),
    bar: &ProgressBar,
) -> Result<()> {
    let (size, piece) = (record.size, record.piece);
    let length = |place: usize| piece.min(size - place as u64 * piece);
    let there: u64 = (0..record.done.len()).filter(|place| record.done[*place]).map(length).sum();
    bar.set_length(size);
    bar.set_position(there);
    bar.reset_eta();
    let missing: Vec<usize> = (0..record.done.len()).filter(|place| !record.done[*place]).collect();
    let etag = record.etag.clone().unwrap_or_default();
    let known = Mutex::new(record.clone());
    let saved = Mutex::new(Instant::now());
    let result = work_off(&missing, pace.at_once, |place, attempt| {
        let (first, length) = (*place as u64 * piece, length(*place));
        let mut answer = asked(agent, url, first, length, Some(&etag), attempt)?;
        let status = answer.status().as_u16();
        if status != 206 {
            return Err(refused(status, &mut answer));
        }
        if content_range(&answer)? != (first, length, size) || header(&answer, "etag").as_deref() != Some(&etag) {
            return Err(Failure::new(Exit::Damaged, "the server sends another part than was asked for"));
        }
        copy(&mut answer, part, first, length, bar)?;
        if let Ok(mut known) = known.lock() {
            known.done[*place] = true;
        }
        // One of them makes it last, and the others go on.
        let Ok(mut saved) = saved.try_lock() else { return Ok(()) };
        if saved.elapsed() < pace.saved_every {
            return Ok(());
        }
        let snapshot = known.lock().map(|known| known.clone());
        if let Ok(snapshot) = snapshot {
            part.sync_data().with_context(|| format!("writing {}", places.part.display()))?;
            snapshot.save(places)?;
        }
        *saved = Instant::now();
        Ok(())
    });
    if let Ok(known) = known.into_inner() {
        *record = known;
    }
    // What has come by a failed run is not fetched again.
    if result.is_err() && part.sync_data().is_ok() {
        record.save(places)?;
    }
    result
}

pub(super) fn asked(
    agent: &ureq::Agent,
    url: &str,
    first: u64,
    length: u64,
    etag: Option<&str>,
    attempt: u32,
) -> Result<ureq::http::Response<ureq::Body>> {
    let mut request = agent.get(url).header("range", format!("bytes={first}-{}", first + length.max(1) - 1));
    // Without it, a proxy may compress, and what comes is not what S3 holds.
    request = request.header("accept-encoding", "identity");
    if let Some(etag) = etag {
        request = request.header("if-match", etag);
    }
    let request = request.config().timeout_global(Some(patience(length, attempt))).build();
    request.call().map_err(|error| unreachable(url, &error))
}

/// First byte, number of bytes, and size of the whole.
pub(super) fn content_range(answer: &ureq::http::Response<ureq::Body>) -> Result<(u64, u64, u64)> {
    let read = || {
        let value = header(answer, "content-range")?;
        let (range, size) = value.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last, size) = (first.parse().ok()?, last.parse::<u64>().ok()?, size.parse().ok()?);
        (first <= last && last < size).then(|| (first, last - first + 1, size))
    };
    read().ok_or_else(|| Failure::new(Exit::Damaged, "the server does not say which part it sends"))
}

pub(super) fn header(answer: &ureq::http::Response<ureq::Body>, name: &str) -> Option<String> {
    answer.headers().get(name)?.to_str().ok().map(String::from)
}

pub(super) fn refused(status: u16, answer: &mut ureq::http::Response<ureq::Body>) -> Failure {
    if status == 412 {
        let message = "the file was replaced while it was fetched: fetch it again";
        return Failure::new(Exit::Damaged, message);
    }
    if status == 200 {
        return Failure::new(Exit::Failed, "the server sends no parts of the file");
    }
    refusal(status, &answer.body_mut().with_config().limit(64 * 1024).read_to_string().unwrap_or_default())
}

/// Exactly `length` bytes of the answer into the file. Fewer are a broken connection, more are another file.
fn copy(
    answer: &mut ureq::http::Response<ureq::Body>,
    part: &File,
    first: u64,
    length: u64,
    bar: &ProgressBar,
) -> Result<()> {
    let mut reader = answer.body_mut().with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; BUFFER];
    let mut at = 0;
    let outcome = loop {
        match reader.read(&mut buffer) {
            Ok(0) if at == length => break Ok(()),
            Ok(0) => break Err(Failure::new(Exit::Unavailable, "the connection broke off")),
            Ok(read) if at + read as u64 > length => {
                break Err(Failure::new(Exit::Damaged, "the server sends more than it said"));
            }
            Ok(read) => {
                part.write_all_at(&buffer[..read], first + at).context("writing the file")?;
                at += read as u64;
                bar.inc(read as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(Failure::new(Exit::Unavailable, format!("the connection broke off: {error}"))),
        }
    };
    if outcome.is_err() {
        bar.set_position(bar.position().saturating_sub(at));
    }
    outcome
}

/// The file's SHA-256, if it is the wanted one.
fn check(places: &Places, wanted: &str) -> Result<String> {
    let mut file = File::open(&places.part).context("reading what was fetched")?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = file.read(&mut buffer).context("reading what was fetched")?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found.eq_ignore_ascii_case(wanted) {
        return Ok(found);
    }
    places.forget();
    Err(Failure::new(
        Exit::Damaged,
        format!("the file's SHA-256 is {found}, not the one that was asked for; nothing was kept"),
    ))
}

fn came_to_be(path: &Path) -> Failure {
    let message = format!("{} came to be meanwhile: fetch again with --force, or -o", path.display());
    Failure::new(Exit::Conflict, message)
}

/// Gives the file its name: over none that is there, unless that was asked for.
fn publish(places: &Places, path: &Path, force: bool) -> Result<()> {
    let naming = || format!("naming {}", path.display());
    if force {
        fs::rename(&places.part, path).with_context(naming)?;
    } else {
        match renameat_with(CWD, &places.part, CWD, path, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Err(came_to_be(path)),
            // Not every file system can do so: most of the others can give a second name, which is never over another.
            Err(_) => match fs::hard_link(&places.part, path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(came_to_be(path)),
                Err(_) if path.exists() => return Err(came_to_be(path)),
                Err(_) => fs::rename(&places.part, path).with_context(naming)?,
            },
        }
    }
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        // Not every file system can; the file itself is synced.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    places.forget();
    Ok(())
}
