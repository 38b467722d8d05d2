//! The signer as a Lambda: calls come from the Runtime API, configuration from the environment.

use clouddrop_signer::log::Log;
use clouddrop_signer::secrets::Holder;
use clouddrop_signer::{Raw, now, refuse};
use lambda_http::{Body, Request, RequestExt, service_fn};
use std::process::ExitCode;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let log = Log::to_stderr();
    let holder = match Holder::new(Raw::from_env(), Log::to_stderr) {
        Ok(holder) => Arc::new(holder),
        Err(faults) => {
            for fault in faults.iter() {
                log.message(&format!("configuration: {} {}", fault.variable, fault.problem));
            }
            return ExitCode::FAILURE;
        }
    };
    // Beside the first call: the start waits for nothing.
    let beside = Arc::clone(&holder);
    tokio::spawn(async move {
        if let Ok(signer) = beside.signer(now()).await {
            signer.ensure_list(now()).await;
        }
    });
    let served = lambda_http::run(service_fn(|request: Request| {
        let holder = Arc::clone(&holder);
        async move {
            let id = request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
            let reply = match holder.signer(now()).await {
                Ok(signer) => {
                    let reply = signer.answer(request.map(bytes), &id, now()).await;
                    let beside = Arc::clone(&signer);
                    tokio::spawn(async move { beside.deliver_if_any(now()).await });
                    reply
                }
                Err(refusal) => refuse(refusal, request.method().as_str(), &id),
            };
            Ok::<_, std::convert::Infallible>(reply)
        }
    }));
    match served.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.message(&format!("the Runtime API failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The body as it came over the wire.
fn bytes(body: Body) -> Vec<u8> {
    match body {
        Body::Text(text) => text.into_bytes(),
        Body::Binary(bytes) => bytes,
        _ => Vec::new(),
    }
}
