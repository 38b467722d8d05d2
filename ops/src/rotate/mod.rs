//! `rotate-keys`: a new token key, without a link that breaks. The rule is [`clouddrop_core::rotation`]; here it is carried
//! out: the edge first, then a look whether every edge knows the key, then the signer, then a look whether it makes links with
//! it. Everything that is to be remembered stands in the two stores, so a run that was interrupted goes on when it is
//! started again.

mod first_key;
mod retire;
mod state;
mod store;

pub(crate) use first_key::Options as FirstKey;
pub(crate) use state::check;
pub(crate) use store::Store;

use crate::aws::now;
use crate::exit::{Exit, Failure, Result};
use crate::http::Ask;
use crate::out::{Out, plain};
use crate::page::{Api, Target, api_key};
use clouddrop_core::issue::Span;
use clouddrop_core::rotation::{Fresh, Ring};
use clouddrop_core::token::mint::Opens;
use clouddrop_core::token::{NewToken, mint};
use clouddrop_core::{ObjectPath, Seconds};
use serde_json::json;
use std::time::{Duration, Instant};

/// How often edge and signer are looked at.
const GLANCE: Duration = Duration::from_secs(1);
/// How many looks in a row must be good: several edges may answer.
const LOOKS: u32 = 5;
/// What the link that is looked at leads to; there is no such object.
const PROBE: &str = "clouddrop-rotate-probe";

/// What `rotate-keys` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// The edge's keys: a secret of Secrets Manager by name or ARN, or file:PATH with the value of TOKEN_KEYS
    #[arg(long, value_name = "STORE", required_unless_present = "retire")]
    edge: Option<Store>,
    /// The signer's keys: likewise
    #[arg(long, value_name = "STORE", required_unless_present = "retire")]
    signer: Option<Store>,
    /// The region of the secrets [default: AWS_REGION]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The longest life of a link: MAX_EXPIRY of the signer
    #[arg(long, value_name = "SPAN", default_value = "365d", value_parser = span)]
    longest: Seconds,
    /// Say what would be done, and change nothing
    #[arg(long)]
    plan: bool,
    /// For how long edges may go on with a secret that they have read before
    #[arg(long, value_name = "SECONDS", default_value_t = 330)]
    settle: u64,
    /// How long to wait for the edge to know the key, and for the signer to use it
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    wait: u64,
    /// End this key and every link made with it, now; nothing else is done
    #[arg(long, value_name = "KID", conflicts_with_all = ["edge", "signer", "plan"])]
    retire: Option<String>,
}

fn span(text: &str) -> std::result::Result<Seconds, String> {
    Span::parse(text).map(|span| span.0).ok_or_else(|| "must be a span like 365d".into())
}

/// Rotates, or retires.
///
/// # Errors
/// What stopped it; the same command goes on.
pub(crate) fn run(options: &Options) -> Result<Exit> {
    let out = Out { json: options.target.json };
    let api = Api::new(&options.target.url, Some(api_key()?));
    if let Some(id) = &options.retire {
        return retire::run(&api, out, id);
    }
    let (Some(edge), Some(signer)) = (&options.edge, &options.signer) else {
        return Err(Failure::usage("--edge and --signer name the stores"));
    };
    let told = api.must("GET", "keys", None)?;
    let issuer = told["issuer"].as_str().unwrap_or("").to_string();
    Rotation { options, out, api: &api, edge, signer, issuer }.run()
}

/// Makes the first key of the API.
///
/// # Errors
/// As [`first_key::run`].
pub(crate) fn first_key(options: &FirstKey) -> Result<Exit> {
    first_key::run(options)
}

struct Rotation<'a> {
    options: &'a Options,
    out: Out,
    api: &'a Api,
    edge: &'a Store,
    signer: &'a Store,
    issuer: String,
}

impl Rotation<'_> {
    fn run(&self) -> Result<Exit> {
        let region = self.options.region.as_deref();
        let (signer, edge) = (self.signer.keys(region)?, self.edge.keys(region)?);
        let Some(newest) = signer.names(&self.issuer).first().map(|key| key.id.clone()) else {
            return Err(Failure::failed(format!(
                "{} has no key of {}: is it the right one?",
                self.signer,
                plain(&self.issuer)
            )));
        };
        let ahead = edge.ahead_of(&signer, &self.issuer);
        if ahead.is_none() && signer.is_known_to(&edge, &self.issuer) && !edge.follows(&signer) {
            self.out.note(&format!("a rotation to {newest} was interrupted: finishing it"));
            if self.options.plan {
                return self.told(&newest, &["the signer is waited for", "the edge gets the ends of the old keys"]);
            }
            return self.finish(&newest, &signer, &edge);
        }
        let fresh = fresh()?;
        let next = ahead.clone().unwrap_or_else(|| fresh.id.as_str().into());
        if self.options.plan {
            let first = match &ahead {
                Some(_) => format!("{} has {next} already", self.edge),
                None => format!("{} gets {next}, first", self.edge),
            };
            let ends = now().after(self.options.longest);
            return self.told(
                &next,
                &[
                    &first,
                    "the edge is asked until it knows it",
                    &format!(
                        "{} gets it, first; {newest} and older ones end behind the last link, about {ends}",
                        self.signer
                    ),
                    "the signer is asked until it makes links with it",
                    "the edge gets the ends, and one more key for the next time",
                ],
            );
        }
        let edge = match ahead {
            Some(_) => edge,
            None => {
                let edge = edge.ahead_with(&signer, &self.issuer, &fresh, now());
                self.edge.put_keys(&edge, region)?;
                self.out.note(&format!("{next} is in {}", self.edge));
                edge
            }
        };
        self.until_the_edge_knows(&next, &edge)?;
        let signer = edge.promoted_to(&signer, &self.issuer, self.options.longest, now());
        self.signer.put_keys(&signer, region)?;
        self.out.note(&format!("{next} is in {}", self.signer));
        self.finish(&next, &signer, &edge)
    }

    /// What comes once the signer's store has the key.
    fn finish(&self, id: &str, signer: &Ring, edge: &Ring) -> Result<Exit> {
        self.until_the_signer_uses(id)?;
        let edge = edge.ahead_with(signer, &self.issuer, &fresh()?, now());
        self.edge.put_keys(&edge, self.options.region.as_deref())?;
        if let Store::File(path) = self.edge {
            let path = path.display();
            self.out
                .note(&format!("put the edge's keys in place once more: npx wrangler secret put TOKEN_KEYS < {path}"));
        }
        self.told(id, &["the signer makes links with it", "the edge has the ends of the old keys, and the next key"])
    }

    fn told(&self, id: &str, steps: &[&str]) -> Result<Exit> {
        let done = if self.options.plan { "would be done" } else { "done" };
        let told = json!({ "issuer": self.issuer, "key": id, "plan": self.options.plan, "steps": steps });
        self.out.result(&told, &format!("{done}, with the key {id}:\n- {}", steps.join("\n- ")))?;
        Ok(Exit::Done)
    }

    /// A link that is made here with the key, and leads nowhere, is asked for: an edge that does not know the key answers 401.
    fn until_the_edge_knows(&self, id: &str, edge: &Ring) -> Result<()> {
        if let Store::File(path) = self.edge {
            let path = path.display();
            self.out.note(&format!("now put it in place at the edge: npx wrangler secret put TOKEN_KEYS < {path}"));
        }
        let begun = Instant::now();
        // Each instance of Lambda@Edge goes on for a while with what it has read, and one link meets only some of them.
        let settle = match self.edge {
            Store::Secret(_) => Duration::from_secs(self.options.settle),
            Store::File(_) => Duration::ZERO,
        };
        let settings = Ask::get(format!("{}/settings.json", self.api.page()));
        let settings = self.api.client().send(&settings).map_err(|why| Failure::new(Exit::Unavailable, why))?;
        let settings = settings.json().unwrap_or_default();
        let files = settings["files"].as_str().ok_or_else(|| Failure::failed("the page names no files' host"))?;
        let mut good = 0;
        loop {
            let address = format!("{files}/d/{}", probe(id, edge, &self.issuer)?);
            let answer = self.api.client().send(&Ask::new("HEAD", address));
            let knows = answer.as_ref().is_ok_and(|answer| answer.status != 401 && answer.status < 500);
            good = if knows { good + 1 } else { 0 };
            if good >= LOOKS && begun.elapsed() >= settle {
                self.out.note(&format!("the edge knows {id}"));
                return Ok(());
            }
            if begun.elapsed() >= Duration::from_secs(self.options.wait).max(settle + GLANCE * LOOKS) {
                let seen = answer.map_or_else(|why| why, |answer| answer.status.to_string());
                let message = format!(
                    "the edge does not know {id} yet ({seen}): put it in place, and run the same command again"
                );
                return Err(Failure::failed(message));
            }
            std::thread::sleep(GLANCE);
        }
    }

    fn until_the_signer_uses(&self, id: &str) -> Result<()> {
        if let Store::File(path) = self.signer {
            self.out.note(&format!("now put it in place at the signer: TOKEN_KEYS is in {}", path.display()));
        }
        let begun = Instant::now();
        loop {
            let told = self.api.must("GET", "keys", None)?;
            let keys = told["keys"].as_array().cloned().unwrap_or_default();
            if keys.iter().any(|key| key["id"] == *id && key["state"] == "minting") {
                self.out.note(&format!("the signer makes links with {id}"));
                return Ok(());
            }
            if begun.elapsed() >= Duration::from_secs(self.options.wait) {
                let message = format!("the signer does not make links with {id} yet: run the same command again");
                return Err(Failure::failed(message));
            }
            std::thread::sleep(GLANCE);
        }
    }
}

/// A token for nothing, made with the key.
fn probe(id: &str, edge: &Ring, issuer: &str) -> Result<String> {
    let keys = edge.keys().map_err(|faults| Failure::failed(faults.to_string()))?;
    let path = ObjectPath::from_key(PROBE).map_err(|_| Failure::failed("a path that is none"))?;
    let mut token = [0; 16];
    getrandom::fill(&mut token).map_err(|_| Failure::failed("the system gives no random bytes"))?;
    let new = NewToken::new(token, Opens::Object(&path), now().after(Seconds(120)));
    let key = keys.of_issuer(issuer).find(|key| key.id().as_str() == id);
    let key = key.ok_or_else(|| Failure::failed(format!("{id} is not in the edge's keys")))?;
    mint(&new, key).map_err(|_| Failure::failed("no token can be made"))
}

fn fresh() -> Result<Fresh> {
    let (mut secret, mut name) = ([0; 32], [0; 4]);
    let filled = getrandom::fill(&mut secret).and_then(|()| getrandom::fill(&mut name));
    filled.map_err(|_| Failure::failed("the system gives no random bytes"))?;
    Ok(Fresh::new(secret, name, now()))
}
