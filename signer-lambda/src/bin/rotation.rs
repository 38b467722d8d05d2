//! The rotation of the secrets, as a Lambda that AWS Secrets Manager calls.

use clouddrop_signer::log::Log;
use clouddrop_signer::now;
use clouddrop_signer::rotation::{Event, Rotation};
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use std::process::ExitCode;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let log = Log::to_stderr();
    let rotation = match Rotation::new(|name| std::env::var(name).ok()) {
        Ok(rotation) => Arc::new(rotation),
        Err(faults) => {
            for fault in faults.iter() {
                log.message(&format!("configuration: {} {}", fault.variable, fault.problem));
            }
            return ExitCode::FAILURE;
        }
    };
    let handler = service_fn(|event: LambdaEvent<Event>| {
        let rotation = Arc::clone(&rotation);
        async move {
            let step = event.payload.step;
            let performed = tokio::task::spawn_blocking(move || rotation.perform(&event.payload, now())).await;
            let performed = performed.unwrap_or_else(|_| Err("dropped".into()));
            let log = Log::to_stderr();
            match &performed {
                Ok(()) => log.write(&serde_json::json!({ "message": "rotation", "step": format!("{step:?}") })),
                Err(why) => log.write(&serde_json::json!({
                    "message": "rotation", "step": format!("{step:?}"), "reason": why, "alarm": true,
                })),
            }
            performed.map_err(std::io::Error::other)
        }
    });
    match run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.message(&format!("the Runtime API failed: {error}"));
            ExitCode::FAILURE
        }
    }
}
