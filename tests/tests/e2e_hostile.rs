//! Thousands of requests that nobody would make in earnest, the same ones in every run: none of them may be
//! answered with a fault of ours or without the security headers, and none may leave the edge ill.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::fault;
use clouddrop_tests::stack::content::Numbers;
use clouddrop_tests::stack::http::{Ask, Reply, exchange};
use clouddrop_tests::stack::objects::file_target;
use serde_json::json;
use std::collections::BTreeMap;
use std::thread;

/// Well-formed requests with odd content, by each of the threads.
const REQUESTS: usize = 6000;
/// Requests with bytes damaged, by each of the threads.
const DAMAGED: usize = 500;
const THREADS: u64 = 4;

/// What workerd answers by itself to what it does not take for HTTP, by status and beginning. In production such
/// a request ends at the platform's front and reaches no Worker, so these carry no header of ours.
const OF_THE_SERVER: [(u16, &str); 4] = [
    // A method that is none of those it knows.
    (501, "ERROR: Unrecognized request method."),
    // A request line or a header that cannot be parsed.
    (400, "invalid "),
    // Host missing, or a body that is not in the chunks it promised.
    (400, "Bad Request"),
    // More header than it reads.
    (431, ""),
];

#[test]
fn nothing_that_is_sent_makes_a_fault_of_ours() {
    let stack = Stack::start(&[]);
    stack.put("h/a.txt", "text/plain", b"hello");
    stack.put("h/ü b.txt", "text/plain", b"hello");
    let material = Material::of(&stack);
    let seen: Vec<Seen> = thread::scope(|scope| {
        let (stack, material) = (&stack, &material);
        let threads: Vec<_> = (1..=THREADS).map(|seed| scope.spawn(move || attack(stack, material, seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    let mut faults = vec![];
    let mut of_the_server = 0;
    for seen in seen {
        for (status, count) in seen.statuses {
            *statuses.entry(status).or_default() += count;
        }
        faults.extend(seen.faults);
        of_the_server += seen.of_the_server;
    }
    faults.sort();
    let all_faults = faults.len();
    // One of each kind is enough to read.
    faults.dedup_by(|a, b| a.split('|').next() == b.split('|').next());
    assert!(faults.is_empty(), "{all_faults} faults, such as:\n{}\n{}", faults.join("\n"), stack.last_words());
    // Nor is the test one that is turned away at the door: all sorts of answers, most of them the edge's.
    let all: usize = statuses.values().sum();
    for status in [200, 201, 206, 304, 400, 401, 403, 404, 405, 412, 414, 415, 416, 421] {
        assert!(statuses.contains_key(&status), "no {status} in {statuses:?}");
    }
    assert!(of_the_server * 4 < all, "{of_the_server} of {all} never reached the edge: {statuses:?}");
    stack.assert_healthy();
    let reply = Ask::get("/f/h/a.txt").bearer(&material.tokens[0]).send(stack.files());
    assert_eq!((reply.status, reply.text().as_str()), (200, "hello"));
}

#[derive(Default)]
struct Seen {
    statuses: BTreeMap<u16, usize>,
    faults: Vec<String>,
    of_the_server: usize,
}

impl Seen {
    fn note(&mut self, reply: &Reply, is_head: bool, about: impl Fn() -> String) {
        *self.statuses.entry(reply.status).or_default() += 1;
        // A HEAD is answered without words.
        let text = reply.text();
        let own_words = |(status, words): &(u16, &str)| {
            reply.status == *status && (text.starts_with(words) || (is_head && text.is_empty()))
        };
        if reply.one("strict-transport-security").is_none() && OF_THE_SERVER.iter().any(own_words) {
            self.of_the_server += 1;
        } else if reply.status >= 500 {
            self.faults.push(format!("{} {}| {}", reply.status, reply.code(), about()));
        } else if let Some(fault) = fault(reply) {
            self.faults.push(format!("{} with {fault}, {:?} | {}", reply.status, reply.text(), about()));
        }
    }
}

fn attack(stack: &Stack, material: &Material, seed: u64) -> Seen {
    let mut numbers = Numbers(seed << 32);
    let mut seen = Seen::default();
    let hosts = [stack.files(), stack.page()];
    for number in 0..REQUESTS + DAMAGED {
        let ask = material.request(&mut numbers, stack);
        // Mostly the host that has the route.
        let right = usize::from(ask.target.starts_with("/api/"));
        let address = if numbers.below(10) > 0 { hosts[right] } else { *numbers.pick(&hosts) };
        let about = || format!("seed {seed}, number {number}: {ask:?}");
        if number < REQUESTS {
            match ask.try_send(address) {
                Ok(reply) => seen.note(&reply, ask.method == "HEAD", about),
                Err(error) => seen.faults.push(format!("{error} | {}", about())),
            }
        } else {
            let mut bytes = ask.to_bytes(address);
            damage(&mut bytes, &mut numbers);
            // No answer is a good answer to half a request.
            if let Ok(reply) = exchange(address, &bytes) {
                seen.note(&reply, bytes.starts_with(b"HEAD "), || {
                    format!("{}, damaged: {}", about(), bytes.escape_ascii())
                });
            }
        }
    }
    seen
}

/// A few bytes changed, taken away or put in.
fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        let byte = u8::try_from(numbers.below(256)).unwrap();
        match numbers.below(4) {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => drop(bytes.remove(at)),
            _ => bytes.truncate(at.max(1)),
        }
        if bytes.is_empty() {
            bytes.push(byte);
        }
    }
}

/// What requests are made of.
struct Material {
    tokens: Vec<String>,
    targets: Vec<String>,
    bodies: Vec<String>,
    pieces: Vec<&'static str>,
}

const METHODS: [&str; 17] = [
    // CONNECT is not among them: it asks for a tunnel, which workerd itself answers.
    "GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS",
    "TRACE", "PROPFIND", "get",
];

const HEADERS: [(&str, &[&str]); 14] = [
    (
        "range",
        &[
            "bytes=0-1",
            "bytes=-1",
            "bytes=9-",
            "bytes=0-1,2-3",
            "bytes=1-0",
            "bytes=99999999999999999999-",
            "=",
            "bytes=-",
            "x",
        ],
    ),
    ("if-none-match", &["*", "\"a\"", "W/\"a\"", "\"", "a,b", ",,,", "\"\u{e9}\""]),
    ("if-range", &["\"a\"", "W/\"a\"", "Sun, 06 Nov 1994 08:49:37 GMT", "x"]),
    ("if-match", &["*", "\"a\"", "W/\"a\"", "\"", ""]),
    (
        "if-modified-since",
        &["Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "0", "Sun, 06 Nov 1994 08:49:60 GMT"],
    ),
    ("if-unmodified-since", &["Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 2100 23:59:59 GMT", "never"]),
    ("accept", &["text/html", "*/*", "text/plain", "", "\u{e9}"]),
    ("accept-encoding", &["gzip", "br;q=1", "identity;q=0", "*;q=0"]),
    (
        "content-type",
        &["application/json", "text/plain", "multipart/form-data; boundary=x", "application/json; charset=utf-7", ""],
    ),
    ("cookie", &["CTA-Common-Access-Token=x", "CTA-Common-Access-Token=", "a=b; c", ";;;", "CTA-Common-Access-Token"]),
    ("cf-connecting-ip", &["1.2.3.4", "::1", "x", "1.2.3.4, 5.6.7.8"]),
    ("cf-ray", &["abc", "\"},{\"", "a b  c", "\u{e9}"]),
    ("x-clouddrop-authorization", &["Bearer x", ""]),
    ("x-forwarded-host", &["evil.example", ""]),
];

const HOSTS: [&str; 9] =
    ["evil.example", "127.0.0.1", "localhost:80", "a@b", "a/b", "[::1]:1", "a b", "\u{e9}", "127.0.0.1:99999999"];

impl Material {
    fn of(stack: &Stack) -> Self {
        let folder = stack.folder_token("h");
        let exact = stack.token("h/a.txt");
        let expired = stack.token_with("h/a.txt", |t| t.expires = clouddrop_core::UnixTime::from_secs(1));
        let upload = stack.must(201, "uploads", &json!({ "name": "a", "size": 70_000_000 }));
        let call = json!({ "upload": upload["upload"], "upload_id": upload["upload_id"] });
        let mut parts = call.clone();
        parts["numbers"] = json!([1, 2]);
        let targets = [
            "/f/h/a.txt".into(),
            file_target("h/ü b.txt"),
            "/f/h/none".into(),
            format!("/f/h/a.txt?CAT={exact}"),
            format!("/d/{exact}"),
            format!("/d/{folder}/a.txt"),
            format!("/s/{exact}"),
            format!("/s/{folder}"),
            "/".into(),
            "/healthz".into(),
            "/robots.txt".into(),
            "/.well-known/security.txt".into(),
            "/api/v1/shares".into(),
            "/api/v1/uploads".into(),
            "/api/v1/uploads/parts".into(),
            "/api/v1/uploads/list".into(),
            "/api/v1/uploads/complete".into(),
        ];
        let bodies = [
            json!({ "key": "h/a.txt" }),
            json!({ "key": "h/a.txt", "expires_in": "1h", "networks": ["10.0.0.0/8"], "countries": ["SE"] }),
            json!({ "folder": "h", "file_name": "x", "inline": true, "max_downloads": 3, "methods": ["GET"] }),
            json!({ "name": "a.txt", "size": 5, "type": "text/plain" }),
            json!({ "name": "a.txt", "size": 70_000_000 }),
            parts,
            call,
        ];
        let pieces = [
            "/",
            "//",
            "..",
            "/../",
            "%2e%2e/",
            ".",
            "%2F",
            "%5c",
            "\\",
            "%00",
            "%",
            "%zz",
            "%ff",
            "%C3%A9",
            "\u{e9}",
            "😀",
            "#",
            "?",
            "&",
            "=",
            "?CAT=",
            "+",
            "~",
            "'",
            "\"",
            "<",
            ">",
            "{",
            "|",
            "^",
            "`",
            ";",
            ":",
            "@",
            "*",
            "http://evil.example/",
            "\u{1}",
            "\u{1f}",
            "\u{7f}",
            "\t",
            " ",
            "a",
            "index",
            "api/v1/",
            "f/",
            "d/",
            "s/",
        ];
        Self {
            tokens: vec![
                folder.clone(),
                folder.clone(),
                folder,
                exact,
                expired,
                stack.ready.api_key.clone(),
                "x".into(),
                String::new(),
            ],
            targets: targets.into(),
            bodies: bodies.map(|body| body.to_string()).into(),
            pieces: pieces.into(),
        }
    }

    fn request(&self, numbers: &mut Numbers, stack: &Stack) -> Ask {
        let mut target = numbers.pick(&self.targets).clone();
        let for_api = target.starts_with("/api/");
        for _ in 0..*numbers.pick(&[0, 0, 0, 1, 1, 2]) {
            self.change(&mut target, numbers);
        }
        let method = if for_api && numbers.below(3) > 0 { "POST" } else { *numbers.pick(&METHODS) };
        let mut ask = Ask::new(method, &target);
        let has_one = ["/d/", "/s/", "CAT="].iter().any(|place| target.contains(place));
        if numbers.below(10) > if has_one { 7 } else { 0 } {
            let mut token = if for_api { stack.ready.api_key.clone() } else { numbers.pick(&self.tokens).clone() };
            if numbers.below(5) == 0 {
                self.change(&mut token, numbers);
            }
            ask = match numbers.below(6) {
                0 => ask.header("CTA-Common-Access-Token", &token),
                1 => ask.header("cookie", &format!("CTA-Common-Access-Token={token}")),
                _ => ask.bearer(&token),
            };
        }
        if for_api && numbers.below(10) > 0 {
            ask = ask.header("content-type", "application/json");
        }
        for _ in 0..numbers.below(4) {
            // Mostly those of the first lines, which reads of objects go by.
            let end = if numbers.below(2) == 0 { 3 } else { HEADERS.len() };
            let (name, values) = *numbers.pick(&HEADERS[..end]);
            let mut value = (*numbers.pick(values)).to_owned();
            if numbers.below(8) == 0 {
                self.change(&mut value, numbers);
            }
            ask = ask.header(name, &value);
        }
        if numbers.below(40) == 0 {
            ask = ask.host(Some(*numbers.pick(&HOSTS)));
        }
        if !matches!(method, "GET" | "HEAD") || numbers.below(20) == 0 {
            let mut body = numbers.pick(&self.bodies).clone();
            if numbers.below(3) == 0 {
                self.change(&mut body, numbers);
            }
            ask = if numbers.below(4) == 0 { ask.chunks(body.as_bytes()) } else { ask.body(body.as_bytes()) };
        }
        // A line feed would end a header: that is what damaged requests are for.
        let plain = |text: &mut String| text.retain(|c| c != '\r' && c != '\n');
        plain(&mut ask.target);
        for (_, value) in &mut ask.headers {
            plain(value);
        }
        ask
    }

    /// Puts something in, takes something away, doubles, or makes it long.
    fn change(&self, text: &mut String, numbers: &mut Numbers) {
        let places: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        let (a, b) = (*numbers.pick(&places), *numbers.pick(&places));
        let (from, to) = (a.min(b), a.max(b));
        match numbers.below(12) {
            0..=5 => {
                let piece = *numbers.pick(&self.pieces);
                text.insert_str(from, piece);
            }
            6 | 7 => drop(text.drain(from..to)),
            8 | 9 => {
                let again = text[from..to].to_owned();
                text.insert_str(to, &again);
            }
            10 => text.insert_str(from, &"a".repeat([100, 1000, 1015, 1100, 4000, 9000][numbers.below(6)])),
            _ => *text = text.to_uppercase(),
        }
    }
}
