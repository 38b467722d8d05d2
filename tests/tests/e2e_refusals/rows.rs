//! The rows of the table, by what is refused.

use super::*;

pub(super) fn all(stack: &Stack) -> Vec<Row> {
    [paths(stack), tokens(stack), claims(stack), routes(stack), api(stack), conditions(stack)].concat()
}

fn paths(stack: &Stack) -> Vec<Row> {
    let token = stack.folder_token("table");
    let bad = |target: &str| row(target, Ask::get(target).bearer(&token), 400, "bad_path");
    let targets = [
        "/f/table/../a.txt",
        "/f/table/./a.txt",
        "/f/table/%2e%2e/table/a.txt",
        "/f/table/%2E/a.txt",
        "/f/table//a.txt",
        "/f//table/a.txt",
        "/f/table/a.txt/",
        "/f/",
        "/f/table%2Fa.txt",
        "/f/table%2fa.txt",
        "/f/table%5Ca.txt",
        "/f/table/..%5ca.txt",
        "/f/table\\a.txt",
        "/f/table/a.txt%00",
        "/f/table/a%0d%0ax.txt",
        "/f/table/a%7F",
        "/f/table/a%C2%80",
        "/f/table/a%",
        "/f/table/a%2",
        "/f/table/a%zz",
        "/f/table/a%ff",
        "/f/table/a%C0%AF",
        "/f/table/a%ED%A0%80",
        "/f/table/{a}",
        "/f/table/a|b",
        "/f/table/a^b",
    ];
    let mut rows: Vec<Row> = targets.into_iter().map(bad).collect();
    rows.push(row("a bad path without a token", Ask::get("/f/a/../b"), 400, "bad_path"));
    rows.push(row("below a folder", Ask::get(&format!("/d/{token}/../a.txt")), 400, "bad_path"));
    rows.push(row("a folder's own slash", Ask::get(&format!("/d/{token}/")), 400, "bad_path"));
    let long = format!("/f/table/{}", "a".repeat(1025));
    rows.push(row("a key that S3 has not", Ask::get(&long).bearer(&token), 400, "bad_path"));
    let longer = format!("/f/table/a.txt?{}", "a".repeat(8192));
    rows.push(row("a long query", Ask::get(&longer).bearer(&token), 414, "uri_too_long"));
    let longer = format!("/f/{}", "a".repeat(9000));
    rows.push(row("a long path", Ask::get(&longer).bearer(&token), 414, "uri_too_long"));
    rows
}

/// Everything up to the MAC looks alike; only the id of the request differs.
fn tokens(stack: &Stack) -> Vec<Row> {
    let good = stack.token(KEY);
    let target = format!("/f/{KEY}");
    let bad = |name: &str, ask: Ask| row(name, ask, 401, "unauthorized");
    let with = |name: &str, token: &str| bad(name, Ask::get(&target).bearer(token));
    let bytes = base64url::decode(&good).unwrap();
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        base64url::encode(&bytes)
    };
    let described = |json: Value| serde_json::from_value::<Description>(json).unwrap().text().unwrap();
    let mut rows = vec![
        bad("no token", Ask::get(&target)),
        bad("a landing page's", Ask::get("/s/nonsense")),
        bad("a download's", Ask::get("/d/nonsense")),
        bad("an empty one in the path", Ask::get("/d/")),
        bad("Basic", Ask::get(&target).header("authorization", "Basic YTpi")),
        bad("Bearer and nothing", Ask::get(&target).header("authorization", "Bearer ")),
        with("garbage", "garbage"),
        with("another alphabet", "!!!!"),
        with("padding", &format!("{good}=")),
        with("a truncated one", &good[..good.len() - 4]),
        with("one with more behind it", &format!("{good}AAAA")),
        with("one that is too long", &"A".repeat(1400)),
        with("upper case", &good.to_ascii_uppercase()),
        with("a space in it", &format!("{} {}", &good[..20], &good[20..])),
        with("a JWT", "eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTl9."),
        with("another deployment's key", &described(json!({}))),
        with("an unknown algorithm", &described(json!({ "protected": { "1": 4 }, "tag_bytes": 8 }))),
        with("no algorithm", &described(json!({ "protected": {} }))),
        with("a signature's tag", &described(json!({ "tags": [61, 18] }))),
        with("no tag", &described(json!({ "tags": [] }))),
        bad("in the header", Ask::get(&target).header("CTA-Common-Access-Token", "x")),
        bad("in the cookie", Ask::get(&target).header("cookie", "CTA-Common-Access-Token=x")),
        bad("in the query", Ask::get(&format!("{target}?CAT=x"))),
        bad("in the path", Ask::get(&format!("/d/{}", flipped(bytes.len() - 1)))),
    ];
    // A bit of the head, of the claims and of the tag.
    for at in [0, 3, 6, bytes.len() / 3, bytes.len() / 2, bytes.len() - 32, bytes.len() - 1] {
        rows.push(with(&format!("byte {at} changed"), &flipped(at)));
    }
    assert_all_alike(stack, &rows);
    let other = stack.token(KEY);
    let two = |ask: Ask| row("two tokens", ask, 400, "bad_request");
    rows.extend([
        two(Ask::get(&format!("{target}?CAT={other}")).bearer(&good)),
        two(Ask::get(&format!("/d/{good}")).bearer(&other)),
        two(Ask::get(&target).header("CTA-Common-Access-Token", &good).bearer(&other)),
        two(Ask::get(&target).bearer(&good).header("cookie", &format!("CTA-Common-Access-Token={other}"))),
        two(Ask::get(&format!("{target}?CAT={good}&CAT={other}"))),
    ]);
    rows
}

fn assert_all_alike(stack: &Stack, rows: &[Row]) {
    let anonymous = |reply: Reply| {
        let mut body = reply.json();
        body["request_id"] = Value::Null;
        let mut headers = reply.headers;
        headers.retain(|(name, _)| name != "date" && name != "content-length");
        (reply.status, headers, body)
    };
    let first = anonymous(rows[0].ask.send(stack.files()));
    for row in rows {
        assert_eq!(anonymous(row.ask.send(stack.files())), first, "{}", row.name);
    }
}

fn claims(stack: &Stack) -> Vec<Row> {
    let target = format!("/f/{KEY}");
    let by = |name: &str, token: &str, code: &'static str| row(name, Ask::get(&target).bearer(token), 403, code);
    let now = now();
    let past = UnixTime::from_secs(now.as_secs() - 1);
    let good = stack.token(KEY);
    let get_only = stack.token_with(KEY, |t| t.methods = &["GET"]);
    vec![
        by("another object's", &stack.token("table/b.txt"), "forbidden"),
        by("another folder's", &stack.folder_token("tab"), "forbidden"),
        by("another audience's", &stack.token_with(KEY, |t| t.audience = Some("prod")), "forbidden"),
        by("another host's", &stack.token_with(KEY, |t| t.host = Some("files.example.net")), "forbidden"),
        by("for another method", &stack.token_with(KEY, |t| t.methods = &["get", "PUT"]), "forbidden"),
        by("an upload's", &stack.token_with(KEY, |t| t.purpose = Purpose::Upload), "forbidden"),
        // A workerd by itself knows neither address nor country of its client.
        by("for a network", &stack.token_with(KEY, |t| t.networks = leak("10.0.0.0/8".parse().unwrap())), "forbidden"),
        by("for a country", &stack.token_with(KEY, |t| t.countries = leak(region("SE"))), "forbidden"),
        row("HEAD not listed", Ask::head(&target).bearer(&get_only), 403, "forbidden"),
        row("below one object", Ask::get(&format!("/d/{good}/x")), 403, "forbidden"),
        by("past", &stack.token_with(KEY, |t| t.expires = past), "expired"),
        by("past at this moment", &stack.token_with(KEY, |t| t.expires = now), "expired"),
        by("to come", &stack.token_with(KEY, |t| t.not_before = Some(now.after(Seconds(600)))), "not_yet_valid"),
        by("counted", &stack.token_with(KEY, |t| t.max_downloads = Some(3)), "claim_required"),
        row(
            "counted, by its link",
            Ask::get(&format!("/d/{}", stack.token_with(KEY, |t| t.max_downloads = Some(1)))),
            403,
            "claim_required",
        ),
        row("past, a page", Ask::get(&format!("/s/{}", stack.token_with(KEY, |t| t.expires = past))), 403, "expired"),
        by("another version's", &stack.token_with(KEY, |t| t.object_version = Some("\"other\"")), "gone").gone(),
    ]
}

impl Row {
    fn gone(self) -> Self {
        Self { status: 410, cost: Cost::Asked, ..self }
    }
}

/// Claims that borrow live as long as the test.
fn leak<T>(value: T) -> &'static [T] {
    Box::leak(Box::new([value]))
}

fn region(text: &str) -> clouddrop_core::policy::geo::Region {
    clouddrop_core::policy::geo::Region::new(text).unwrap()
}

fn routes(stack: &Stack) -> Vec<Row> {
    let token = stack.token(KEY);
    let folder = stack.folder_token("table");
    let none = |target: &str| row(target, Ask::get(target).bearer(&token), 404, "not_found");
    let missing = stack.token("table/missing");
    let mut rows = vec![
        none("/"),
        none("/F/table/a.txt"),
        none("/f"),
        none("/x/table/a.txt"),
        none("/api/v1/shares"),
        none("/clouddrop/files/table/a.txt"),
        none("/.well-known/security.txt"),
        none("//f/table/a.txt"),
        row("a page of files", Ask::get(&format!("/f/{KEY}")).bearer(&token), 404, "not_found").on_page(),
        row("no API", Ask::get("/api"), 404, "not_found").on_page(),
        row("another API", Ask::get("/api/v2/shares"), 404, "not_found").on_page(),
        row("a folder lists nothing", Ask::get(&format!("/d/{folder}")), 404, "not_found"),
        row("a missing object", Ask::get("/f/table/missing").bearer(&missing), 404, "not_found").asked(),
        row("a missing one by its link", Ask::get(&format!("/d/{missing}")), 404, "not_found").asked(),
        row("a missing one's page", Ask::get(&format!("/s/{missing}")), 404, "not_found").asked(),
    ];
    let not = |method: &str, target: &str, allow: &'static str| {
        let ask = Ask::new(method, target).bearer(&token);
        row(&format!("{method} {}", &target[..3]), ask, 405, "method_not_allowed").with("allow", allow)
    };
    let download = format!("/d/{token}");
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "MKCOL", "PURGE"] {
        rows.push(not(method, &format!("/f/{KEY}"), "GET, HEAD"));
        rows.push(not(method, "/healthz", "GET, HEAD"));
        // A report can be made of what has an owner, which this token has not.
        rows.push(not(method, &format!("/s/{token}"), if method == "POST" { "GET, HEAD" } else { "GET, HEAD, POST" }));
    }
    for method in ["PUT", "DELETE", "OPTIONS"] {
        rows.push(not(method, &download, "GET, HEAD, POST"));
    }
    rows.push(not("POST", &download, "GET, HEAD")); // there is no use to claim of this one
    rows.push(not("OPTIONS", "/api/v1/shares", "GET, POST").by_signer());
    rows.push(not("PROPFIND", "/api/v1/shares", "GET, HEAD, POST, PUT, PATCH, DELETE").on_page());
    let elsewhere = |name: &str, host: Option<&str>| {
        row(name, Ask::get(&format!("/f/{KEY}")).bearer(&token).host(host), 421, "misdirected")
    };
    let with_path = format!("{}/evil", stack.files());
    let with_user = format!("evil@{}", stack.files());
    rows.extend([
        elsewhere("another host", Some("evil.example")),
        elsewhere("another port", Some("127.0.0.1:1")),
        elsewhere("no port", Some("127.0.0.1")),
        elsewhere("localhost", Some("localhost")),
        elsewhere("a path in the host", Some(&with_path)),
        elsewhere("a user in the host", Some(&with_user)),
        elsewhere("a dot behind it", Some(&format!("127.0.0.1.:{}", stack.files().rsplit(':').next().unwrap()))),
    ]);
    rows
}

fn api(stack: &Stack) -> Vec<Row> {
    let key = &stack.ready.api_key;
    let call = |name: &str, body: &[u8]| {
        Ask::new("POST", &format!("/api/v1/{name}")).header("content-type", "application/json").body(body)
    };
    let mine = |name: &str, body: &[u8]| call(name, body).bearer(key);
    let good = json!({ "key": KEY }).to_string();
    let good = good.as_bytes();
    let bad = |name: &str, call: &str, body: Value| {
        row(name, mine(call, body.to_string().as_bytes()), 400, "bad_request").by_signer()
    };
    let unauthorized = |name: &str, ask: Ask| row(name, ask, 401, "unauthorized").by_signer();
    let big = vec![b' '; MAX_BODY + 1];
    let mut typeless = mine("shares", good);
    typeless.headers.retain(|(name, _)| name != "content-type");
    vec![
        unauthorized("no API key", call("shares", good)),
        unauthorized("another API key", call("shares", good).bearer("cd_wrong")),
        unauthorized("a share's token", call("shares", good).bearer(&stack.token(KEY))),
        unauthorized(
            "an API key of another scheme",
            call("shares", good).header("authorization", &format!("Basic {key}")),
        ),
        unauthorized(
            "another's header",
            call("shares", good).header("x-clouddrop-authorization", &format!("Bearer {key}")),
        ),
        row("no JSON", mine("shares", b"{"), 400, "bad_request").by_signer(),
        row("no body", mine("shares", b""), 400, "bad_request").by_signer(),
        bad("an unknown field", "shares", json!({ "key": KEY, "colour": 1 })),
        bad("key and folder", "shares", json!({ "key": KEY, "folder": "a" })),
        row("a life that is too long", mine("shares", br#"{"key":"a","expires_in":"10000d"}"#), 403, "forbidden")
            .by_signer(),
        bad("no downloads", "shares", json!({ "key": KEY, "max_downloads": 0 })),
        bad("a negative size", "uploads", json!({ "name": "a", "size": -1 })),
        bad("no media type", "uploads", json!({ "name": "a", "size": 1, "type": "text" })),
        row("a key with dots", mine("shares", json!({ "key": "a/../b" }).to_string().as_bytes()), 400, "bad_path")
            .by_signer(),
        row("no upload token", mine("uploads/list", br#"{"upload":"x","upload_id":"y"}"#), 401, "unauthorized")
            .by_signer(),
        row("a call that is not there", mine("nothing", good), 404, "not_found").by_signer(),
        row("GET of a call", Ask::get("/api/v1/uploads/parts").bearer(key), 405, "method_not_allowed")
            .by_signer()
            .with("allow", "POST"),
        row(
            "a page of another origin",
            mine("shares", good).header("origin", "https://evil.example"),
            403,
            "forbidden",
        )
        .on_page(),
        row("more than S3 takes", mine("uploads", br#"{"name":"a","size":5497558138881}"#), 400, "bad_request")
            .by_signer(),
        row("a long body", mine("shares", &big), 413, "too_large").on_page(),
        row("a long body without its length", mine("shares", b"").chunks(&big), 413, "too_large").on_page(),
        row("a promised long body", mine("shares", b"").header("content-length", "65537").body(&big), 413, "too_large")
            .on_page(),
        row("no type", typeless, 415, "unsupported_type").by_signer(),
        row("a form", mine("shares", b"a=b").header("content-type", "text/plain"), 415, "unsupported_type").on_page(),
        row("a query", Ask { target: "/api/v1/shares?a=b".into(), ..mine("shares", good) }, 400, "bad_request")
            .by_signer(),
        row(
            "a query that is none",
            Ask { target: "/api/v1/shares?a".into(), ..mine("shares", good) },
            400,
            "bad_request",
        )
        .on_page(),
        row("our own calls", Ask { target: "/edge/v1/tick".into(), ..mine("shares", good) }, 404, "not_found")
            .on_page(),
        row("an odd spelling", Ask { target: "/api/v1/%73hares".into(), ..mine("shares", good) }, 400, "bad_request")
            .on_page(),
        row("dots", Ask { target: "/api/v1/x/../shares".into(), ..mine("shares", good) }, 400, "bad_path").on_page(),
    ]
}

fn conditions(stack: &Stack) -> Vec<Row> {
    let token = stack.token(KEY);
    let with = |name: &str, value: &str| Ask::get(&format!("/f/{KEY}")).bearer(&token).header(name, value);
    let failed = |ask: Ask, name: &str| row(name, ask, 412, "precondition_failed");
    vec![
        failed(with("if-match", "\"other\""), "another version").asked(),
        failed(with("if-match", "\"a\", \"b\""), "none of a list").asked(),
        failed(with("if-match", "nonsense"), "no version").asked(),
        failed(with("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"), "changed since").asked(),
        row("beyond the end", with("range", "bytes=10-"), 416, "range_not_satisfiable")
            .asked()
            .with("content-range", "bytes */10"),
    ]
}
