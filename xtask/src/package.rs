//! The signer as Lambda gets it: `target/lambda/signer.zip`, and `rotation.zip` for the rotation of its secrets. Each
//! holds one program, `bootstrap`: the name that the runtime provided.al2023 starts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::{remap, run, say, setup};

/// How to build it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// For x86-64 instead of arm64: the architecture of the functions must be the same
    #[arg(long = "x86-64")]
    pub(crate) x86_64: bool,
}

/// A kind of processor.
#[derive(Debug)]
struct Architecture {
    /// As Lambda calls it.
    name: &'static str,
    /// As rustc calls it.
    target: &'static str,
    /// As it stands in the header of a program: `e_machine` of ELF.
    machine: u16,
}

const ARM64: Architecture = Architecture { name: "arm64", target: "aarch64-unknown-linux-gnu", machine: 183 };
const X86_64: Architecture = Architecture { name: "x86_64", target: "x86_64-unknown-linux-gnu", machine: 62 };

/// The programs and their packages. The signer's own has the name of the file in the package.
const PROGRAMS: [(&str, &str); 2] = [("bootstrap", "signer.zip"), ("rotation", "rotation.zip")];

/// The C library of Amazon Linux 2023, which provided.al2023 runs on.
const GLIBC: (u32, u32) = (2, 34);

/// Debian's compiler, and the source of the library for it.
const DEBIAN: (&str, &str) = ("/usr/bin/rustc", "/usr/lib/rustlib/src/rust/library/std/Cargo.toml");

/// Builds the programs and packs them.
///
/// # Errors
/// The first failed command, or a program that the runtime would not start.
pub(crate) fn build(options: &Options) -> anyhow::Result<()> {
    let architecture = if options.x86_64 { &X86_64 } else { &ARM64 };
    setup::lambda_builder()?;
    let mut programs = PROGRAMS.to_vec();
    programs.retain(|(program, _)| *program == "bootstrap" || has_program(program));
    let folder = run::target().join("lambda");
    let built = folder.join("package").join(architecture.name);
    say::step(&format!("signer for {}: {}", architecture.name, names(&programs)), || {
        run::shown(&mut cargo(architecture, &programs, &built)?)
    })?;
    for (program, package) in programs {
        let file = built.join(program).join("bootstrap");
        let code = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        check(&code, architecture).with_context(|| format!("{} would not start", file.display()))?;
        pack(&file, &folder.join(package))?;
    }
    Ok(())
}

fn has_program(name: &str) -> bool {
    run::root().join(format!("signer-lambda/src/bin/{name}.rs")).exists()
}

fn names(programs: &[(&str, &str)]) -> String {
    let names: Vec<&str> = programs.iter().map(|(program, _)| *program).collect();
    names.join(", ")
}

/// cargo-lambda links with zig, which has the C library of every version: what is built here runs on Amazon Linux.
fn cargo(architecture: &Architecture, programs: &[(&str, &str)], built: &Path) -> anyhow::Result<Command> {
    let target = architecture.target;
    let compiler = compiler(target)?;
    // The program and not `cargo lambda`: cargo would put its own folder first, and another version could be there.
    let mut cargo = run::command(setup::lambda_builder_programs().join("cargo-lambda"));
    cargo.args(["lambda", "build", "--package", "clouddrop-signer-lambda", "--profile", "lambda", "--target", target]);
    for (program, _) in programs {
        cargo.args(["--bin", program]);
    }
    // What it would do to the profile stands in Cargo.toml, but for code for one model of processor, which gains nothing here.
    cargo.args(["--locked", "--skip-target-check", "--disable-optimizations", "--lambda-dir"]).arg(built);
    let mut path = vec![setup::lambda_builder_programs()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    cargo.env("PATH", std::env::join_paths(path)?);
    let rustc = match compiler {
        Compiler::Active => "rustc",
        Compiler::Debian => {
            // The library is compiled with the program; the option for that is called unstable.
            cargo.args(["-Z", "build-std=std,panic_abort"]).env("RUSTC", DEBIAN.0).env("RUSTC_BOOTSTRAP", "1");
            DEBIAN.0
        }
    };
    cargo.args(remap::arguments(target, || run::command(rustc))?);
    Ok(cargo)
}

/// Who compiles.
#[derive(Debug)]
enum Compiler {
    /// The active toolchain of rustup.
    Active,
    /// Debian's, with its source of the library.
    Debian,
}

fn compiler(target: &str) -> anyhow::Result<Compiler> {
    if setup::has_std(None, target) {
        return Ok(Compiler::Active);
    }
    let may_install = std::env::var("RUSTUP_AUTO_INSTALL").map_or(true, |value| value != "0");
    if may_install && run::shown(run::command("rustup").args(["target", "add", target])).is_ok() {
        return Ok(Compiler::Active);
    }
    let (compiler, source) = DEBIAN;
    if Path::new(compiler).exists() && Path::new(source).exists() {
        return Ok(Compiler::Debian);
    }
    bail!(
        "the standard library for {target} is missing: run rustup target add {target}; \
         where that is not possible, on Debian: apt-get install rustc-web rust-web-src"
    );
}

/// Whether the runtime can start a program: the right processor, and no newer C library than there is.
fn check(code: &[u8], architecture: &Architecture) -> anyhow::Result<()> {
    ensure!(code.starts_with(b"\x7fELF\x02\x01"), "it is no 64-bit little-endian ELF file");
    let machine = code.get(18..20).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    ensure!(machine == Some(architecture.machine), "it is not for {}: machine {machine:?}", architecture.name);
    let newest =
        glibc_versions(code).into_iter().max().context("it names no version of glibc: is it linked otherwise?")?;
    ensure!(
        newest <= GLIBC,
        "it needs glibc {}.{}, and Amazon Linux 2023 has {}.{}",
        newest.0,
        newest.1,
        GLIBC.0,
        GLIBC.1
    );
    Ok(())
}

/// The versions of symbols of glibc that a program names, `GLIBC_2.34` for example: in its table of strings they stand
/// as text. Text of that form elsewhere in the program would be counted too; that can only refuse too much.
fn glibc_versions(code: &[u8]) -> Vec<(u32, u32)> {
    const NAME: &[u8] = b"GLIBC_";
    let starts = code.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME);
    let texts = starts.map(|(at, _)| {
        let rest = &code[at + NAME.len()..];
        let end = rest.iter().position(|b| !b.is_ascii_digit() && *b != b'.').unwrap_or(rest.len());
        String::from_utf8_lossy(&rest[..end]).into_owned()
    });
    let version = |text: String| {
        let mut numbers = text.split('.').map(str::parse::<u32>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    texts.filter_map(version).collect()
}

/// One file in a zip that is the same whenever the file is.
fn pack(program: &Path, package: &Path) -> anyhow::Result<()> {
    let folder = program.parent().context("a program without a folder")?;
    let others = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).find(|path| path != program);
    if let Some(other) = others {
        bail!("{} is not part of the package: remove it", other.display());
    }
    let new = hidden(package);
    run::shown(run::command("python3").arg(run::root().join("tools/zip.py")).arg(&new).arg(folder))?;
    fs::rename(&new, package).with_context(|| format!("writing {}", package.display()))?;
    say::line(&format!("    {}: {} kB", package.display(), fs::metadata(package)?.len() / 1000));
    Ok(())
}

/// Beside `file`: renaming within a file system is one step.
fn hidden(file: &Path) -> PathBuf {
    file.with_file_name(format!(".{}.new", file.file_name().unwrap_or_default().to_string_lossy()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    /// The beginning of a program, and a table of strings.
    fn program(machine: u8, strings: &[&str]) -> Vec<u8> {
        let mut code = b"\x7fELF\x02\x01\x01".to_vec();
        code.resize(18, 0);
        code.extend([machine, 0]);
        for string in strings {
            code.push(0);
            code.extend(string.as_bytes());
        }
        code
    }

    #[test]
    fn a_program_for_amazon_linux_is_accepted() {
        check(&program(62, &["malloc", "GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_PRIVATE"]), &X86_64).unwrap();
        check(&program(183, &["GLIBC_2.17"]), &ARM64).unwrap();
    }

    #[test]
    fn what_would_not_start_there_is_refused() {
        let refusal = |code: &[u8]| check(code, &X86_64).unwrap_err().to_string();
        assert!(refusal(b"#!/bin/sh").contains("no 64-bit"));
        assert!(refusal(&program(183, &["GLIBC_2.17"])).contains("not for x86_64"));
        assert!(refusal(&program(62, &["malloc"])).contains("names no version"));
        // Numbers, not text: 2.9 is older than 2.34, and 2.100 newer.
        assert!(check(&program(62, &["GLIBC_2.9"]), &X86_64).is_ok());
        let newer = refusal(&program(62, &["GLIBC_2.2.5", "GLIBC_2.35"]));
        assert_eq!(newer, "it needs glibc 2.35, and Amazon Linux 2023 has 2.34");
        assert!(refusal(&program(62, &["GLIBC_2.100"])).contains("2.100"));
    }

    #[test]
    fn a_program_of_this_machine_names_its_c_library() {
        let this = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(!glibc_versions(&this).is_empty());
    }
}
