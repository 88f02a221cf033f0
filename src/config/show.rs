//! The effective configuration as TOML, secrets hidden.

use crate::config::Config;

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
    if shown == Shown::Changed {
        let default = toml::Table::try_from(Config::default())?;
        remove_equal(&mut table, &default);
    }
    if shown == Shown::All || !config.database.is_default_url() {
        let section = table.entry("database").or_insert_with(|| toml::Table::new().into());
        if let Some(database) = section.as_table_mut() {
            database.insert("url".to_owned(), url.into());
        }
    }
    toml::to_string(&table)
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
