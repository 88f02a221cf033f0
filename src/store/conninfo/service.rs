//! The connection service file: named groups of settings an administrator keeps in one place.
//!
//! # Requests
//! Sections `[name]` with `key=value` lines and `#` comments, no quoting, as libpq's
//! `parseServiceFile`. The user's file comes first, then `pg_service.conf` in `PGSYSCONFDIR`, by
//! default Debian's `/etc/postgresql-common`.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::Environment;
use super::error::ConnInfoError;
use super::keyword::Keyword;

/// Reads the settings of `service`, from `file` if one is named.
pub(super) fn settings(
    service: &str,
    file: Option<PathBuf>,
    environment: Environment<'_>,
) -> Result<(PathBuf, Vec<(String, String)>), ConnInfoError> {
    let files = if let Some(file) = file {
        vec![file]
    } else {
        let system =
            environment("PGSYSCONFDIR").unwrap_or_else(|| "/etc/postgresql-common".to_owned());
        let user = environment("HOME").map(|home| PathBuf::from(home).join(".pg_service.conf"));
        user.into_iter().chain([PathBuf::from(system).join("pg_service.conf")]).collect()
    };
    for file in &files {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(ConnInfoError::new(
                    format!("service file `{}` cannot be read: {error}", file.display()),
                    "make it readable for the user postcote runs as",
                ));
            }
        };
        if let Some(settings) = section(service, &text)
            .map_err(|line| misplaced(service, &file.display().to_string(), line))?
        {
            return Ok((file.clone(), settings));
        }
    }
    let places: Vec<_> = files.iter().map(|file| format!("`{}`", file.display())).collect();
    Err(ConnInfoError::new(
        format!("service `{service}` is not defined in {}", places.join(" or ")),
        format!(
            "add a section `[{service}]`, or name the file with `servicefile` or \
                 `PGSERVICEFILE`"
        ),
    ))
}

/// The settings under `[service]`; `Err` is the number of a line that is none.
fn section(service: &str, text: &str) -> Result<Option<Vec<(String, String)>>, usize> {
    let mut found: Option<Vec<(String, String)>> = None;
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            inside = header.strip_suffix(']') == Some(service);
            if inside {
                found = Some(Vec::new());
            }
        } else if inside && let Some(settings) = &mut found {
            let (name, value) = line.split_once('=').ok_or(index + 1)?;
            if name == "service" || Keyword::find(name).is_none() {
                return Err(index + 1);
            }
            settings.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(found)
}

fn misplaced(service: &str, file: &str, line: usize) -> ConnInfoError {
    ConnInfoError::new(
        format!(
            "service `{service}` has something else than a libpq setting in `{file}` line {line}"
        ),
        "write `key=value` without blanks around the `=`; a service cannot name another service",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_at_the_next() {
        let text = "# c\n[a]\nhost=x\n\n[mail]\nhost=db\nport=1\npassword=a b\n[z]\nhost=y\n";
        let expected = [("host", "db"), ("port", "1"), ("password", "a b")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(section("mail", text), Ok(Some(expected.to_vec())));
        assert_eq!(section("none", text), Ok(None));
        assert_eq!(section("a", "[a]\nhost x\n"), Err(2));
        assert_eq!(section("a", "[a]\nhots=x\n"), Err(2));
        assert_eq!(section("b", "[a]\nhots=x\n[b]\n"), Ok(Some(Vec::new())));
    }
}
