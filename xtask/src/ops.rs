//! What is done to a deployment on day two: built here, performed by `clouddrop-ops`.

use std::ffi::OsString;

use crate::run;

/// Arguments of `clouddrop-ops`.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// Arguments of the verb; `--help` tells them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Performs `verb` of clouddrop-ops.
///
/// # Errors
/// When it cannot be built, or fails.
pub(crate) fn run(verb: &str, arguments: &Arguments) -> anyhow::Result<()> {
    let mut cargo = run::cargo(None);
    cargo.args(["run", "--quiet", "--package", "clouddrop-ops", "--", verb]);
    run::shown(cargo.args(&arguments.arguments))
}
