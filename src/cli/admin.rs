//! `postcote admin`: the data.

use crate::admin::{self, Args, Format, Options, Output, Terminal};
use crate::cli::serve::{connect, runtime};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::handler::now;
use crate::terminal;

/// Runs one command in one transaction, and says what it did or why not.
pub(super) fn run(arguments: Args, config: &Config) -> Result<Exit, Failure> {
    let format = if arguments.json { Format::Json } else { Format::text() };
    let outcome = runtime()?.block_on(async {
        let settings = &config.into();
        let options = Options { dry_run: arguments.dry_run, now: now(), input: &mut Terminal };
        if !arguments.command.needs_database() {
            return Ok(admin::run_alone(arguments.command, settings, options).await);
        }
        let mut client = connect(config).await?;
        Ok::<_, Failure>(admin::run(arguments.command, &mut client, settings, options).await)
    })?;
    let (output, exit) = match &outcome {
        Ok(report) => (report.render(format), Exit::Done),
        Err(error) => (error.render(format), error.exit()),
    };
    let Output { data, words } = output;
    terminal::say(&words);
    terminal::print(&data)?;
    Ok(exit)
}
