//! A user in Dovecot's words, which differ between 2.3 and 2.4.

use crate::login::User;
use crate::protocol::dovecot::Fields;

/// Whose words are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Dovecot 2.3: fields, `mail`, and settings of plugins.
    #[default]
    Dovecot23,
    /// Dovecot 2.4: fields, and settings by their full names.
    Dovecot24,
}

impl Dialect {
    /// By the minor version of the auth protocols that a client announces: 2.3 has 1.0 to 1.2, 2.4
    /// begins with 1.3.
    pub fn of_minor_version(minor: u32) -> Self {
        if minor < 3 { Self::Dovecot23 } else { Self::Dovecot24 }
    }

    /// The version whose words they are.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dovecot23 => "2.3",
            Self::Dovecot24 => "2.4",
        }
    }

    /// Reads what [`Dialect::as_str`] says.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Dovecot23, Self::Dovecot24].into_iter().find(|dialect| dialect.as_str() == text)
    }
}

/// The fields of a user: owner, home, where the mail is, and how much of it may be.
pub fn fields(user: &User, dialect: Dialect) -> Fields {
    let location = &user.location;
    let path = format!("{}/{}", location.home, location.root);
    let fields = Fields::default()
        .with("uid", user.uid.0.to_string())
        .with("gid", user.gid.0.to_string())
        .with("home", &*location.home);
    let (bytes, messages) = (user.quota.bytes, user.quota.messages);
    match dialect {
        Dialect::Dovecot23 => {
            let fields = fields.with("mail", format!("{}:{path}", location.format));
            let mut rule = "*".to_owned();
            if bytes > 0 {
                rule += &[":bytes=", &bytes.to_string()].concat();
            }
            if messages > 0 {
                rule += &[":messages=", &messages.to_string()].concat();
            }
            if rule == "*" { fields } else { fields.with("quota_rule", rule) }
        }
        Dialect::Dovecot24 => {
            let mut fields =
                fields.with("mail_driver", location.format.as_str()).with("mail_path", path);
            if bytes > 0 {
                fields = fields.with("quota_storage_size", format!("{bytes}B"));
            }
            if messages > 0 {
                fields = fields.with("quota_message_count", messages.to_string());
            }
            fields
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Gid, MailLocation, MailboxFormat, QuotaLimit, ServiceSet, Uid};

    #[test]
    fn each_version_has_its_words() {
        let user = |bytes, messages| User {
            login: "joe@example.org".parse().unwrap(),
            uid: Uid(70001),
            gid: Gid(70000),
            location: MailLocation {
                home: "/srv/mail/7/70000/70001".into(),
                format: MailboxFormat::Maildir,
                root: "Maildir".into(),
            },
            quota: QuotaLimit { bytes, messages },
            services: ServiceSet::ALL,
            app_password: None,
        };
        let common = r#"{"uid":"70001","gid":"70000","home":"/srv/mail/7/70000/70001","#;
        let mail_23 = r#""mail":"maildir:/srv/mail/7/70000/70001/Maildir""#;
        let mail_24 = r#""mail_driver":"maildir","mail_path":"/srv/mail/7/70000/70001/Maildir""#;
        let table = [
            (0, 0, mail_23.to_owned(), mail_24.to_owned()),
            (
                7 << 20,
                0,
                format!(r#"{mail_23},"quota_rule":"*:bytes=7340032""#),
                format!(r#"{mail_24},"quota_storage_size":"7340032B""#),
            ),
            (
                5,
                9,
                format!(r#"{mail_23},"quota_rule":"*:bytes=5:messages=9""#),
                format!(r#"{mail_24},"quota_storage_size":"5B","quota_message_count":"9""#),
            ),
            (
                0,
                9,
                format!(r#"{mail_23},"quota_rule":"*:messages=9""#),
                format!(r#"{mail_24},"quota_message_count":"9""#),
            ),
        ];
        for (bytes, messages, of_23, of_24) in table {
            let user = user(bytes, messages);
            let got = fields(&user, Dialect::of_minor_version(1)).to_json();
            assert_eq!(got, format!("{common}{of_23}}}"));
            let got = fields(&user, Dialect::of_minor_version(3)).to_json();
            assert_eq!(got, format!("{common}{of_24}}}"));
        }
    }
}
