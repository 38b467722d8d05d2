//! Proves that the Worker, which cannot sign by SigV4A, says so of a configuration that needs it.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::config::config;
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_multi_region_access_point_is_a_fault_that_says_what_is_missing() {
    let origin = "https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com";
    let records = "https://bucket.s3.eu-west-1.amazonaws.com";
    let changes = json!({"ORIGIN": origin, "REGION": "*", "RECORDS_ORIGIN": records, "RECORDS_REGION": "eu-west-1"});
    let faults = config(changes.as_object().unwrap()).unwrap_err();
    assert!(faults.starts_with("REGION is *, which needs SigV4A") && !faults.contains('\n'), "{faults}");
}
