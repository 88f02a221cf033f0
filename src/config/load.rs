//! Where the configuration comes from: a file, and what the command line says above it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::config::{Config, ConfigError, policy};

/// The file that is read if no other is named. It may be missing.
pub const DEFAULT_FILE: &str = "/etc/postcote/postcote.toml";

/// What the command line and the environment say about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// A file named by `--config` or `$POSTCOTE_CONFIG`; it must be there.
    pub file: Option<PathBuf>,
    /// A database named by `--database` or `$POSTCOTE_DATABASE_URL`.
    pub database: Option<SecretString>,
}

impl Source {
    /// The file that is read.
    pub fn path(&self) -> &Path {
        self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE))
    }

    /// Whether there is no file, so that the defaults are in effect.
    pub fn is_missing(&self) -> bool {
        self.file.is_none() && !self.path().exists()
    }
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// The file cannot be read or says something that cannot be meant; the message shows where.
    pub fn load(source: &Source) -> Result<Self, ConfigError> {
        let path = source.path();
        let mut config = match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path)?,
            Err(error) if error.kind() == ErrorKind::NotFound && source.file.is_none() => {
                Self::default()
            }
            Err(error) => return Err(unreadable(path, &error)),
        };
        if let Some(url) = &source.database {
            config.database.url = url.clone();
        }
        Ok(config)
    }

    /// Reads the text of a file; `path` is only for messages.
    ///
    /// # Errors
    /// The text says something that cannot be meant; the message shows where.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config =
            toml::from_str(text).map_err(|error| ConfigError::from_toml(path, text, &error))?;
        match policy::contradiction(&config) {
            None => Ok(config),
            Some((place, bad)) => Err(ConfigError::at(path, text, &place, bad)),
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> ConfigError {
    let (why, hint) = match error.kind() {
        ErrorKind::NotFound => {
            ("no such file", "conf-examples/postcote.toml is a file to start from")
        }
        ErrorKind::PermissionDenied => {
            ("permission denied", "run as root or as a member of the file's group")
        }
        ErrorKind::InvalidData => ("not UTF-8 text", "save the file as UTF-8"),
        ErrorKind::IsADirectory => ("a directory", "name the file in it"),
        _ => {
            let why = format!("cannot be read: {error}");
            return ConfigError::unreadable(path, why, "name another file with `--config`");
        }
    };
    ConfigError::unreadable(path, format!("cannot be read: {why}"), hint)
}
