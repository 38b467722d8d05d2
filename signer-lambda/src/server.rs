//! The signer on loopback: HTTP/1.1 in front of the handler, and in front of that the gate that a Function URL is.

use crate::iam::{Gate, forbidden};
use crate::service::Signer;
use crate::{now, reply};
use bytes::Bytes;
use clouddrop_core::Refusal;
use clouddrop_core::decision::MAX_API_BODY_BYTES;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// How long a connection may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves calls until the future is dropped.
///
/// # Errors
/// When no connection can be accepted any more.
pub async fn serve(listener: TcpListener, signer: Arc<Signer>, gate: Arc<Gate>) -> std::io::Result<()> {
    let calls = Arc::new(AtomicU64::new(0));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (signer, gate, calls) = (Arc::clone(&signer), Arc::clone(&gate), Arc::clone(&calls));
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (signer, gate) = (Arc::clone(&signer), Arc::clone(&gate));
                let id = format!("serve-{}", calls.fetch_add(1, Ordering::Relaxed));
                async move { Ok::<_, Infallible>(answer(&signer, &gate, request, &id).await.map(Full::<Bytes>::from)) }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            // A connection that breaks is the client's affair.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(signer: &Signer, gate: &Gate, request: Request<Incoming>, id: &str) -> Response<String> {
    let (head, body) = request.into_parts();
    // The signature covers the body, so the body is read first, and no more of it than any call has.
    let body = match Limited::new(body, MAX_API_BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            let too_long = error.downcast_ref::<LengthLimitError>().is_some();
            let refusal = if too_long { Refusal::TooLarge } else { Refusal::BadRequest("the body ended early") };
            return reply::problem(refusal, None, head.method.as_str(), id);
        }
    };
    let request = Request::from_parts(head, body);
    match gate.check(&request, now()) {
        Ok(()) => signer.answer(request, id, now()).await,
        Err(denied) => {
            signer.log.write(&serde_json::json!({ "request_id": id, "status": 403, "reason": denied.0 }));
            forbidden()
        }
    }
}
