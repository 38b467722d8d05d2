//! A handler that does nothing: what the signer is measured against.

use lambda_http::{Request, Response, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::run(service_fn(|_: Request| async {
        Ok::<_, std::convert::Infallible>(Response::new(String::from("{\"ok\":true}")))
    }))
    .await
}
