//! Writes the CloudFront Function that stands before the cache (`first-door.js`): the template with the deployment's
//! host, audience and issuers, and with the constants and the refusals of the rules themselves.

use clouddrop_core::path::MAX_KEY_BYTES;
use clouddrop_core::policy::uri::FILE_ROUTE;
use clouddrop_core::refusal::Refusal;
use clouddrop_core::request::MAX_URL_BYTES;
use clouddrop_core::token::{carrier, wire};
use clouddrop_core::{Body, Client, Headers, Request, UnixTime};
use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The most that CloudFront takes (CloudFront developer guide, "Quotas on CloudFront Functions").
pub const MOST_BYTES: usize = 10_240;
/// What a key of the `KeyValueStore` begins with; the token key's id follows.
pub const KEY_PREFIX: &str = "token-key/";
/// The longest value that a `KeyValueStore` takes.
const MOST_VALUE_BYTES: usize = 1024;
/// How far the clocks of two places of CloudFront may be apart, in seconds: so close to its end nothing is refused here.
const SKEW_SECONDS: u32 = 5;
/// Stands for the request's id, which is known at the request only.
const ID: &str = "{id}";

const TEMPLATE: &str = include_str!("first-door.js");

/// The function's code for a deployment. `config` is the JSON object of the edge's variables; `issuers` are those whose
/// keys count, all of the store's where there are none.
///
/// # Errors
/// What is missing.
pub fn render(config: &Value, issuers: &[String]) -> Result<String, String> {
    assert_eq!(FILE_ROUTE, "/f/", "the template knows the routes");
    let text = |name: &str| {
        config[name]
            .as_str()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| format!("{name} is missing in the configuration"))
    };
    let prefix = config["OBJECT_PREFIX"].as_str().unwrap_or("");
    let maximum = MAX_KEY_BYTES.checked_sub(prefix.len()).ok_or("OBJECT_PREFIX is too long")?;
    let none = UnixTime::from_secs(0);
    let refusals = [
        Refusal::Unauthorized(""),
        Refusal::Forbidden(""),
        Refusal::Expired { now: none, exp: none },
        Refusal::NotYetValid { now: none, nbf: none },
    ];
    let mut all = Map::new();
    let mut common = Map::new();
    for refusal in refusals {
        let (fixed, rule) = rule_of(&refusal)?;
        common = fixed;
        all.insert(refusal.code().into(), rule);
    }
    let rules = json!({
        "host": text("FILE_HOST")?.to_ascii_lowercase(),
        "audience": text("AUDIENCE")?,
        "issuers": issuers,
        "keyPrefix": KEY_PREFIX,
        "header": carrier::HEADER,
        "parameters": [carrier::QUERY, carrier::PACKAGE],
        "maxUrl": MAX_URL_BYTES,
        "maxKey": maximum,
        "maxChars": wire::MAX_CHARS,
        "skew": SKEW_SECONDS,
        "headers": common,
        "refusals": all,
    });
    Ok(TEMPLATE.replace("/*RULES*/ null", &rules.to_string()))
}

/// The fixed headers, and what one refusal says beside them, from the rules' own reply.
fn rule_of(refusal: &Refusal) -> Result<(Map<String, Value>, Value), String> {
    let client = Client { address: None, place: None };
    let request = Request { method: "GET", url: "", id: ID, headers: Headers::new(&[]), client };
    let reply = refusal.reply(&request);
    let Body::Text(body) = &reply.body else {
        return Err(format!("{} has no text", refusal.code()));
    };
    let quoted = format!("\"{ID}\"");
    let (before, after) = body.split_once(&quoted).ok_or("a refusal does not tell the request's id")?;
    let object = |fields: Vec<(&'static str, String)>| -> Map<String, Value> {
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    };
    let rule = json!({ "status": reply.status, "headers": object(reply.headers), "before": before, "after": after });
    Ok((object(reply.set.headers()), rule))
}

/// [`render`]ed code as CloudFront gets it: without comments and spaces, with short names inside functions; the syntax
/// stays. `esbuild` is the command that runs it.
///
/// # Errors
/// esbuild's own, or by how much the code is too long.
pub fn squeeze(code: &str, esbuild: &mut Command) -> Result<String, String> {
    // Without the imports it is a script, whose own functions keep their names: CloudFront calls one of them.
    let body = code.find("\n// ").ok_or("the template has changed")?;
    let (imports, body) = code.split_at(body + 1);
    esbuild.args([
        "--minify-whitespace",
        "--minify-identifiers",
        "--loader=js",
        "--target=es2017",
        "--log-level=warning",
    ]);
    let esbuild = esbuild.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = esbuild.spawn().map_err(|error| format!("esbuild: {error} (run `cargo xtask setup`)"))?;
    // All of it is read before anything is written: no pipe can fill up in both directions.
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(body.as_bytes()).map_err(|error| format!("esbuild: {error}"))?;
    }
    let output = child.wait_with_output().map_err(|error| format!("esbuild: {error}"))?;
    if !output.status.success() {
        return Err(format!("esbuild: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let code = format!("{imports}{}", String::from_utf8(output.stdout).map_err(|_| "esbuild: no text")?);
    if code.len() > MOST_BYTES {
        return Err(format!(
            "the function has {} bytes, and CloudFront takes {MOST_BYTES}: name fewer issuers",
            code.len()
        ));
    }
    Ok(code)
}

/// What goes into the `KeyValueStore`: of the value of `TOKEN_KEYS` each key for HMAC 256/256, by its id, with whose it
/// is. Keys of other algorithms open nothing there.
///
/// # Errors
/// Says what is no such value; nothing of it is quoted.
pub fn store_of(token_keys: &str) -> Result<Map<String, Value>, String> {
    let entries: Vec<Map<String, Value>> =
        serde_json::from_str(token_keys).map_err(|_| "TOKEN_KEYS is no JSON array of objects")?;
    let mut store: Map<String, Value> = Map::new();
    for entry in &entries {
        let member = |name: &str| entry.get(name).and_then(Value::as_str);
        if member("alg").is_some_and(|alg| alg != "HMAC 256/256") {
            continue;
        }
        let (Some(issuer), Some(kid), Some(secret)) = (member("issuer"), member("kid"), member("secret")) else {
            return Err("TOKEN_KEYS holds an entry without issuer, kid or secret".into());
        };
        let key = format!("{KEY_PREFIX}{kid}");
        let keys = store.entry(key.clone()).or_insert_with(|| json!({}));
        keys[issuer] = secret.into();
        if keys.to_string().len() > MOST_VALUE_BYTES {
            return Err(format!("{key} has more keys than a KeyValueStore takes in one value"));
        }
    }
    Ok(store)
}
