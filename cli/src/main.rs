//! `clouddrop`: send files, share them, fetch them. It speaks the published API and what links say, nothing else.

mod api;
mod args;
mod config;
mod doctor;
mod exit;
mod failure;
mod get;
mod hash;
mod look_after;
mod out;
mod put;
mod secrets;
mod token;
mod transfer;

use anyhow::Context as _;
use api::Api;
use args::{Arguments, Login, Verb};
use clap::{CommandFactory as _, Parser as _};
use config::Profile;
use exit::Exit;
use failure::{Failure, Result};
use out::Out;
use serde_json::json;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let out = Out::new(arguments.json, arguments.quiet);
    stop_on_interrupt(&arguments);
    match perform(&arguments, &out) {
        Ok(()) => Exit::Done.into(),
        // Whoever read the result has read enough.
        Err(failure) if failure.exit == Exit::Done => Exit::Done.into(),
        Err(failure) => {
            out::error(arguments.json, &failure);
            failure.exit.into()
        }
    }
}

fn perform(arguments: &Arguments, out: &Out) -> Result<()> {
    let api = || config::profile(&arguments.profile).map(Api::new);
    match &arguments.verb {
        Verb::Login(login) => log_in(out, login, &arguments.profile),
        Verb::Put(put) => {
            let api = api()?;
            put::run(&api, out, put, password_for(out, &put.terms)?)
        }
        Verb::Get(get) => get::run(out, get),
        Verb::Ls(ls) => look_after::files(&api()?, out, ls),
        Verb::Shares(list) => look_after::shares(&api()?, out, list),
        Verb::Share(share) => {
            let api = api()?;
            look_after::share(&api, out, share, password_for(out, &share.terms)?)
        }
        Verb::Extend(extend) => look_after::extend(&api()?, out, extend),
        Verb::Revoke(ids) => look_after::revoke(&api()?, out, ids),
        Verb::Rm(ids) => look_after::remove(&api()?, out, ids),
        Verb::Request(request) => look_after::request(&api()?, out, request),
        Verb::Events(events) => look_after::events(&api()?, out, events),
        Verb::Abort(abort) => look_after::abort(&api()?, out, abort),
        Verb::Token { act } => token::run(out, act),
        Verb::Config => show_config(out, &arguments.profile),
        Verb::Doctor => doctor::run(out, &arguments.profile),
        Verb::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "clouddrop", &mut text);
            write_raw(&text)
        }
        Verb::Man { verb } => write_raw(&man_page(verb.as_deref())?),
    }
}

fn man_page(verb: Option<&str>) -> Result<Vec<u8>> {
    let mut command = Arguments::command();
    // Only then do the commands know the options that all of them have.
    command.build();
    if let Some(verb) = verb {
        let found = command.find_subcommand(verb).cloned();
        let found = found.ok_or_else(|| Failure::usage(format!("there is no command {}", out::plain(verb))))?;
        command = found.display_name(format!("clouddrop-{verb}"));
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text).context("writing the page")?;
    Ok(text)
}

fn write_raw(text: &[u8]) -> Result<()> {
    io::stdout().lock().write_all(text).context("writing to stdout")?;
    Ok(())
}

/// The password of a new link. One in the environment counts without being asked for: a link that is open against the
/// sender's will cannot be mended, one that is closed can.
fn password_for(out: &Out, terms: &args::Terms) -> Result<Option<String>> {
    let password = secrets::of_environment();
    if password.is_some() {
        out.note("the link opens with the password in CLOUDDROP_PASSWORD");
        return Ok(password);
    }
    if terms.password_stdin { secrets::password(true) } else { Ok(None) }
}

/// Tries a key, and keeps it if it is taken.
fn log_in(out: &Out, login: &Login, name: &str) -> Result<()> {
    config::check_url(&login.url)?;
    let url = login.url.trim_end_matches('/').to_string();
    let profile = Profile { url, api_key: secrets::api_key()? };
    let account = Api::new(profile.clone()).get("account")?;
    let mut file = config::read()?;
    file.profiles.insert(name.into(), profile.clone());
    let path = config::write(&file)?;
    let who = out::plain(account["name"].as_str().unwrap_or(""));
    let role = account["role"].as_str().unwrap_or("");
    let told = json!({ "url": profile.url, "profile": name, "name": who, "role": role, "file": path });
    let text = format!("signed in to {} as {who} ({role}); kept in {}", profile.url, path.display());
    out.result(&told, &text).context("writing the result")?;
    Ok(())
}

fn show_config(out: &Out, name: &str) -> Result<()> {
    let path = config::path()?;
    let file = config::read()?;
    let profiles: Vec<_> =
        file.profiles.iter().map(|(name, profile)| json!({ "name": name, "url": profile.url })).collect();
    let mut text = format!("file      {}\nuploads   {}\n", path.display(), config::state_folder()?.display());
    for (name, profile) in &file.profiles {
        text.push_str(&format!("profile   {name}: {}\n", profile.url));
    }
    match config::profile(name) {
        Ok(profile) => text.push_str(&format!("in use    {}\n", profile.url)),
        Err(failure) => text.push_str(&format!("in use    nothing: {failure}\n")),
    }
    let told = json!({ "file": path, "uploads": config::state_folder()?, "profiles": profiles });
    out.result(&told, &text).context("writing the configuration")?;
    Ok(())
}

/// What was begun can be gone on with at any moment: Ctrl-C only has to say so.
fn stop_on_interrupt(arguments: &Arguments) {
    let resumes = match &arguments.verb {
        Verb::Put(_) => true,
        // What went to stdout is not there to go on with.
        Verb::Get(get) => get.output.as_deref() != Some(Path::new("-")),
        _ => false,
    };
    let json = arguments.json;
    // Without the handler the system ends the program all the same.
    let _ = ctrlc::set_handler(move || {
        let words = if resumes { "interrupted: the same command goes on where it stopped" } else { "interrupted" };
        out::error(json, &Failure::new(Exit::Interrupted, words));
        #[expect(clippy::exit, reason = "there is nothing to be cleaned up")]
        std::process::exit(Exit::Interrupted as i32);
    });
}
