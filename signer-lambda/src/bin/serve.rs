//! The signer on loopback, for development and tests: the handler of the Lambda behind the gate of a Function
//! URL.

use clap::Parser;
use clouddrop_signer::iam::Gate;
use clouddrop_signer::log::Log;
use clouddrop_signer::{Config, Raw, Signer, now, server};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How often what is due is done.
const TICK: Duration = Duration::from_secs(5);

/// Serves the signer's API on loopback; ends when standard input does, or by SIGINT or SIGTERM.
///
/// Configuration comes from the environment: that of the Lambda, and the edge's identity in EDGE_ACCESS_KEY_ID
/// and EDGE_SECRET_ACCESS_KEY.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            Log::to_stderr().message(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    if !arguments.listen.ip().is_loopback() {
        return Err(format!("{} is not on loopback: this server is for development", arguments.listen));
    }
    let config = Config::try_from(Raw::from_env()).map_err(|faults| format!("configuration:\n{faults}"))?;
    let variable = |name: &str| std::env::var(name).ok();
    let gate = Gate::new(variable("EDGE_ACCESS_KEY_ID"), variable("EDGE_SECRET_ACCESS_KEY"), config.region());
    let gate = gate.map_err(|faults| format!("configuration:\n{faults}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let ended =
        runtime.block_on(serve(arguments.listen, Arc::new(Signer::new(config, Log::to_stderr())), Arc::new(gate)));
    // A call to S3 may still be blocking a thread: nobody waits for its answer any more.
    runtime.shutdown_background();
    ended
}

async fn serve(listen: SocketAddr, signer: Arc<Signer>, gate: Arc<Gate>) -> Result<(), String> {
    let busy = |error| format!("cannot listen on {listen}: {error}. Choose another port with --listen, or 0 for any");
    let listener = TcpListener::bind(listen).await.map_err(busy)?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let handler = |kind| signal(kind).map_err(|error| error.to_string());
    let (mut interrupt, mut terminate) = (handler(SignalKind::interrupt())?, handler(SignalKind::terminate())?);
    signer.ensure_list(now()).await;
    announce(address).map_err(|error| format!("standard output is closed: {error}"))?;
    let beside = beside(Arc::clone(&signer));
    tokio::select! {
        () = beside => Ok(()),
        served = server::serve(listener, signer, gate) => served.map_err(|error| error.to_string()),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = stdin_ended() => Ok(()),
    }
}

/// What a scheduler and the platform do elsewhere: messages are delivered as they come, and a tick does what is due.
async fn beside(signer: Arc<Signer>) {
    let ticking = async {
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            signer.tick(now()).await;
        }
    };
    let delivering = async {
        loop {
            signer.deliver(now).await;
        }
    };
    tokio::join!(ticking, delivering);
}

/// The one line on standard output: whoever started the process reads the port from it.
fn announce(address: SocketAddr) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::json!({ "listen": address.to_string() }))?;
    out.flush()
}

/// Waits for the end of standard input, on a thread that the process need not wait for.
async fn stdin_ended() {
    let (ended, wait) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut buffer = [0; 1024];
        while !matches!(stdin.read(&mut buffer), Ok(0) | Err(_)) {}
        let _ = ended.send(());
    });
    let _ = wait.await;
}
