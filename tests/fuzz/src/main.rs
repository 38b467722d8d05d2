//! Fuzz targets for `clouddrop-core`: one program for all of them, run by `cargo xtask fuzz`.
//!
//! libFuzzer owns `main`, so what to do comes by environment: [`TARGET`] names the target, and with [`SEEDS`] its
//! seeds are written into that folder in the place of a run. `list` as the target prints the names.
#![no_main]

mod cbor;
mod seeds;
mod targets;

use std::path::Path;
use std::sync::OnceLock;
use targets::{TARGETS, Target};

/// The variable that names the target.
const TARGET: &str = "CLOUDDROP_FUZZ_TARGET";
/// The variable that names the folder for seeds.
const SEEDS: &str = "CLOUDDROP_FUZZ_SEEDS";

static CHOSEN: OnceLock<&Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(init: choose(), |data: &[u8]| {
    if let Some(target) = CHOSEN.get() {
        (target.run)(data);
    }
});

fn choose() {
    let name = std::env::var(TARGET).unwrap_or_default();
    if name == "list" {
        TARGETS.iter().for_each(|target| println!("{}\t{}", target.name, target.about));
        std::process::exit(0);
    }
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        eprintln!("{TARGET} names no target: {name:?}");
        std::process::exit(2);
    };
    if let Some(folder) = std::env::var_os(SEEDS) {
        match write_seeds(target, Path::new(&folder)) {
            Ok(count) => println!("{count}"),
            Err(error) => {
                eprintln!("seeds of {name}: {error}");
                std::process::exit(2);
            }
        }
        std::process::exit(0);
    }
    let _ = CHOSEN.set(target);
}

fn write_seeds(target: &Target, folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let seeds = (target.seeds)();
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("{number:04}")), seed)?;
    }
    Ok(seeds.len())
}
