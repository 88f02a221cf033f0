//! Dovecot's settings that make it ask postcote, with the reasons beside them.

use clap::{Args, ValueEnum};

use crate::config::{Config, Endpoint};
use crate::exit::{Exit, Failure};
use crate::terminal;

/// Where conf-examples/systemd makes the sockets for Dovecot. Not in /run/postcote: people's mail
/// processes cannot enter that.
const DIRECTORY: &str = "/run/postcote-dovecot";
/// Below here are Postfix's sockets, which Dovecot's processes cannot reach.
const QUEUE: &str = "/var/spool/postfix/";

/// What Dovecot asks, and how the socket for it is usually called. managesieve asks the second under
/// this name only.
const LISTENERS: [(&str, &str); 3] =
    [("dovecot-auth", "login"), ("dovecot-master", "auth-master"), ("dovecot-dict", "dict")];

/// Prints the settings for Dovecot: logins, users, quota and last logins.
///
/// Of the ways to have logins answered, the one without Dovecot's auth process is switched on, and
/// the others stand beside it, commented out. The result can be put behind Dovecot's own settings
/// as it is.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  postcote config dovecot --dovecot 2.4
  postcote config dovecot --dovecot 2.3 > /etc/dovecot/conf.d/99-postcote.conf
  postcote config dovecot --dovecot 2.4 --only mail,lua,quota
  postcote config dovecot --dovecot 2.3 --only dict-file > /etc/dovecot/postcote-dict.conf.ext
  postcote config dovecot --dovecot 2.4 --only lua-script > /etc/dovecot/postcote.lua")]
pub(super) struct Dovecot {
    /// Dovecot's version: Debian 12 has 2.3, Debian 13 has 2.4; `dovecot --version` tells
    #[arg(long, value_name = "VERSION")]
    dovecot: Version,
    /// Prints these parts only, switched on, in the order given
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
}

/// A Dovecot whose settings differ from those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Version {
    #[value(name = "2.3")]
    V23,
    #[value(name = "2.4")]
    V24,
}

/// What can be used by itself, in the order in which it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Where mail is, and whose
    Mail,
    /// Logins and users without Dovecot's auth process
    Sockets,
    /// Users for LMTP, dovecot-lda and doveadm, logins as they are
    Userdb,
    /// 2.3: logins and users through Dovecot's auth process
    Dict,
    /// 2.3: the file that `dict` names
    DictFile,
    /// 2.4: logins and users through Dovecot's auth process
    Lua,
    /// 2.4: the file that `lua` names
    LuaScript,
    /// How much a mailbox holds, told to postcote
    Quota,
    /// When people have logged in, told to postcote
    LastLogin,
}

/// The paths that stand in the settings.
struct Sockets {
    login: String,
    master: String,
    dict: String,
}

impl Dovecot {
    /// The text that was asked for.
    pub(super) fn text(&self, config: &Config) -> Result<String, Failure> {
        let sockets = Sockets::of(config);
        let fill = |text: &str| sockets.fill(text, config);
        if self.only.is_empty() {
            warn(config);
            return Ok(fill(&everything(self.dovecot)));
        }
        let parts: Result<Vec<_>, Failure> =
            self.only.iter().map(|part| part.text(self.dovecot).map(fill)).collect();
        Ok(parts?.join("\n"))
    }
}

impl Version {
    fn as_str(self) -> &'static str {
        match self {
            Self::V23 => "2.3",
            Self::V24 => "2.4",
        }
    }
}

impl Part {
    fn text(self, version: Version) -> Result<&'static str, Failure> {
        use Version::{V23, V24};
        Ok(match (self, version) {
            (Self::Mail, V23) => include_str!("dovecot/mail-2.3.conf"),
            (Self::Mail, V24) => include_str!("dovecot/mail-2.4.conf"),
            (Self::Sockets, V23) => include_str!("dovecot/sockets-2.3.conf"),
            (Self::Sockets, V24) => include_str!("dovecot/sockets-2.4.conf"),
            (Self::Userdb, _) => include_str!("dovecot/userdb.conf"),
            (Self::Dict, V23) => include_str!("dovecot/dict-2.3.conf"),
            (Self::DictFile, V23) => include_str!("dovecot/dict-file-2.3.conf"),
            (Self::Lua, V24) => include_str!("dovecot/lua-2.4.conf"),
            (Self::LuaScript, V24) => include_str!("dovecot/lua-script-2.4.lua"),
            (Self::Quota, V23) => include_str!("dovecot/quota-2.3.conf"),
            (Self::Quota, V24) => include_str!("dovecot/quota-2.4.conf"),
            (Self::LastLogin, V23) => include_str!("dovecot/last-login-2.3.conf"),
            (Self::LastLogin, V24) => include_str!("dovecot/last-login-2.4.conf"),
            (Self::Dict | Self::DictFile, V24) => {
                return Err(refused("Dovecot 2.4 has no `dict` passdb and userdb any more", "lua"));
            }
            (Self::Lua | Self::LuaScript, V23) => {
                return Err(refused("Dovecot 2.3 asks postcote without a script", "dict"));
            }
        })
    }
}

fn refused(why: &str, instead: &str) -> Failure {
    Failure::new(Exit::Usage, why).hint(format!("write `--only {instead}`"))
}

/// Every part of the configuration proper: the first of the ways to log in switched on, the others
/// commented out.
fn everything(version: Version) -> String {
    let number = version.as_str();
    let other = match version {
        Version::V23 => Part::Dict,
        Version::V24 => Part::Lua,
    };
    // Each of these parts is there in this version.
    let text = |part: Part| part.text(version).unwrap_or_default();
    let header = format!(
        "\
# postcote's part of the configuration of Dovecot {number}, as `postcote config dovecot --dovecot {number}`
# prints it. Put it behind other settings, for example as /etc/dovecot/conf.d/99-postcote.conf, then:
#   doveconf -n && doveadm reload
"
    );
    let ways = "\
# Who answers logins: one of three ways. This one is switched on, two others follow.
";
    [
        &header,
        text(Part::Mail),
        &format!("{ways}\n{}", text(Part::Sockets)),
        &off(text(Part::Userdb)),
        &off(text(other)),
        text(Part::Quota),
        text(Part::LastLogin),
    ]
    .join("\n")
}

/// Settings commented out; a space behind `#` means prose, none a setting.
fn off(text: &str) -> String {
    text.lines().fold(String::new(), |lines, line| {
        let mark = if line.starts_with('#') { "" } else { "#" };
        lines + mark + line + "\n"
    })
}

impl Sockets {
    fn of(config: &Config) -> Self {
        Self {
            login: path(config, LISTENERS[0]),
            master: path(config, LISTENERS[1]),
            dict: path(config, LISTENERS[2]),
        }
    }

    fn fill(&self, text: &str, config: &Config) -> String {
        text.replace("@login@", &self.login)
            .replace("@master@", &self.master)
            .replace("@dict@", &self.dict)
            .replace(
                "@directory@",
                self.master.rsplit_once('/').map_or("/", |(directory, _)| directory),
            )
            .replace("@format@", config.accounts.mailbox_format.as_str())
            .replace("@root@", &config.accounts.mailbox_root)
    }
}

/// The sockets of a protocol that Dovecot can reach; it asks over nothing else.
fn paths<'a>(config: &'a Config, protocol: &'a str) -> impl Iterator<Item = String> + 'a {
    let listen = config.listen.iter().filter(move |listen| listen.protocol.as_str() == protocol);
    listen.filter_map(|listen| match &listen.address {
        Endpoint::Unix(path) if path.starts_with(QUEUE) => None,
        Endpoint::Unix(path) => Some(path.display().to_string()),
        Endpoint::Systemd(name) if name.starts_with(OURS) => {
            Some(format!("{DIRECTORY}/{}", name.trim_start_matches(OURS)))
        }
        Endpoint::Inet { .. } | Endpoint::Systemd(_) => None,
    })
}

/// How the sockets for Dovecot are named in conf-examples/systemd; others of systemd's are Postfix's.
const OURS: &str = "dovecot-";

fn path(config: &Config, (protocol, usual): (&str, &str)) -> String {
    paths(config, protocol).next().unwrap_or_else(|| format!("{DIRECTORY}/{usual}"))
}

/// Says what postcote.toml lacks for Dovecot to be answered.
fn warn(config: &Config) {
    for (protocol, name) in LISTENERS {
        if paths(config, protocol).next().is_none() {
            terminal::say_warning(
                &format!("no listener speaks {protocol} where Dovecot can reach it"),
                &format!(
                    "add to postcote.toml `protocol = \"{protocol}\"`, `address = \"systemd:{OURS}{name}\"`"
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_sockets_are_those_that_dovecot_reaches() {
        let auth = |addresses: &[&str]| -> String {
            let listen =
                |address| format!("[[listen]]\nprotocol='dovecot-auth'\naddress='{address}'\n");
            addresses.iter().map(listen).collect()
        };
        let table = [
            (&[][..], "/run/postcote-dovecot/login"),
            (&["systemd:dovecot-auth"], "/run/postcote-dovecot/auth"),
            (&["systemd:sasl", "systemd:dovecot-auth"], "/run/postcote-dovecot/auth"),
            (&["unix:/var/spool/postfix/pc/sasl", "unix:/run/pc/auth"], "/run/pc/auth"),
            (&["inet:127.0.0.1:1"], "/run/postcote-dovecot/login"),
        ];
        for (addresses, expected) in table {
            let config = Config::parse(&auth(addresses), Path::new("test")).unwrap();
            let text = Dovecot { dovecot: Version::V24, only: Vec::new() }.text(&config).unwrap();
            let line = format!("  executable = imap-login {expected}\n");
            assert!(text.contains(&line), "{addresses:?} lacks {line:?}:\n{text}");
            assert!(!text.contains('@'), "{text}");
        }
    }

    #[test]
    fn each_part_is_of_its_version() {
        for (version, missing) in [
            (Version::V23, [Part::Lua, Part::LuaScript]),
            (Version::V24, [Part::Dict, Part::DictFile]),
        ] {
            for part in Part::value_variants() {
                let there = part.text(version).is_ok();
                assert_eq!(there, !missing.contains(part), "{version:?} {part:?}");
            }
        }
    }

    #[test]
    fn the_format_is_that_of_new_accounts() {
        let text = "accounts = { mailbox-format = 'sdbox', mailbox-root = 'mail' }";
        let config = Config::parse(text, Path::new("test")).unwrap();
        let mail = |dovecot| Dovecot { dovecot, only: vec![Part::Mail] }.text(&config).unwrap();
        assert!(mail(Version::V23).contains("\nmail_location = sdbox:~/mail\n"));
        assert!(mail(Version::V24).contains("\nmail_driver = sdbox\nmail_path = ~/mail\n"));
    }
}
