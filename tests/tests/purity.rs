//! Proves that core is pure: it depends on what is listed here and nothing else, its clock and environment calls are
//! forbidden by lint and hidden by `no_std`, and as a wasm module it asks its host for nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::files::repository;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Names another toolchain than the one that `cargo xtask setup` links, for machines where rustup has the target.
const TOOLCHAIN_VARIABLE: &str = "CLOUDDROP_WASM_TOOLCHAIN";
const TOOLCHAIN: &str = "clouddrop-wasm";

/// All that core may depend on, on any target, and what for.
const ALLOWED: &[(&str, &str)] = &[
    ("base64", "base64url of tokens and keys"),
    ("block-buffer", "of sha2"),
    ("cfg-if", "of sha2 and cpufeatures"),
    ("clouddrop-core", "itself"),
    ("cmov", "of ctutils: constant-time selection"),
    ("const-oid", "of digest"),
    ("cpufeatures", "of sha2: picks the hash instructions of the processor"),
    ("crypto-common", "of digest"),
    ("ctutils", "of digest: constant-time comparison"),
    ("digest", "of hmac and sha2"),
    ("hmac", "tags of tokens and signatures"),
    ("hybrid-array", "of digest"),
    ("libc", "of cpufeatures on aarch64 only, to ask the system for processor features"),
    ("proc-macro2", "at build time"),
    ("quote", "at build time"),
    ("serde", "the API's JSON"),
    ("serde_core", "of serde"),
    ("serde_derive", "at build time"),
    ("sha2", "hashes"),
    ("subtle", "constant-time comparison"),
    ("syn", "at build time"),
    ("typenum", "of hybrid-array"),
    ("unicode-ident", "at build time"),
    ("zeroize", "wiping"),
    ("zeroize_derive", "at build time"),
];
/// What the feature `sigv4a` adds to that.
const ALLOWED_WITH_SIGV4A: &[(&str, &str)] = &[
    ("base16ct", "of sec1"),
    ("cpubits", "of crypto-bigint: how wide its words are"),
    ("crypto-bigint", "of p256: numbers in constant time"),
    ("der", "of ecdsa: how a signature is written"),
    ("ecdsa", "of p256"),
    ("elliptic-curve", "of p256"),
    ("ff", "of elliptic-curve"),
    ("group", "of elliptic-curve"),
    ("num-traits", "of crypto-bigint"),
    ("p256", "signatures by SigV4A"),
    ("primefield", "of p256"),
    ("primeorder", "of p256"),
    ("rand_core", "of crypto-bigint, ff and signature: traits for who brings randomness, which nobody does"),
    ("rfc6979", "of ecdsa: nonces without randomness"),
    ("sec1", "of elliptic-curve: how a point is written"),
    ("signature", "of ecdsa"),
    ("wnaf", "of primeorder"),
];
/// Allowed and not needed on every lock: what a small update may bring and take.
const MAY_BE_ABSENT: &[&str] = &["const-oid"];

/// What must be forbidden to core by its clippy.toml.
const FORBIDDEN: &[&str] = &[
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "std::env::var",
    "std::env::var_os",
    "std::env::vars",
    "std::fs::read",
    "std::fs::write",
];

#[test]
fn core_depends_on_what_is_listed_and_nothing_else() {
    assert_depends_on(&[ALLOWED], &[]);
    assert_depends_on(&[ALLOWED, ALLOWED_WITH_SIGV4A], &["--features", "sigv4a"]);
}

fn assert_depends_on(lists: &[&[(&str, &str)]], features: &[&str]) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--package", "clouddrop-core", "--edges", "normal", "--target", "all", "--prefix", "none"])
        .args(["--format", "{p}|{f}", "--locked"])
        .args(features)
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list: Vec<(&str, &str)> = lists.concat();
    let mut found = BTreeSet::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (package, features) = line.split_once('|').unwrap();
        let name = package.split(' ').next().unwrap();
        let build_time = list.iter().any(|(allowed, why)| *allowed == name && *why == "at build time");
        let on = |wanted: &str| features.trim_end_matches(" (*)").split(',').any(|feature| feature == wanted);
        assert!(build_time || !on("std"), "{name} has its feature std on");
        assert!(!on("getrandom"), "{name} has a source of randomness");
        found.insert(name.to_string());
    }
    let allowed: BTreeSet<String> = list.iter().map(|(name, _)| (*name).to_string()).collect();
    let new: Vec<&String> = found.difference(&allowed).collect();
    assert!(new.is_empty(), "not allowed in core: {new:?}");
    let gone: Vec<&String> =
        allowed.difference(&found).filter(|name| !MAY_BE_ABSENT.contains(&name.as_str())).collect();
    assert!(gone.is_empty(), "allowed and not needed any more: {gone:?}");
}

#[test]
fn clock_and_environment_are_out_of_reach() {
    let core = repository().join("core");
    let read = |name: &str| std::fs::read_to_string(core.join(name)).unwrap();
    let lib = read("src/lib.rs");
    // The schemas are derived for tests only: no program of ours turns them on.
    assert!(lib.lines().any(|line| line == "#![cfg_attr(not(feature = \"schema\"), no_std)]"));
    assert!(!lib.contains("extern crate std"));
    for room in ["worker", "signer-lambda", "bench", "bench/signer", "dev-s3", "xtask"] {
        let manifest = std::fs::read_to_string(repository().join(room).join("Cargo.toml")).unwrap();
        let shipped = manifest.split("[dev-dependencies]").next().unwrap();
        assert!(!shipped.contains("\"schema\""), "{room} turns the schemas on");
    }
    // The Worker's module stays small: docs/design.md says who signs by SigV4A.
    for room in ["edge", "worker", "signer-lambda", "cli"] {
        let manifest = std::fs::read_to_string(repository().join(room).join("Cargo.toml")).unwrap();
        assert!(!manifest.contains("\"sigv4a\""), "{room} turns SigV4A on");
    }
    assert!(std::fs::read_to_string(repository().join("lambda-edge/Cargo.toml")).unwrap().contains("\"sigv4a\""));
    let clippy = read("clippy.toml");
    for path in FORBIDDEN {
        assert!(clippy.contains(&format!("path = \"{path}\"")), "{path} is not forbidden");
    }
    assert!(read("Cargo.toml").contains("[lints]\nworkspace = true"));
}

#[test]
fn the_wasm_module_imports_nothing() {
    let without = code_of_pure_module(&[]);
    let with = code_of_pure_module(&["--features", "sigv4a"]);
    assert!(with > without + 20_000, "{with} bytes of code with SigV4A, {without} without: it is not in it");
}

/// Builds the module, sees that it imports nothing, and says how many bytes of code are in it.
fn code_of_pure_module(features: &[&str]) -> usize {
    let module = build(features);
    let sections = sections(&module);
    // The module is whole, and not emptied by the linker: it has code, and exports what was asked for.
    let exports = sections.iter().find(|(id, _)| *id == EXPORT_SECTION).map(|(_, content)| *content).unwrap();
    assert!(exports.windows(4).any(|name| name == b"\x03run"));
    let code = sections.iter().find(|(id, _)| *id == CODE_SECTION).map_or(0, |(_, content)| content.len());
    assert!(code > 50_000, "only {code} bytes of code: the rules are not in it");
    let imports: Vec<u64> =
        sections.iter().filter(|(id, _)| *id == IMPORT_SECTION).map(|(_, content)| leb(content).0).collect();
    assert!(imports.iter().all(|count| *count == 0), "core asks its host for {imports:?} things");
    code
}

#[test]
fn the_wasm_module_is_made_of_the_same_versions() {
    let locked = |path: &str| -> BTreeSet<String> {
        let text = std::fs::read_to_string(repository().join(path)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let packages = lines.windows(2).filter(|pair| pair[0].starts_with("name = "));
        packages.map(|pair| format!("{} {}", pair[0], pair[1])).filter(|line| !line.contains("\"clouddrop-")).collect()
    };
    let (ours, workspace) = (locked("tests/purity/Cargo.lock"), locked("Cargo.lock"));
    let other: Vec<&String> = ours.difference(&workspace).collect();
    assert!(!ours.is_empty() && other.is_empty(), "copy Cargo.lock to tests/purity and build there: {other:?}");
}

#[test]
fn an_import_would_be_seen() {
    // (module (import "a" "b" (func))), in binary.
    let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x07\x01\x01a\x01b\0\0";
    let sections = sections(module);
    assert_eq!(sections.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, IMPORT_SECTION]);
    assert_eq!(leb(sections[1].1).0, 1);
    assert_eq!(leb(&[0xe5, 0x8e, 0x26]), (624_485, 3));
}

const IMPORT_SECTION: u8 = 2;
const EXPORT_SECTION: u8 = 7;
const CODE_SECTION: u8 = 10;

/// Builds `tests/purity` for wasm and reads the module. One build after another: they have one place.
fn build(features: &[&str]) -> Vec<u8> {
    let toolchain = std::env::var(TOOLCHAIN_VARIABLE).unwrap_or_else(|_| TOOLCHAIN.into());
    let target = repository().join("target").join("purity");
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("purity");
    // Not the cargo that runs this test: rustup's own, which picks the toolchain.
    let output = Command::new("cargo")
        .args(["build", "--locked", "--target", "wasm32-unknown-unknown"])
        .args(features)
        .current_dir(&package)
        .env("RUSTUP_TOOLCHAIN", &toolchain)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .output()
        .unwrap_or_else(|error| panic!("cargo: {error}"));
    assert!(
        output.status.success(),
        "toolchain {toolchain} does not build for wasm: run `cargo xtask setup`, or name one that has the target in {TOOLCHAIN_VARIABLE}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::read(target.join("wasm32-unknown-unknown/debug/clouddrop_purity.wasm")).unwrap()
}

/// The sections of a wasm module by their id (WebAssembly core specification, section 5.5).
fn sections(module: &[u8]) -> Vec<(u8, &[u8])> {
    let mut rest = module.strip_prefix(b"\0asm\x01\0\0\0").unwrap();
    let mut found = Vec::new();
    while let Some((id, tail)) = rest.split_first() {
        let (length, used) = leb(tail);
        let (content, after) = tail[used..].split_at(usize::try_from(length).unwrap());
        found.push((*id, content));
        rest = after;
    }
    found
}

/// An unsigned LEB128 number, and how many bytes it took.
fn leb(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return (value, place + 1);
        }
    }
    panic!("a number without an end");
}
