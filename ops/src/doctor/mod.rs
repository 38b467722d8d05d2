//! `doctor`: looks for what would break a deployment's promises. What it cannot look at, for want of a key or of
//! credentials, it says is not checked; that is never green.

mod bucket;
mod edge;
mod links;
mod tls;
mod xml;

use crate::aws::{Bucket, now};
use crate::checks::{Report, Seen, not_checked};
use crate::exit::{Exit, Failure, Result};
use crate::http::Client;
use crate::out::Out;
use crate::page::{Api, KEY_VARIABLE, Target, api_key};
use crate::rotate::{self, Store};
use clouddrop_core::{Seconds, UnixTime};
use serde_json::json;
use std::time::Duration;

const NO_KEY: &str = "no API key: set CLOUDDROP_API_KEY";
/// How long before their end temporary credentials are told of.
const SOON: Seconds = Seconds(900);

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// Look at this bucket's settings, with the credentials of AWS in the environment
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// The bucket's region [default: AWS_REGION]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The folder of records, as the edge has it
    #[arg(long, value_name = "PREFIX", default_value = "records/")]
    records_prefix: String,
    /// Look at the edge's token keys, too: a secret of Secrets Manager, or file:PATH, as for rotate-keys
    #[arg(long, value_name = "STORE", requires = "signer")]
    edge: Option<Store>,
    /// And at the signer's
    #[arg(long, value_name = "STORE", requires = "edge")]
    signer: Option<Store>,
    /// After how many seconds a link that was taken back must be refused
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    revoked_within: u64,
    /// Do not send and delete a small file
    #[arg(long)]
    read_only: bool,
}

/// Looks.
///
/// # Errors
/// A check failed.
pub(crate) fn run(options: &Options) -> Result<Exit> {
    let out = Out { json: options.target.json };
    let mut report = Report::new(out);
    let client = Client::new(Duration::from_secs(20));
    let page = options.target.url.as_str();
    from_outside(&mut report, &client, page);
    let key = std::env::var(KEY_VARIABLE).is_ok_and(|text| !text.is_empty()).then(api_key).transpose()?;
    let api = key.map(|key| Api::new(page, Some(key)));
    with_key(&mut report, api.as_ref(), options);
    with_credentials(&mut report, options);
    let ended = report.tell(page, &json!({}))?;
    match report.failed()[..] {
        [] => Ok(ended),
        ref failed => Err(Failure::failed(format!("failed: {}", failed.join("; ")))),
    }
}

fn from_outside(report: &mut Report, client: &Client, page: &str) {
    let mut files = None;
    report.check("page and files are on hosts of their own", || {
        let found = edge::hosts(client, page)?;
        files = Some(found.clone());
        Ok(found)
    });
    report.check("the edge's clock", || edge::clock(client, page));
    report.check("TLS of the page's host", || tls::check(page, now()));
    let known = |act: &dyn Fn(&str) -> Seen| match &files {
        Some(files) => act(files),
        None => not_checked("the files' host is not known"),
    };
    report.check("TLS of the files' host", || known(&|files| tls::check(files, now())));
    report.check("headers", || known(&|files| edge::headers(client, page, files)));
    report.check("no cache before the edge", || known(&|files| edge::caches(client, files)));
    report.check("nothing transforms replies", || known(&|files| edge::transforms(client, page, files)));
}

fn with_key(report: &mut Report, api: Option<&Api>, options: &Options) {
    let keyed = |act: &dyn Fn(&Api) -> Seen| api.map_or_else(|| not_checked(NO_KEY), act);
    report.check("token keys", || keyed(&links::keys));
    report.check("token keys in the stores", || keyed(&|api| stored_keys(api, options)));
    report.check("the way of a link: key, revocation list, identity, bucket", || keyed(&links::way));
    report.check("the revocation list has room", || keyed(&links::revocations));
    report.check("the tick", || keyed(&links::tick));
    report.check("a link that is taken back is served by no cache", || match options.read_only {
        true => not_checked("--read-only"),
        false => keyed(&|api| links::cache(api, Duration::from_secs(options.revoked_within))),
    });
}

fn stored_keys(api: &Api, options: &Options) -> Seen {
    let (Some(edge), Some(signer)) = (&options.edge, &options.signer) else {
        return not_checked("no stores: name them by --edge and --signer");
    };
    let told = api.must("GET", "keys", None).map_err(|failure| failure.message)?;
    rotate::check(edge, signer, options.region.as_deref(), told["issuer"].as_str().unwrap_or(""), now())
}

fn with_credentials(report: &mut Report, options: &Options) {
    let bucket = match &options.bucket {
        None => Err("no bucket: name it by --bucket".to_string()),
        Some(name) => Bucket::new(name, options.region.as_deref()).map_err(|failure| failure.message),
    };
    let of = |act: &dyn Fn(&Bucket) -> Seen| match &bucket {
        Ok(bucket) => act(bucket),
        Err(why) => not_checked(why.clone()),
    };
    report.check(
        "these credentials' end",
        || if bucket.is_ok() { credentials_end() } else { of(&|_| Ok(String::new())) },
    );
    let origin = bucket::origin(&options.target.url);
    for (name, setting, rule) in bucket::SETTINGS {
        report.check(name, || of(&|bucket| bucket::check(bucket, setting, &origin, rule)));
    }
    report
        .check("bucket: nothing without a signature, and S3's clock", || of(&|bucket| bucket::unsigned(bucket, now())));
    let list = format!("{}revoked", options.records_prefix);
    report.check("bucket: the revocation list", || of(&|bucket| bucket::revocation_list(bucket, &list)));
}

/// `aws configure export-credentials --format env` tells it.
fn credentials_end() -> Seen {
    let is_temporary = std::env::var("AWS_SESSION_TOKEN").is_ok_and(|text| !text.is_empty());
    let told = std::env::var("AWS_CREDENTIAL_EXPIRATION").unwrap_or_default();
    match UnixTime::from_rfc3339(&told) {
        None if !is_temporary => Ok("they are for long: better temporary ones".into()),
        None => not_checked("temporary, and AWS_CREDENTIAL_EXPIRATION does not say until when"),
        Some(end) if end <= now() => Err(format!("they ended at {end}").into()),
        Some(end) if end <= now().after(SOON) => {
            Err(format!("they end at {end}, in less than a quarter of an hour").into())
        }
        Some(end) => Ok(format!("at {end}")),
    }
}
