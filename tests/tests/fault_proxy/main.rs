//! The fault proxy itself: each fault is watched on the wire, byte for byte, so that none is silently no fault at all.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod bench;
mod shows;

use bench::{Bench, CONTENT, End, OBJECT, PATIENCE, TAG, request};
use clouddrop_tests::faults::kind::PHASES;
use clouddrop_tests::faults::lies::ELSEWHERE;
use clouddrop_tests::faults::script::{Plan, Shape, lines, plans};
use clouddrop_tests::faults::steps::FORGERY;
use clouddrop_tests::faults::table::ROWS;
use clouddrop_tests::faults::{Fault, Hits, Kind, Phase};
use shows::shows;
use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Proxies that are watched at once.
const BENCHES: usize = 8;

#[test]
fn without_a_fault_the_answer_is_the_servers() {
    let bench = Bench::start();
    let seen = bench.ask(Shape::Whole, None);
    assert_eq!((seen.status().as_str(), seen.body(), seen.end, seen.asked), ("200", &CONTENT[..], End::Fin, 1));
    assert_eq!(seen.values("etag"), [TAG]);
    let seen = bench.ask(Shape::Part, None);
    assert_eq!((seen.status().as_str(), seen.body()), ("206", &CONTENT[10..20]));
    let seen = bench.ask(Shape::Head, None);
    assert_eq!((seen.status().as_str(), seen.body(), seen.end), ("200", &b""[..], End::Fin));
}

#[test]
fn every_fault_shows_on_the_wire() {
    let lines = lines(|kind| !kind.is_exclusive());
    assert!(lines.len() > 200, "{}", lines.len());
    let next = AtomicUsize::new(0);
    // Silences and pauses are waited for side by side.
    thread::scope(|scope| {
        for _ in 0..BENCHES {
            scope.spawn(|| {
                let bench = Bench::start();
                while let Some((row, phase, shape)) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let right = bench.ask(*shape, None);
                    for place in [1, 0x1234_5678_9abc] {
                        let fault = Fault { kind: row.kind, phase: *phase, hits: Hits::All, place };
                        let seen = bench.ask(*shape, Some(fault));
                        let text = String::from_utf8_lossy(&seen.bytes[..seen.bytes.len().min(600)]).into_owned();
                        let end = seen.end;
                        assert!(shows(&fault, *shape, &right, &seen), "{fault:?} {shape:?}: {end:?} after\n{text}");
                    }
                }
            });
        }
    });
}

#[test]
fn kept_connections_end_as_they_should() {
    let bench = Bench::start();
    for (kind, is_asked_again, end) in [
        (Kind::IdleClosed, false, End::Fin),
        (Kind::IdleReset, false, End::Rst),
        (Kind::StaleClosed, true, End::Fin),
        (Kind::StaleReset, true, End::Rst),
    ] {
        bench.proxy.arm(OBJECT, Fault { kind, phase: Phase::Connect, hits: Hits::First, place: 1 });
        let mut stream = bench.connect();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&request(Shape::Whole)).unwrap();
        read_answer(&mut stream);
        if is_asked_again {
            stream.write_all(&request(Shape::Whole)).unwrap();
        }
        assert_eq!(bench.read(&mut stream, None), (vec![], end), "{kind:?}");
        assert_eq!(bench.proxy.disarm(OBJECT).struck, 1, "{kind:?}");
    }
}

#[test]
fn a_forged_answer_follows_the_right_one() {
    let bench = Bench::start();
    bench.proxy.arm(OBJECT, Fault { kind: Kind::ForgedNext, phase: Phase::Connect, hits: Hits::First, place: 1 });
    let mut stream = bench.connect();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&request(Shape::Whole)).unwrap();
    read_answer(&mut stream);
    let mut forgery = Vec::new();
    while !forgery.ends_with(FORGERY) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        forgery.push(byte[0]);
    }
    assert!(forgery.starts_with(b"HTTP/1.1 200 OK\r\n"));
    // And the connection goes on.
    stream.write_all(&request(Shape::Whole)).unwrap();
    read_answer(&mut stream);
}

/// Reads the right answer of a kept connection, and nothing after it.
fn read_answer(stream: &mut TcpStream) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(&CONTENT) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[test]
fn who_is_refused_comes_to_the_same_port_afterwards() {
    let bench = Bench::start();
    for _ in 0..3 {
        let refused = bench.proxy.refusing(|| TcpStream::connect(bench.proxy.address()).map(drop)).unwrap();
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(bench.ask(Shape::Whole, None).body(), CONTENT);
    }
}

#[test]
fn a_fault_hits_its_path_and_as_often_as_it_is_to() {
    let bench = Bench::start();
    let fault = |hits| Fault { kind: Kind::SlowDown, phase: Phase::InHead, hits, place: 1 };
    let status = || bench.ask(Shape::Whole, None).status();
    bench.proxy.arm("/bucket/other", fault(Hits::All));
    assert_eq!(status(), "200");
    bench.proxy.arm(OBJECT, fault(Hits::First));
    assert_eq!([status(), status(), status()], ["503", "200", "200"]);
    let seen = bench.proxy.disarm(OBJECT);
    assert_eq!((seen.requests, seen.struck), (3, 1));
    bench.proxy.arm(OBJECT, fault(Hits::All));
    assert_eq!([status(), status()], ["503", "503"]);
    assert_eq!(bench.proxy.disarm(OBJECT).struck, 2);
    assert_eq!(status(), "200");
    assert_eq!(bench.proxy.tally()[&(Kind::SlowDown, Phase::InHead)], 3);
    assert_eq!(bench.proxy.strayed(), 0);
    let mut stream = bench.connect();
    write!(stream, "GET {ELSEWHERE} HTTP/1.1\r\n\r\n").unwrap();
    bench.read(&mut stream, None);
    assert_eq!(bench.proxy.strayed(), 1);
}

#[test]
fn the_script_is_the_same_for_a_seed_and_leaves_nothing_out() {
    let all = lines(|_| true);
    let kinds: BTreeSet<Kind> = all.iter().map(|(row, ..)| row.kind).collect();
    assert!(kinds.len() >= 40, "{} kinds", kinds.len());
    assert_eq!(kinds, ROWS.iter().map(|row| row.kind).collect());
    assert_eq!(all.iter().map(|(_, phase, _)| *phase).collect::<BTreeSet<_>>(), PHASES.into());
    let drawn = |seed| plans(seed, all.len() * 2, &all, None);
    let text = |seed| format!("{:?}", drawn(seed));
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
    for (row, phase, shape) in &all {
        let of_line = |plan: &&Plan| {
            let Plan { fault, shape: s, .. } = plan;
            (fault.kind, fault.phase, *s) == (row.kind, *phase, *shape)
        };
        assert!(drawn(3).iter().filter(of_line).count() >= 2, "{:?} {phase:?} {shape:?}", row.kind);
    }
}
