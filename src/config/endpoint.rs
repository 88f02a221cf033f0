//! Where a listener is: a unix path, a TCP address, or a socket that systemd hands over.

use std::fmt;
use std::path::PathBuf;

use serde::Deserializer;
use serde::de::Error;

use crate::config::text::{self, BadValue, Written};

/// Where a listener is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `unix:PATH`: absolute, at most 107 bytes.
    Unix(PathBuf),
    /// `inet:HOST:PORT`, an IPv6 address in brackets; port 0 lets the kernel choose.
    Inet {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `systemd:NAME`: a socket of a systemd socket unit, by its `FileDescriptorName=`.
    Systemd(String),
}

/// A host and a port: `127.0.0.1:9725`, `[::1]:9725`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The kernel takes paths of at most this many bytes (`sun_path` of unix(7), without the NUL).
const MAX_PATH: usize = 107;

impl Endpoint {
    /// Reads an endpoint.
    ///
    /// ```
    /// use postcote::config::Endpoint;
    /// let endpoint = Endpoint::parse("inet:[::1]:10025")?;
    /// assert_eq!(endpoint, Endpoint::Inet { host: "::1".into(), port: 10025 });
    /// assert_eq!(endpoint.to_string(), "inet:[::1]:10025");
    /// # Ok::<(), postcote::config::BadValue>(())
    /// ```
    ///
    /// # Errors
    /// Says what is wrong and which form would do.
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        let refuse = |why: &str| BadValue::new(format!("`{text}` is no address: {why}"));
        match text.split_once(':') {
            Some(("unix", path)) => unix(path).map_err(|(why, hint)| refuse(why).hint(hint)),
            Some(("inet", rest)) => match HostPort::parse(rest) {
                Ok(HostPort { host, port }) => Ok(Self::Inet { host, port }),
                Err(why) => {
                    Err(refuse(why).hint("write it as `inet:HOST:PORT` or `inet:[::1]:PORT`"))
                }
            },
            Some(("systemd", name)) => {
                // What systemd itself accepts, systemd.socket(5), FileDescriptorName=.
                let fits = (1..=255).contains(&name.len());
                if fits && name.chars().all(|c| c.is_ascii_graphic() && c != ':') {
                    Ok(Self::Systemd(name.to_owned()))
                } else {
                    Err(refuse("a socket's name is 1 to 255 printable characters other than `:`")
                        .hint("write the FileDescriptorName= of the socket unit"))
                }
            }
            _ => {
                Err(refuse("it starts with none of `unix:`, `inet:` and `systemd:`")
                    .hint(guess(text)))
            }
        }
    }
}

fn unix(path: &str) -> Result<Endpoint, (&'static str, String)> {
    if path.contains('\0') {
        return Err(("a path cannot contain NUL", "write it as `unix:/PATH`".to_owned()));
    }
    if !path.starts_with('/') {
        let hint = "write it from `/` on, such as `unix:/run/postcote/socketmap`".to_owned();
        return Err(("a relative path means another file in every directory", hint));
    }
    if path.ends_with('/') {
        return Err(("it names a directory", format!("write `unix:{path}socketmap`")));
    }
    if path.len() > MAX_PATH {
        let hint = format!("this one has {}; choose a shorter directory", path.len());
        return Err(("the path of a unix socket has at most 107 bytes", hint));
    }
    Ok(Endpoint::Unix(PathBuf::from(path)))
}

/// What was probably meant by an address without its kind.
fn guess(text: &str) -> String {
    if text.starts_with('/') {
        format!("did you mean `unix:{text}`?")
    } else if HostPort::parse(text).is_ok() {
        format!("did you mean `inet:{text}`?")
    } else {
        "write `unix:PATH`, `inet:HOST:PORT` or `systemd:NAME`".to_owned()
    }
}

impl HostPort {
    /// Reads a host and a port.
    ///
    /// # Errors
    /// Says which half is wrong.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (host, port) = text.rsplit_once(':').ok_or("the port is missing")?;
        let bare = match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
            Some(Some(inner)) if inner.parse::<std::net::Ipv6Addr>().is_ok() => inner,
            Some(_) => return Err("only an IPv6 address stands in brackets"),
            None if host.contains(':') => return Err("an IPv6 address stands in brackets"),
            None => host,
        };
        if bare.is_empty() {
            return Err("the host is missing");
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if !bare.chars().all(legal) {
            return Err("the host contains a character that no host name has");
        }
        let port = port.parse().map_err(|_| "the port is no number from 0 to 65535")?;
        Ok(Self { host: bare.to_owned(), port })
    }

    /// Whether only this machine can reach it. A name is trusted only if it is `localhost`.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Inet { host, port } => {
                write!(f, "inet:{}", HostPort { host: host.clone(), port: *port })
            }
            Self::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}

impl Written for Endpoint {
    const FORM: &'static str = "a text such as \"unix:/run/postcote/socketmap\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        Self::parse(text)
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Written for HostPort {
    const FORM: &'static str = "a text such as \"127.0.0.1:9725\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        let refuse = |why| BadValue::new(format!("`{text}` is no host and port: {why}"));
        if let Some(bare) = text.strip_prefix("inet:") {
            return Err(refuse("`inet:` stands only where a unix socket could stand, too")
                .hint(format!("write `{bare}`")));
        }
        Self::parse(text)
            .map_err(|why| refuse(why).hint("write it as `127.0.0.1:9725` or `[::1]:9725`"))
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

/// For addresses that the commands must reach as well as the daemon.
pub(super) fn unix_only<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Endpoint, D::Error> {
    let endpoint: Endpoint = text::deserialize(deserializer)?;
    if matches!(endpoint, Endpoint::Unix(_)) {
        return Ok(endpoint);
    }
    let bad =
        BadValue::new(format!("`{endpoint}` cannot be the control socket: it is a unix path"))
            .hint("the default is `unix:/run/postcote/control`");
    Err(D::Error::custom(bad))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_and_written() {
        for text in [
            "unix:/run/postcote/socketmap",
            "unix:/var/spool/postfix/a:b c",
            "inet:127.0.0.1:10025",
            "inet:[::1]:10025",
            "inet:localhost:0",
            "inet:mail-1.example.org:65535",
            "systemd:postcote-socketmap",
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn bad_endpoints_are_refused_with_advice() {
        let long = format!("unix:/{}", "x".repeat(107));
        let table = [
            ("/run/x", "starts with none of", "did you mean `unix:/run/x`?"),
            ("127.0.0.1:25", "starts with none of", "did you mean `inet:127.0.0.1:25`?"),
            ("tcp:host:25", "starts with none of", "`inet:HOST:PORT`"),
            ("", "starts with none of", "`unix:PATH`"),
            ("unix:run/x", "relative", "from `/` on"),
            ("unix:", "relative", "from `/` on"),
            ("unix:/run/postcote/", "directory", "unix:/run/postcote/socketmap"),
            (long.as_str(), "107 bytes", "this one has 108"),
            ("inet:host", "port is missing", "inet:HOST:PORT"),
            ("inet::25", "host is missing", "inet:HOST:PORT"),
            ("inet:host:65536", "65535", "inet:HOST:PORT"),
            ("inet:::1:25", "in brackets", "inet:HOST:PORT"),
            ("inet:[host]:25", "only an IPv6", "inet:HOST:PORT"),
            ("inet:ho st:25", "no host name", "inet:HOST:PORT"),
            ("systemd:", "1 to 255", "FileDescriptorName="),
            ("systemd:a:b", "1 to 255", "FileDescriptorName="),
        ];
        for (text, why, hint) in table {
            let bad = Endpoint::parse(text).unwrap_err();
            assert!(bad.why.contains(why), "{text}: {bad}");
            assert!(bad.hint.as_deref().unwrap_or_default().contains(hint), "{text}: {bad}");
        }
    }

    #[test]
    fn only_this_machine_reaches_loopback() {
        let table = [
            ("127.0.0.1:1", true),
            ("127.9.9.9:1", true),
            ("[::1]:1", true),
            ("localhost:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("mail.example.org:1", false),
        ];
        for (text, expected) in table {
            assert_eq!(HostPort::parse(text).unwrap().is_loopback(), expected, "{text}");
        }
    }
}
