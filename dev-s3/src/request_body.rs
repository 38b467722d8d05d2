//! A request body that two can hold: the operation that reads it, and the service, which reads what a refusal left.
//!
//! Closing a connection with unread bytes resets it, and the client may lose the very reply that tells why.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::store::held;

/// The most that is read of a refused body, bytes. Beyond it the connection closes.
const MAX_DRAIN: usize = 1 << 20;

/// The longest a refused body is waited for.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// A handle on a request's body.
#[derive(Clone, Debug)]
pub(crate) struct SharedBody(Arc<Mutex<Incoming>>);

impl SharedBody {
    pub(crate) fn new(body: Incoming) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// Reads and forgets what is left of a small body.
    pub(crate) async fn drain(mut self) {
        let mut left = MAX_DRAIN;
        let read = async {
            while let Some(Ok(frame)) = self.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                match left.checked_sub(length) {
                    Some(rest) => left = rest,
                    None => return,
                }
            }
        };
        // In time or not, the reply goes out.
        let _ = tokio::time::timeout(DRAIN_TIME, read).await;
    }
}

impl Body for SharedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut *held(&self.0)).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        held(&self.0).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        held(&self.0).size_hint()
    }
}
