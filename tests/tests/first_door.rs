//! Proves that the CloudFront Function before the cache refuses nothing that the rules let through, and refuses in the
//! rules' own words: every decide case and every token of `vectors/cat.json` through the function in Node.js and through
//! the rules natively. The function's own tests are in `lambda-edge/function/test`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::cbor::unhex;
use clouddrop_cases::{DECIDE_CASES, SUITES, base64url, config, replay::replays};
use clouddrop_core::{Body, Client, Config, Decision, Headers, Place, Raw, Request, UnixTime, decide};
use clouddrop_first_door::{MOST_BYTES, render, squeeze, store_of};
use clouddrop_tests::files::vectors;
use clouddrop_tests::node;
use serde_json::{Map, Value, json};
use std::process::Command;

/// The tokens of `cat.json`.
const VECTORS: usize = 26;
/// Cases that no event of CloudFront can be: Host is missing, twice, or another than the URL's.
const WITHOUT_EVENT: usize = 7;
/// Of the refusals with 401 and 403, how many there are and how many the function gives itself.
const REFUSALS: usize = 187;
const CAUGHT: usize = 32;
/// The tests in `lambda-edge/function/test`.
const UNITS: usize = 10;

fn code(variables: &Value) -> String {
    let mut esbuild = Command::new(node::modules().unwrap().join("esbuild/bin/esbuild"));
    squeeze(&render(variables, &[]).unwrap(), &mut esbuild).unwrap()
}

/// A case of `cat.json` in the form of [`replays`].
fn cat_cases() -> Vec<Value> {
    let file = vectors("cat.json").unwrap();
    let keys: Vec<Value> = file["keys"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(kid, hex)| {
            let secret = base64url::encode(&unhex(hex.as_str().unwrap()).unwrap());
            json!({ "issuer": "clouddrop", "kid": kid, "secret": secret })
        })
        .collect();
    let mut variables = config::variables();
    variables.insert("FILE_HOST".into(), "d.example.net".into());
    variables.insert("TOKEN_KEYS".into(), Value::from(keys).to_string().into());
    file["vectors"].as_array().unwrap().iter().map(|vector| {
        let (asked, text) = (&vector["request"], |value: &Value| value.as_str().unwrap().to_owned());
        let mut fields = vec![("host".to_owned(), "d.example.net".to_owned())];
        fields.extend(asked["headers"].as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))));
        fields.push(("authorization".into(), format!("Bearer {}", text(&vector["b64url"]))));
        let now = UnixTime::from_secs(asked["now"].as_u64().unwrap());
        let mut config = Config::try_from(Raw::from_json(&Value::from(variables.clone()).to_string()).unwrap()).unwrap();
        config::revoke(&mut config, &[], now).unwrap();
        let borrowed: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let place = Place { country: asked["country"].as_str(), subdivision: None, asn: None };
        let (method, url) = (text(&asked["method"]), text(&asked["url"]));
        let client = Client { address: Some(text(&asked["ip"]).parse().unwrap()), place: Some(place) };
        let request = Request { method: &method, url: &url, id: "case-1", headers: Headers::new(&borrowed), client };
        let expected = match decide(&request, now, &config) {
            Decision::Reply(reply) => {
                let own = reply.headers.iter().cloned();
                let headers: Map<String, Value> =
                    reply.set.headers().into_iter().chain(own).map(|(name, value)| (name.into(), value.into())).collect();
                let body = if let Body::Text(text) = reply.body { json!({ "text": text }) } else { json!({}) };
                json!({ "reply": { "status": reply.status, "headers": headers, "body": body } })
            }
            _ => json!({ "fetch": {} }),
        };
        json!({ "name": vector["id"], "variables": variables, "now": asked["now"].as_u64().unwrap() * 1000, "method": method,
            "url": url, "headers": fields, "address": asked["ip"], "expected": expected })
    }).collect()
}

#[test]
fn the_function_refuses_only_what_the_rules_refuse_and_as_they_do() {
    let mut cases: Vec<Value> = SUITES
        .iter()
        .filter(|(name, _)| name.starts_with("decide/"))
        .flat_map(|(name, text)| replays(name, text).unwrap())
        .collect();
    cases.extend(cat_cases());
    assert_eq!(cases.len(), DECIDE_CASES + VECTORS);
    let (mut seen, mut codes): (Vec<Value>, Vec<String>) = (Vec::new(), Vec::new());
    for case in &mut cases {
        // Only these four make another function.
        let variables = &case["variables"];
        let own = json!({ "FILE_HOST": variables["FILE_HOST"], "AUDIENCE": variables["AUDIENCE"],
            "OBJECT_PREFIX": variables["OBJECT_PREFIX"] });
        let place = seen.iter().position(|other| *other == own).unwrap_or_else(|| {
            codes.push(code(&own));
            seen.push(own);
            codes.len() - 1
        });
        let store = store_of(variables["TOKEN_KEYS"].as_str().unwrap()).unwrap();
        case["code"] = place.into();
        case["store"] = store.into();
    }
    assert!(codes.iter().all(|code| code.len() <= MOST_BYTES));
    let results = node::run("first_door.mjs", &json!({ "codes": codes, "cases": cases })).unwrap();
    let (mut skipped, mut refusals, mut caught, mut failures) = (0, 0, 0, Vec::new());
    for (case, result) in cases.iter().zip(results.as_array().unwrap()) {
        let reply = &case["expected"]["reply"];
        let is_refusal = reply["status"] == 401 || reply["status"] == 403;
        if result["skipped"] == true {
            skipped += 1;
            continue;
        }
        refusals += usize::from(is_refusal);
        if let Some(refused) = result.get("refused") {
            caught += 1;
            let wanted =
                json!({ "status": reply["status"], "headers": reply["headers"], "body": reply["body"]["text"] });
            if !is_refusal || *refused != wanted {
                failures.push(format!("{}: {refused} instead of {wanted}", case["name"]));
            }
        } else if result["passed"] != true {
            failures.push(format!("{}: {result}", case["name"]));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert_eq!((skipped, refusals, caught), (WITHOUT_EVENT, REFUSALS, CAUGHT), "without event, refusals, caught");
}

/// The function's own tests, by Node's runner.
#[test]
fn the_functions_own_tests_pass() {
    let own = json!({ "FILE_HOST": "files.example.net", "AUDIENCE": "demo-edge", "OBJECT_PREFIX": "files/" });
    let variables = config::variables();
    let store = store_of(variables["TOKEN_KEYS"].as_str().unwrap()).unwrap();
    let code = code(&own);
    let given = json!({ "code": code, "store": store });
    let told = node::run("node_tests.mjs", &json!({ "tests": "lambda-edge/function/test", "given": given })).unwrap();
    assert_eq!(told["failed"], json!([]));
    assert_eq!(told["passed"], UNITS);
}

#[test]
fn the_store_holds_keys_of_the_one_algorithm_and_the_code_none() {
    let keys = r#"[{"issuer":"a","kid":"1","secret":"c2VjcmV0LWE"},{"issuer":"b","kid":"1","alg":"HMAC 256/256","secret":"c2VjcmV0LWI"},
        {"issuer":"a","kid":"2","alg":"HS256","secret":"c2VjcmV0LWM"},{"issuer":"a","kid":"3","alg":"ES256","x":"x","y":"y"}]"#;
    let store = Value::from(store_of(keys).unwrap());
    assert_eq!(store, json!({ "token-key/1": { "a": "c2VjcmV0LWE", "b": "c2VjcmV0LWI" } }));
    for bad in ["", "{}", "[1]", r#"[{"issuer":"a"}]"#] {
        assert!(store_of(bad).is_err(), "{bad}");
    }
    // Whatever else the configuration holds stays out.
    let code = code(&Value::from(config::variables()));
    assert!(!config::KEYS.iter().any(|(_, _, secret, _)| code.contains(&base64url::encode(secret.as_bytes()))));
    assert!(!code.contains(config::AWS_SECRET));
}

#[test]
fn what_is_missing_or_too_long_is_told() {
    assert_eq!(render(&json!({ "FILE_HOST": "a" }), &[]).unwrap_err(), "AUDIENCE is missing in the configuration");
    let issuers: Vec<String> = (0..100).map(|number| format!("an-issuer-with-a-long-name-{number}")).collect();
    let code = render(&json!({ "FILE_HOST": "a", "AUDIENCE": "b" }), &issuers).unwrap();
    let mut esbuild = Command::new(node::modules().unwrap().join("esbuild/bin/esbuild"));
    assert!(squeeze(&code, &mut esbuild).unwrap_err().contains("name fewer issuers"));
}
