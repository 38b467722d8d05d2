//! The S3 server of the development stack as a program. Lives as long as its standard input is open.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clouddrop_dev_s3::{Durability, IdentityError, Options, Server, StartError, read_identities};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// An S3 server for development and tests. Prints one JSON line, {"listen":"ADDRESS"}, when it is ready, and ends when
/// its standard input is closed or on SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "clouddrop-dev-s3")]
struct Arguments {
    /// Folder of the objects; made where it is missing
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address to listen on; port 0 takes any
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The bucket; made where it is missing
    #[arg(long, value_name = "NAME")]
    bucket: String,
    /// The region signatures must be made for
    #[arg(long)]
    region: String,
    /// JSON array of identities: name, access_key_id, secret_access_key, session_token (optional), allow, prefixes,
    /// also (optional: further statements of allow and prefixes)
    #[arg(long, value_name = "FILE")]
    identities: PathBuf,
    /// Append a JSON line for every request to this file
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
    /// Origin whose pages may use the server; may be given more than once
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    cors_origins: Vec<String>,
    /// Survive a power cut too: sync files and folders before a reply
    #[arg(long)]
    fsync: bool,
}

/// Why the program ends with a failure.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Identities(#[from] IdentityError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the runtime cannot be set up: {0}")]
    Runtime(#[from] io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // s3s logs whole requests, signatures included: it stays silent.
    let levels = Targets::new().with_default(LevelFilter::INFO).with_target("s3s", LevelFilter::OFF);
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false))
        .with(levels)
        .init();
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: Arguments) -> Result<(), Failure> {
    let options = Options {
        identities: read_identities(&arguments.identities)?,
        data: arguments.data,
        listen: arguments.listen,
        bucket: arguments.bucket,
        region: arguments.region,
        access_log: arguments.access_log,
        cors_origins: arguments.cors_origins,
        durability: if arguments.fsync { Durability::PowerLoss } else { Durability::ProcessCrash },
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let server = Server::start(options).await?;
        announce(server.address())?;
        tokio::select! {
            () = end_of_input() => tracing::info!("standard input is closed: ending"),
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        server.stop().await;
        Ok(())
    });
    // A thread may still wait for standard input; it must not hold the end up.
    runtime.shutdown_background();
    result
}

/// Tells the parent where to go; stdout is the product here.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{{\"listen\":\"{address}\"}}")?;
    stdout.flush()
}

/// Waits for the parent to close our standard input, by will or by dying.
async fn end_of_input() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while !matches!(io::stdin().lock().read(&mut buffer), Ok(0) | Err(_)) {}
        let _ = ended.send(());
    });
    // The sender is dropped only after sending.
    let _ = end.await;
}
