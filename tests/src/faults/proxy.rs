//! The proxy: takes the edge's connections, asks the S3 server, and plays each answer with the fault that was
//! armed for its path. One thread for each connection; every wait has an end.

use super::answer::{Answer, Request};
use super::kind::{Fault, Hits, Kind, Phase};
use super::lies::ELSEWHERE;
use super::steps::{Next, Step, sound, steps};
use socket2::{Domain, SockRef, Socket, Type};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Longest that anything is held: a request that does not come, a stall, a flood. Far beyond the edge's patience,
/// so that who waits for so long has none.
pub const LONGEST_HOLD: Duration = Duration::from_secs(45);
/// How often a request that is only looked at is looked at.
const GLANCE: Duration = Duration::from_millis(2);
/// Longest head of a request.
const MAX_HEAD: usize = 64 * 1024;
/// Connections that may wait to be taken.
const BACKLOG: i32 = 1024;

/// A running proxy. It ends with the process.
#[derive(Clone)]
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    listener: TcpListener,
    target: Mutex<String>,
    armed: Mutex<HashMap<String, Armed>>,
    tally: Mutex<BTreeMap<(Kind, Phase), usize>>,
    /// Requests for the place that redirects point at.
    strayed: AtomicUsize,
    /// Stalls and floods that the other side has borne to the end.
    borne: Mutex<BTreeMap<(Kind, Phase), usize>>,
    /// Answers that the S3 server did not give.
    failed: AtomicUsize,
}

#[derive(Clone, Copy)]
struct Armed {
    fault: Fault,
    seen: Seen,
}

/// What became of an armed fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// Requests for its path.
    pub requests: usize,
    /// How many of them it hit.
    pub struck: usize,
}

impl Proxy {
    /// Listens on loopback. Where to, is told later: the S3 server is started with the edge.
    ///
    /// # Errors
    /// No socket.
    pub fn start() -> io::Result<Self> {
        let listener = listen_again_and_again()?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            listener,
            target: Mutex::default(),
            armed: Mutex::default(),
            tally: Mutex::default(),
            strayed: AtomicUsize::new(0),
            borne: Mutex::default(),
            failed: AtomicUsize::new(0),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&accepting));
        Ok(Self { shared, address })
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Where requests are sent on to, a `host:port`.
    pub fn send_on_to(&self, target: &str) {
        *lock(&self.shared.target) = target.into();
    }

    /// Sets a fault for requests of `path`, until [`Proxy::disarm`].
    pub fn arm(&self, path: &str, fault: Fault) {
        lock(&self.shared.armed).insert(path.into(), Armed { fault, seen: Seen::default() });
    }

    /// Takes the fault of `path` away, and says what became of it.
    pub fn disarm(&self, path: &str) -> Seen {
        lock(&self.shared.armed).remove(path).map(|armed| armed.seen).unwrap_or_default()
    }

    /// Refuses connections while `act` runs. The port stays ours: the listening socket is shut, not closed, and
    /// listens again afterwards.
    ///
    /// # Errors
    /// The socket does not go along.
    pub fn refusing<T>(&self, act: impl FnOnce() -> T) -> io::Result<T> {
        let socket = SockRef::from(&self.shared.listener);
        socket.shutdown(Shutdown::Both)?;
        let result = act();
        socket.listen(BACKLOG)?;
        Ok(result)
    }

    /// Counts a fault that was injected by other means than an armed one.
    pub fn count(&self, kind: Kind, phase: Phase) {
        *lock(&self.shared.tally).entry((kind, phase)).or_default() += 1;
    }

    /// How often each fault was injected.
    pub fn tally(&self) -> BTreeMap<(Kind, Phase), usize> {
        lock(&self.shared.tally).clone()
    }

    /// How often somebody followed a redirect.
    pub fn strayed(&self) -> usize {
        self.shared.strayed.load(Ordering::SeqCst)
    }

    /// The stalls and floods that were borne to their end, which is [`LONGEST_HOLD`].
    pub fn borne(&self) -> BTreeMap<(Kind, Phase), usize> {
        lock(&self.shared.borne).clone()
    }

    /// How many answers the S3 server owed.
    pub fn failed(&self) -> usize {
        self.shared.failed.load(Ordering::SeqCst)
    }
}

/// A listening socket that keeps its port when it is shut: only one that was asked for by its number stays with a
/// socket (in Linux, `SOCK_BINDPORT_LOCK`). The first socket finds a free one and holds it for the second.
fn listen_again_and_again() -> io::Result<TcpListener> {
    let socket = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        io::Result::Ok(socket)
    };
    let (finder, keeper) = (socket()?, socket()?);
    finder.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    keeper.bind(&finder.local_addr()?)?;
    drop(finder);
    // All that may wait do: a burst of the test is no fault.
    keeper.listen(BACKLOG)?;
    Ok(keeper.into())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(shared: &Arc<Shared>) {
    loop {
        match shared.listener.accept() {
            Ok((client, _)) => {
                let shared = Arc::clone(shared);
                // Connections that break are what this is for.
                thread::spawn(move || serve(&shared, client));
            }
            // Deaf for a while, or out of file descriptors.
            Err(_) => thread::sleep(GLANCE),
        }
    }
}

/// Serves one connection.
fn serve(shared: &Shared, mut client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(LONGEST_HOLD))?;
    client.set_write_timeout(Some(LONGEST_HOLD))?;
    let mut next = Next::Answer;
    loop {
        // Looked at and not read, for faults that strike before it is.
        let Some(request) = look(&client)? else { return Ok(()) };
        match next {
            Next::Answer => {}
            Next::Close => return close(&client),
            Next::Reset => return reset(client),
        }
        let fault = shared.strike_at(&request);
        if let Some(fault) = fault.filter(|fault| fault.phase == Phase::Connect && !fault.kind.is_exclusive()) {
            match fault.kind {
                Kind::Delay => thread::sleep(Duration::from_millis(100 + fault.place % 400)),
                kind => {
                    shared.struck(&request, &fault);
                    return match kind {
                        Kind::Reset => reset(client),
                        Kind::Closed => close(&client),
                        _ => shared.hold(&mut client, Some(&fault)),
                    };
                }
            }
        }
        client.read_exact(&mut vec![0; request.head.len()])?;
        match shared.answer(&mut client, &request, fault)? {
            Some(kept) => next = kept,
            None => return Ok(()),
        }
    }
}

impl Shared {
    /// The fault that is to hit this request.
    fn strike_at(&self, request: &Request) -> Option<Fault> {
        if request.target == ELSEWHERE {
            self.strayed.fetch_add(1, Ordering::SeqCst);
        }
        let mut armed = lock(&self.armed);
        let armed = armed.get_mut(&request.target)?;
        armed.seen.requests += 1;
        (armed.fault.hits == Hits::All || armed.seen.requests == 1).then_some(armed.fault)
    }

    /// Counts a fault as injected.
    fn struck(&self, request: &Request, fault: &Fault) {
        *lock(&self.tally).entry((fault.kind, fault.phase)).or_default() += 1;
        if let Some(armed) = lock(&self.armed).get_mut(&request.target).filter(|armed| armed.fault == *fault) {
            armed.seen.struck += 1;
        }
    }

    /// Answers one request; what the next one on the connection meets, if it is kept.
    fn answer(&self, client: &mut TcpStream, request: &Request, fault: Option<Fault>) -> io::Result<Option<Next>> {
        let target = lock(&self.target).clone();
        let asked = match fault {
            Some(Fault { kind: Kind::RangeIgnored, .. }) => request.without("range"),
            _ => request.clone(),
        };
        let mut answer = Answer::of(&target, &asked).inspect_err(|_| {
            self.failed.fetch_add(1, Ordering::SeqCst);
        })?;
        if !fault.is_some_and(|fault| fault.kind.is_exclusive()) {
            answer.set("connection", "close");
        }
        let steps = match &fault {
            Some(fault) => steps(fault, request, &answer),
            None => sound(&answer),
        };
        for step in steps {
            match step {
                Step::Strike => {
                    if let Some(fault) = &fault {
                        self.struck(request, fault);
                    }
                }
                Step::Send(bytes) => client.write_all(&bytes)?,
                Step::Pause(time) => thread::sleep(time),
                Step::Flood(bytes) => return self.flood(client, fault.as_ref(), &bytes).map(|()| None),
                Step::Stall => return self.hold(client, fault.as_ref()).map(|()| None),
                Step::Reset => return reset(client.try_clone()?).map(|()| None),
                Step::Close => break,
                Step::Keep(next) => return Ok(Some(next)),
            }
        }
        close(client).map(|()| None)
    }

    /// Waits until the other side closes.
    fn hold(&self, client: &mut TcpStream, fault: Option<&Fault>) -> io::Result<()> {
        let result = client.read_to_end(&mut Vec::new());
        if matches!(&result, Err(error) if is_timeout(error)) {
            self.was_borne(fault);
        }
        result.map(drop)
    }

    /// Sends until the other side closes, as slowly as one that does not read can be told from one that does.
    fn flood(&self, client: &mut TcpStream, fault: Option<&Fault>, bytes: &[u8]) -> io::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST_HOLD {
            client.write_all(bytes)?;
            thread::sleep(GLANCE);
        }
        self.was_borne(fault);
        Ok(())
    }

    fn was_borne(&self, fault: Option<&Fault>) {
        if let Some(fault) = fault {
            *lock(&self.borne).entry((fault.kind, fault.phase)).or_default() += 1;
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// The request that is next on a connection, left where it is; `None` if it ends or stays silent.
fn look(client: &TcpStream) -> io::Result<Option<Request>> {
    let mut bytes = vec![0; MAX_HEAD];
    let begun = Instant::now();
    let mut seen = 0;
    while begun.elapsed() < LONGEST_HOLD {
        let length = client.peek(&mut bytes)?;
        if let Some(request) = Request::parse(&bytes[..length]) {
            return Ok(Some(request));
        }
        if length == 0 || length == MAX_HEAD {
            return Ok(None);
        }
        // More of it is on its way.
        if length == seen {
            thread::sleep(GLANCE);
        }
        seen = length;
    }
    Ok(None)
}

/// Ends a connection in order (FIN): what is still in its buffers arrives. Waits for the other side's end, so that
/// bytes which nobody has read do not turn it into a reset.
fn close(client: &TcpStream) -> io::Result<()> {
    client.shutdown(Shutdown::Write)?;
    let mut rest = client;
    io::copy(&mut rest, &mut io::sink()).map(drop)
}

/// Ends a connection by a reset (RST): SO_LINGER with no time (socket(7)).
fn reset(client: TcpStream) -> io::Result<()> {
    SockRef::from(&client).set_linger(Some(Duration::ZERO))?;
    // Half a connection is shut by no clone: the last one that is dropped resets it.
    drop(client);
    Ok(())
}
