//! `clouddrop-first-door CONFIG ESBUILD [ISSUER...]` writes the function's code to standard output; `ESBUILD` is the
//! program that squeezes it. `clouddrop-first-door --keys` reads the value of `TOKEN_KEYS` and writes the `Puts` for `aws cloudfront-keyvaluestore update-keys`.

use std::io::{self, Read as _, Write as _};
use std::process::{Command, ExitCode};

use clouddrop_first_door::{render, squeeze, store_of};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let result = perform(std::env::args().skip(1).collect());
    let result = result.and_then(|text| io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: Vec<String>) -> Result<String, String> {
    let mut arguments = arguments.into_iter();
    let first = arguments.next().ok_or("name the file of the configuration, or --keys")?;
    if first == "--keys" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
        let puts: Vec<Value> = store_of(&text)?
            .into_iter()
            .map(|(key, value)| json!({ "Key": key, "Value": value.to_string() }))
            .collect();
        return Ok(Value::from(puts).to_string());
    }
    let text = std::fs::read_to_string(&first).map_err(|error| format!("{first}: {error}"))?;
    let config: Value = serde_json::from_str(&text).map_err(|error| format!("{first} is no JSON: {error}"))?;
    let esbuild = arguments.next().ok_or("name the program esbuild")?;
    squeeze(&render(&config, &arguments.collect::<Vec<_>>())?, &mut Command::new(esbuild))
}
