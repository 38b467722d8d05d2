//! The command line.

use crate::exit;
use clap::{Args, Parser, Subcommand};
use clouddrop_core::issue::Span;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::str::FromStr;

/// Send files, share them by link, fetch them.
#[derive(Debug, Parser)]
#[command(name = "clouddrop", version, after_help = exit::HELP, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Print one JSON document in the place of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print neither progress nor remarks
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Which service and key of the configuration
    #[arg(long, global = true, value_name = "NAME", default_value = "default", env = "CLOUDDROP_PROFILE")]
    pub(crate) profile: String,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Keep a service's address and an API key, which is read from stdin or typed
    Login(Login),
    /// Send files or folders and print a link to them
    Put(Put),
    /// Fetch what a link opens; goes on where an earlier run stopped
    Get(Get),
    /// List files, the newest first
    Ls(Ls),
    /// List links, the newest first
    Shares(List),
    /// Make a link to a file that was sent before
    Share(Share),
    /// Give a link another end; prints the new link
    Extend(Extend),
    /// Take links back
    Revoke(Ids),
    /// Delete files and take back their links
    Rm(Ids),
    /// Make a link by which others send files in; `request ls` and `request close ID` look after them
    Request(Request),
    /// Show what happened to a link, the newest first
    Events(Events),
    /// Throw away uploads that were not finished
    Abort(Abort),
    /// Make, read and check tokens, offline
    Token {
        #[command(subcommand)]
        act: Token,
    },
    /// Show what is configured, without the key
    Config,
    /// Find out whether everything works
    Doctor,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or the one of a command
    Man {
        /// The command, like `put`
        verb: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The page's address
    #[arg(env = crate::config::URL_VARIABLE, help = "The page's address, like https://share.example.com")]
    pub(crate) url: String,
}

/// What a link allows.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// When it ends: 30m, 12h, 7d, 2w, or a date [default: what the service says, 7d]
    #[arg(short, long, value_name = "TIME")]
    pub(crate) expires: Option<End>,
    /// How many downloads there may be
    #[arg(short, long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) downloads: Option<u64>,
    /// Read a password from stdin, or ask for it; CLOUDDROP_PASSWORD does as well
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// A note, for you only
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Where clients may be: 203.0.113.0/24, 2001:db8::/32, AS64500; may be given again
    #[arg(long = "network", value_name = "NETWORK")]
    pub(crate) networks: Vec<String>,
    /// Which country they may be in: SE, US-CA; may be given again
    #[arg(long = "country", value_name = "COUNTRY")]
    pub(crate) countries: Vec<String>,
    /// Show it in the browser, if its type is a harmless one
    #[arg(long)]
    pub(crate) inline: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Put {
    /// What to send
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) terms: Terms,
    /// Another name for the file
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Make no link; prints the ids of the files
    #[arg(long)]
    pub(crate) no_share: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The link
    pub(crate) link: String,
    /// The file, or the folder for it; `-` for stdout
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Refuse anything but a file with this SHA-256, in hexadecimal
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<String>,
    /// Read the link's password from stdin, or ask for it; CLOUDDROP_PASSWORD does as well
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// How many, at most; 0 for all
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 50)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Ls {
    #[command(flatten)]
    pub(crate) list: List,
    /// Only names that hold this
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Share {
    /// The file's id, or its name if only one file has it
    pub(crate) file: String,
    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Args)]
pub(crate) struct Extend {
    /// The link, or its id
    pub(crate) share: String,
    /// When it ends: 30m, 12h, 7d, 2w, or a date
    #[arg(short, long, value_name = "TIME", default_value = "7d")]
    pub(crate) expires: End,
}

#[derive(Debug, Args)]
pub(crate) struct Ids {
    /// Ids, as the lists show them
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Request {
    #[command(subcommand)]
    pub(crate) act: Option<RequestAct>,
    /// What it is for: guests are told
    pub(crate) note: Option<String>,
    /// Until when it takes files: 30m, 12h, 7d, 2w, or a date
    #[arg(short, long, value_name = "TIME")]
    pub(crate) expires: Option<End>,
    /// The most files
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_files: Option<u64>,
    /// The most bytes of one file: 500M, 2G
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_file_size: Option<Bytes>,
    /// The most bytes of all files
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_size: Option<Bytes>,
    /// A type that is taken: image/*, application/pdf; may be given again
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RequestAct {
    /// List the links by which others send files in
    Ls(List),
    /// Close some of them
    Close(Ids),
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    /// The link, or its id
    pub(crate) share: String,
    #[command(flatten)]
    pub(crate) list: List,
}

#[derive(Debug, Args)]
pub(crate) struct Abort {
    /// Every upload whose grant has ended, of this and of other machines
    #[arg(long, required = true)]
    pub(crate) stale: bool,
    /// Those, too, that were begun longer ago than this
    #[arg(long, value_name = "TIME")]
    pub(crate) older_than: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Print what a token says; checks nothing
    Inspect {
        /// The token, or the link that it is in; `-` for stdin
        token: String,
    },
    /// Check a token with the keys in CLOUDDROP_TOKEN_KEYS or on stdin, as an edge has them in TOKEN_KEYS
    Verify {
        /// The token, or the link that it is in
        token: String,
        /// Check at this time, in seconds since 1970
        #[arg(long, value_name = "SECONDS")]
        at: Option<u64>,
    },
    /// Make a token with the newest of the keys in CLOUDDROP_TOKEN_KEYS or on stdin
    Mint {
        /// What it opens: a file's key, or a folder with its closing slash
        key: String,
        /// How long it lives
        #[arg(short, long, value_name = "TIME", default_value = "1h")]
        expires: String,
        /// The deployment that it is for
        #[arg(long, value_name = "ID")]
        audience: Option<String>,
        /// How many downloads there may be
        #[arg(short, long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
        downloads: Option<u64>,
    },
}

/// When something ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum End {
    In(String),
    At(String),
}

impl FromStr for End {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if Span::parse(text).is_some() {
            return Ok(Self::In(text.into()));
        }
        let is_date = |text: &str| {
            text.len() == 10
                && text
                    .bytes()
                    .enumerate()
                    .all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() })
        };
        match text {
            // A day ends with its last second.
            date if is_date(date) => Ok(Self::At(format!("{date}T23:59:59Z"))),
            moment if moment.len() >= 20 && is_date(&moment[..10]) && moment.is_ascii() => Ok(Self::At(moment.into())),
            _ => Err("not a time: write 30m, 12h, 7d, 2w, or a date like 2030-12-31".into()),
        }
    }
}

impl End {
    /// The API's name for it.
    pub(crate) const fn field(&self) -> &'static str {
        match self {
            Self::In(_) => "expires_in",
            Self::At(_) => "expires_at",
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::In(text) | Self::At(text) => json!(text),
        }
    }
}

/// A number of bytes: digits and, if one likes, K, M, G or T, of 1024 each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bytes(pub(crate) u64);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || "not a size: write bytes, or 500M, 2G".to_string();
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
            "" | "B" => 0,
            "K" | "KB" | "KIB" => 10,
            "M" | "MB" | "MIB" => 20,
            "G" | "GB" | "GIB" => 30,
            "T" | "TB" | "TIB" => 40,
            _ => return Err(fault()),
        };
        let number: u64 = digits.parse().map_err(|_| fault())?;
        number.checked_mul(1 << shift).map(Self).ok_or_else(fault)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn times_and_sizes_are_read_as_people_write_them() {
        assert_eq!("7d".parse(), Ok(End::In("7d".into())));
        assert_eq!("2030-12-31".parse(), Ok(End::At("2030-12-31T23:59:59Z".into())));
        assert_eq!("2030-12-31T12:00:00Z".parse(), Ok(End::At("2030-12-31T12:00:00Z".into())));
        for bad in ["", "7", "7 days", "tomorrow", "2030-1-1", "2030/12/31"] {
            assert!(bad.parse::<End>().is_err(), "{bad}");
        }
        for (text, bytes) in
            [("0", 0), ("1000", 1000), ("2K", 2048), ("3mb", 3 << 20), ("1GiB", 1 << 30), ("5T", 5 << 40)]
        {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        for bad in ["", "K", "1.5G", "-1", "1X", "99999999999T"] {
            assert!(bad.parse::<Bytes>().is_err(), "{bad}");
        }
    }
}
