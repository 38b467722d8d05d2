//! What the program says to every mistake and without any service, word by word. `TRYCMD=overwrite` writes the
//! transcripts anew: read what changed.

#[test]
fn what_is_said_without_a_service_is_as_it_was() {
    let home = tempfile::tempdir().map(|folder| folder.keep());
    let cases = trycmd::TestCases::new();
    if let Ok(home) = home {
        cases.env("HOME", home.to_string_lossy());
        cases.insert_var("[HOME]", home.to_string_lossy().into_owned()).ok();
    }
    // Nothing of this machine shows.
    for name in ["CLOUDDROP_URL", "CLOUDDROP_API_KEY", "CLOUDDROP_PASSWORD", "CLOUDDROP_PROFILE"] {
        cases.env(name, "");
    }
    cases.case(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts/offline/*.trycmd"));
}
