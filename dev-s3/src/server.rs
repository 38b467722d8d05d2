//! Starting and stopping: the port, the connections, the pieces put together.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::path::check_bucket_name;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::access::{Gate, SharedGate};
use crate::access_log::AccessLog;
use crate::api::Api;
use crate::api::read::ReadRoute;
use crate::cors::Cors;
use crate::identity::{Identities, Identity, IdentityError};
use crate::service::{MAX_XML, Service};
use crate::store::layout::Durability;
use crate::store::{OpenError, Store};

/// How long requests under way may take after a stop.
const GRACE: Duration = Duration::from_secs(2);

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of the objects; made where it is missing.
    pub data: PathBuf,
    /// Address to listen on; port 0 takes any.
    pub listen: SocketAddr,
    /// The only bucket; made where it is missing.
    pub bucket: String,
    /// The only region signatures may be made for.
    pub region: String,
    /// Who may do what.
    pub identities: Vec<Identity>,
    /// Where to write a JSON line for every request.
    pub access_log: Option<PathBuf>,
    /// Origins whose pages may use the server, as browsers send them.
    pub cors_origins: Vec<String>,
    /// What acknowledged writes survive.
    pub durability: Durability,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The bucket's name is none.
    #[error("{0:?} is no bucket name: 3 to 63 lower-case letters, digits, '-' and '.'")]
    BucketName(String),
    /// The region's name is none.
    #[error("{0:?} is no region name: letters, digits and '-'")]
    Region(String),
    /// The identities contradict each other.
    #[error(transparent)]
    Identities(#[from] IdentityError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Data(#[from] OpenError),
    /// The log cannot be written.
    #[error("the access log {} cannot be opened: {source}", .path.display())]
    AccessLog {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else has the port.
    #[error("port {} on {} is in use: stop what listens there, or choose another with --listen (port 0 takes any)", .0.port(), .0.ip())]
    PortInUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A running server. Dropping it lets it run on; [`Server::stop`] ends it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Server {
    /// Starts a server on the current tokio runtime.
    ///
    /// # Errors
    /// See [`StartError`]; nothing listens then.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if !check_bucket_name(&options.bucket) {
            return Err(StartError::BucketName(options.bucket));
        }
        let is_region = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_region(&options.region) {
            return Err(StartError::Region(options.region));
        }
        // The port first: it is the likeliest trouble, and a folder in use is often the same server.
        let listener = TcpListener::bind(options.listen).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse(options.listen),
            _ => StartError::Listen { address: options.listen, source },
        })?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address: options.listen, source })?;
        let service = Arc::new(assemble(options)?);
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(run(listener, service, stopped));
        Ok(Self { address, stop, running })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new requests and waits, for a short time, for those under way.
    pub async fn stop(self) {
        // Both fail only where the server has ended by itself.
        let _ = self.stop.send(());
        let _ = self.running.await;
    }
}

fn assemble(options: Options) -> Result<Service, StartError> {
    let identities = Arc::new(Identities::new(options.identities)?);
    let store = Arc::new(Store::open(&options.data, &options.bucket, options.durability)?);
    let log = AccessLog::open(options.access_log.as_deref())
        .map_err(|source| StartError::AccessLog { path: options.access_log.clone().unwrap_or_default(), source })?;
    let region: Arc<str> = options.region.into();
    let gate = Arc::new(Gate { identities: Arc::clone(&identities), bucket: options.bucket });
    let mut builder = S3ServiceBuilder::new(Api { store: Arc::clone(&store), region: Arc::clone(&region) });
    let mut config = S3Config::default();
    config.xml_max_body_size = MAX_XML;
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    builder.set_auth(SharedGate(Arc::clone(&gate)));
    builder.set_access(SharedGate(Arc::clone(&gate)));
    builder.set_route(ReadRoute { store, gate });
    Ok(Service { s3: builder.build(), identities, region, cors: Cors::new(options.cors_origins), log })
}

async fn run(listener: TcpListener, service: Arc<Service>, mut stopped: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to come back instead of spinning.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Without it small replies wait for the client's delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let service = Arc::clone(&service);
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| {
                let service = Arc::clone(&service);
                async move { Ok::<_, Infallible>(service.answer(request).await) }
            }),
        );
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests under way were cut off");
    }
}
