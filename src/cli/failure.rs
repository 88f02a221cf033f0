//! What the parts of the program could not do, as exit codes and hints.

use std::io::ErrorKind;

use crate::config::edit::{EditError, FileError};
use crate::daemon::{ExplainError, ServeError};
use crate::demo::DemoError;
use crate::demo::cluster::ClusterError;
use crate::exit::{Exit, Failure};
use crate::server::BindError;
use crate::store::OpenError;
use crate::store::connect::ConnectError;
use crate::store::conninfo::ConnInfoError;

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let failure = |exit| Self::new(exit, error.to_string());
        match &error {
            ServeError::Bind(bind) => unbound(bind),
            ServeError::Database(open) => unopened(open),
            ServeError::Url(url) => misread(url),
            ServeError::NoListener => failure(Exit::Configuration)
                .hint("start from conf-examples/postcote.toml, or try `postcote demo`"),
            ServeError::Schema(schema) => {
                let failure = failure(Exit::Unavailable);
                match schema.hint() {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
            ServeError::SchemaPending(_) => {
                failure(Exit::Configuration).hint("bring it up to date with `postcote db migrate`")
            }
            ServeError::Os { .. } | ServeError::TaskEnded(_) => failure(Exit::Unavailable),
        }
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        let exit = match &error {
            EditError::BadValue { .. } => Exit::BadData,
            EditError::Broken(_) => Exit::Configuration,
            EditError::Key(_) => Exit::Usage,
        };
        let failure = Self::new(exit, error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let exit = match error.reason.kind() {
            ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Configuration,
        };
        let failure = Self::new(exit, error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<ExplainError> for Failure {
    fn from(error: ExplainError) -> Self {
        match &error {
            ExplainError::Database(open) => unopened(open),
            ExplainError::Lookup(_) => Self::new(Exit::Temporary, error.to_string()),
            ExplainError::Url(url) => misread(url),
        }
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        let message = error.to_string();
        match error {
            DemoError::Serve(serve) => serve.into(),
            DemoError::Cluster(cluster) => {
                let exit = match &cluster {
                    ClusterError::File { source, .. }
                        if source.kind() == ErrorKind::PermissionDenied =>
                    {
                        Exit::Permission
                    }
                    _ => Exit::Unavailable,
                };
                let failure = Self::new(exit, message);
                match cluster.hint() {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
            DemoError::NotOurs(_) | DemoError::Write { .. } => {
                Self::new(Exit::Permission, message).hint("choose another with `--dir`")
            }
            DemoError::Load(_) | DemoError::Migrate(_) => Self::new(Exit::Unavailable, message),
        }
    }
}

fn unbound(error: &BindError) -> Failure {
    let failure = |exit| Failure::new(exit, error.to_string());
    match error {
        BindError::InUse(_) => failure(Exit::Unavailable).hint("is another postcote running?"),
        BindError::NoSystemdSocket(_) => failure(Exit::Configuration)
            .hint("start the .socket unit, or use `unix:PATH` or `inet:HOST:PORT`"),
        BindError::NoSuchName { .. } | BindError::NotASocket(_) => failure(Exit::Configuration),
        BindError::Os { source, .. } => match source.kind() {
            ErrorKind::PermissionDenied => failure(Exit::Permission),
            ErrorKind::NotFound => {
                failure(Exit::Configuration).hint("the directory of the socket must exist")
            }
            _ => failure(Exit::Unavailable),
        },
    }
}

/// The database cannot be used: by what is configured, or just now.
pub(crate) fn unopened(error: &OpenError) -> Failure {
    match error {
        OpenError::Connect(connect) => unconnected(connect),
        OpenError::Views(_) => Failure::new(Exit::Configuration, error.to_string())
            .hint("bring the schema up to date with `postcote db migrate`"),
    }
}

fn unconnected(error: &ConnectError) -> Failure {
    let exit = if error.is_configuration() { Exit::Configuration } else { Exit::Unavailable };
    let failure = Failure::new(exit, error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn misread(error: &ConnInfoError) -> Failure {
    Failure::new(Exit::Configuration, error.to_string()).hint(error.hint())
}
