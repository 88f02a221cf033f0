//! The effective configuration as TOML, secrets hidden.

use crate::config::{Config, Listen};

/// How much of the configuration is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Every option.
    All,
    /// Only what differs from the defaults, as `postconf -n` does.
    Changed,
}

/// Writes the effective configuration, with `url` in place of the database's own, which may hold a
/// password.
///
/// # Errors
/// Never for a configuration that was read; the types cannot say so.
pub fn show(config: &Config, url: &str, shown: Shown) -> Result<String, toml::ser::Error> {
    let mut table = toml::Table::try_from(config)?;
    put_url(&mut table, url.into());
    if shown == Shown::Changed {
        let mut default = toml::Table::try_from(Config::default())?;
        // What is shown of two urls may be the same where the urls are not.
        let same = config.database.is_default_url();
        put_url(&mut default, if same { url.into() } else { false.into() });
        remove_equal(&mut table, &default);
        let listeners = table.get_mut("listen").and_then(toml::Value::as_array_mut);
        for (shown, listen) in listeners.into_iter().flatten().zip(&config.listen) {
            let default = Listen::new(listen.protocol, listen.address.clone(), listen.table);
            let default = toml::Table::try_from(default)?;
            if let Some(shown) = shown.as_table_mut() {
                shown.retain(|key, value| is_identity(key) || default.get(key) != Some(value));
            }
        }
    }
    // Sections of which there is none.
    table.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
    toml::to_string(&table)
}

/// Without these a listener is none.
fn is_identity(key: &str) -> bool {
    matches!(key, "address" | "protocol" | "table")
}

fn put_url(table: &mut toml::Table, url: toml::Value) {
    if let Some(database) = table.get_mut("database").and_then(toml::Value::as_table_mut) {
        database.insert("url".to_owned(), url);
    }
}

fn remove_equal(table: &mut toml::Table, default: &toml::Table) {
    table.retain(|key, value| {
        let standard = default.get(key);
        if let (Some(section), Some(standard)) =
            (value.as_table_mut(), standard.and_then(toml::Value::as_table))
        {
            remove_equal(section, standard);
            return !section.is_empty();
        }
        standard != Some(value)
    });
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FILE: &str = "\
[database]
url = \"postgresql://db.example.org/postcote\"

[[listen]]
protocol = \"socketmap\"
address = \"unix:/run/postcote/socketmap\"
group = \"postfix\"

[[listen]]
protocol = \"tcp-table\"
address = \"inet:127.0.0.1:10025\"
table = \"transport_maps\"
idle-timeout = \"1500ms\"

[cache]
unknown = 5

[log]
format = \"json\"
";

    #[test]
    fn what_is_shown_means_the_same() {
        let config = Config::parse(FILE, Path::new("test")).unwrap();
        for shown in [Shown::All, Shown::Changed] {
            let text = show(&config, "postgresql://db.example.org/postcote", shown).unwrap();
            assert_eq!(Config::parse(&text, Path::new("shown")).unwrap(), config, "{text}");
        }
    }

    #[test]
    fn only_what_differs_is_shown() {
        let config = Config::parse(FILE, Path::new("test")).unwrap();
        let url = "postgresql://db.example.org/postcote";
        assert_eq!(show(&config, url, Shown::Changed).unwrap(), FILE);
        assert_eq!(show(&Config::default(), "…", Shown::Changed).unwrap(), "");
    }

    #[test]
    fn a_password_is_never_shown() {
        let text = "database.url = 'postgresql://postcote:sesame@localhost/postcote'";
        let config = Config::parse(text, Path::new("test")).unwrap();
        for shown in [Shown::All, Shown::Changed] {
            let text = show(&config, "…", shown).unwrap();
            assert!(text.contains("url = \"…\"") && !text.contains("sesame"), "{text}");
        }
        assert!(!format!("{config:?}").contains("sesame"));
    }
}
