//! The two spellings of a connection text, a URL and a list of `key=value`, read into settings.
//!
//! # Requests
//! `postgresql://user:password@host1:port1,host2:port2/database?key=value&…`, where everything is
//! optional, and `key = 'quoted value' key=value`, as libpq reads them (`conninfo_uri_parse_options`
//! and `conninfo_parse` in `fe-connect.c`).
//!
//! # Errors
//! A forgotten quote or percent sign shifts pieces of a password into other places of the text. An
//! error therefore never repeats a piece that may come from one.
//!
//! # See also
//! PostgreSQL documentation, "Connection Strings".

use super::error::ConnInfoError;
use super::keyword::Keyword;

/// Settings in the order written: name and value, both decoded; names are not checked yet.
pub(super) type Settings = Vec<(String, String)>;

/// Reads either spelling.
pub(super) fn settings(text: &str) -> Result<Settings, ConnInfoError> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    for scheme in ["postgresql://", "postgres://"] {
        if let Some(rest) = text.strip_prefix(scheme) {
            return url(rest);
        }
    }
    if let Some((scheme, _)) = text.split_once("://")
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    {
        return Err(ConnInfoError::new(
            format!("database url has the scheme `{scheme}`, which is not PostgreSQL's"),
            "start it with `postgresql://`",
        ));
    }
    list(text)
}

fn url(rest: &str) -> Result<Settings, ConnInfoError> {
    let mut settings = Settings::new();
    let (credentials, rest) = match rest.find(['@', '/']) {
        Some(end) if rest[end..].starts_with('@') => (&rest[..end], &rest[end + 1..]),
        _ => ("", rest),
    };
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    if user.contains('?') {
        return Err(ConnInfoError::new(
            "database url has an `@` after its `?`, so parameters would be read as a user",
            "in a parameter write `@` as `%40`",
        ));
    }
    push(&mut settings, "user", user)?;
    push(&mut settings, "password", password)?;

    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // A raw `@` after the first one is the tail of a password whose `@` or `/` was not encoded.
    if rest.contains('@') {
        return Err(ConnInfoError::new(
            "database url has an `@` after its host, so user and password cannot be told apart \
             from it",
            "in user and password write `@` as `%40`, `/` as `%2F`, `:` as `%3A` and `%` as `%25`",
        ));
    }
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    hosts(authority, &mut settings)?;
    push(&mut settings, "dbname", database)?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        parameter(pair, &mut settings)?;
    }
    Ok(settings)
}

/// `host:port,[::1]:port`, pushed as the comma-separated `host` and `port` of libpq.
fn hosts(authority: &str, settings: &mut Settings) -> Result<(), ConnInfoError> {
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in authority.split(',') {
        let (name, port) = if let Some(literal) = host.strip_prefix('[') {
            match literal.split_once(']') {
                Some((address, "")) if !address.is_empty() => (address, ""),
                Some((address, port)) if !address.is_empty() && port.starts_with(':') => {
                    (address, &port[1..])
                }
                _ => {
                    return Err(ConnInfoError::new(
                        "database url has a `[` that does not enclose an IPv6 address",
                        "write it as `[2001:db8::1]:5432`",
                    ));
                }
            }
        } else {
            host.split_once(':').unwrap_or((host, ""))
        };
        if port.contains(':') {
            return Err(ConnInfoError::new(
                "database url has more than one `:` in a host",
                "put an IPv6 address in brackets, as in `[2001:db8::1]:5432`",
            ));
        }
        names.push(name);
        ports.push(port);
    }
    push(settings, "host", &names.join(","))?;
    if ports.iter().any(|port| !port.is_empty()) {
        push(settings, "port", &ports.join(","))?;
    }
    Ok(())
}

fn parameter(pair: &str, settings: &mut Settings) -> Result<(), ConnInfoError> {
    let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.contains('=')) else {
        return Err(ConnInfoError::new(
            format!("database url has a parameter {} without exactly one `=`", after(settings)),
            "write parameters as `?key=value&key=value`, with `=` in a value as `%3D` and `&` as \
             `%26`",
        ));
    };
    let name = decode(name).ok_or_else(|| bad_percent("a parameter name"))?;
    if name == "ssl" && value == "true" {
        // What a JDBC URL says; libpq reads it the same way.
        return push(settings, "sslmode", "require");
    }
    known(&name, settings)?;
    let value = decode(value).ok_or_else(|| bad_percent(&format!("`{name}`")))?;
    settings.push((name, value));
    Ok(())
}

/// Decodes and stores a part of the URL; an empty part is as good as none.
fn push(settings: &mut Settings, name: &str, value: &str) -> Result<(), ConnInfoError> {
    let value = decode(value).ok_or_else(|| bad_percent(&format!("`{name}`")))?;
    if !value.is_empty() {
        settings.push((name.to_owned(), value));
    }
    Ok(())
}

fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut pieces = text.split('%');
    decoded.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let digits = piece.get(..2).filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let byte = u8::from_str_radix(digits, 16).ok().filter(|byte| *byte != 0)?;
        decoded.push(byte);
        decoded.extend_from_slice(piece.get(2..)?.as_bytes());
    }
    String::from_utf8(decoded).ok()
}

fn bad_percent(place: &str) -> ConnInfoError {
    ConnInfoError::new(
        format!("database url has a `%` in {place} that no two hexadecimal digits follow"),
        "write a `%` that is meant as such as `%25`; `%00` and bytes that are not UTF-8 cannot be \
         used",
    )
}

fn list(text: &str) -> Result<Settings, ConnInfoError> {
    let mut settings = Settings::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let Some(tail) = skip_blanks(tail).strip_prefix('=') else {
            return Err(ConnInfoError::new(
                format!("database settings have a word {} without `=`", after(&settings)),
                "write `key=value`, and quote a value with blanks as in `password='two words'`; \
                 or use a url, `postgresql://host/database`",
            ));
        };
        known(name, &settings)?;
        let (value, tail) = value(skip_blanks(tail)).ok_or_else(|| {
            ConnInfoError::new(
                format!("the quote that opens the value of `{name}` is never closed"),
                r"end it with `'`; inside, write `'` as `\'` and `\` as `\\`",
            )
        })?;
        settings.push((name.to_owned(), value));
        rest = skip_blanks(tail);
    }
    Ok(settings)
}

/// The value at the start of `text`, and what follows it; `None` if a quote is not closed.
fn value(text: &str) -> Option<(String, &str)> {
    let (quoted, body) = match text.strip_prefix('\'') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let mut value = String::new();
    let mut characters = body.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Some((value, &body[at + 1..])),
            blank if !quoted && blank.is_ascii_whitespace() => return Some((value, &body[at..])),
            other => value.push(other),
        }
    }
    (!quoted).then_some((value, ""))
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_whitespace())
}

/// Refuses a name libpq does not know, without repeating it where it may be a piece of a password.
fn known(name: &str, before: &Settings) -> Result<(), ConnInfoError> {
    if Keyword::find(name).is_some() {
        return Ok(());
    }
    if before.last().is_some_and(|(last, _)| Keyword::is_secret(last)) {
        return Err(ConnInfoError::new(
            format!("what stands {} is not a setting of libpq", after(before)),
            "if it belongs to the password, quote it as in `password='two words'`, or in a url \
             write `&` as `%26`",
        ));
    }
    Err(super::unknown(name))
}

fn after(settings: &Settings) -> String {
    match settings.last() {
        Some((name, _)) => format!("after `{name}`"),
        None => "at the beginning".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read_as_libpq_reads_them() {
        let rows: &[(&str, &[(&str, &str)])] = &[
            ("postgresql:///postcote", &[("dbname", "postcote")]),
            ("postgres://", &[]),
            ("postgresql://h", &[("host", "h")]),
            (
                "postgresql://u@h:1/d",
                &[("user", "u"), ("host", "h"), ("port", "1"), ("dbname", "d")],
            ),
            (
                "postgresql://u:p%40ss%2F%25@h/d",
                &[("user", "u"), ("password", "p@ss/%"), ("host", "h"), ("dbname", "d")],
            ),
            (
                "postgresql://u:a?b@h?connect_timeout=3",
                &[("user", "u"), ("password", "a?b"), ("host", "h"), ("connect_timeout", "3")],
            ),
            (
                "postgresql://a:1,b,[::1]:3/d",
                &[("host", "a,b,::1"), ("port", "1,,3"), ("dbname", "d")],
            ),
            (
                "postgresql://%2Fvar%2Frun%2Fpostgresql/d",
                &[("host", "/var/run/postgresql"), ("dbname", "d")],
            ),
            (
                "postgresql:///d?host=/run/pg&port=6",
                &[("dbname", "d"), ("host", "/run/pg"), ("port", "6")],
            ),
            ("postgresql://h/?ssl=true", &[("host", "h"), ("sslmode", "require")]),
            ("  host = h  port=1 ", &[("host", "h"), ("port", "1")]),
            (r"password='it\'s \\ two' user=a\ b", &[("password", r"it's \ two"), ("user", "a b")]),
            ("dbname='' user=x", &[("dbname", ""), ("user", "x")]),
            ("user='x'dbname=y", &[("user", "x"), ("dbname", "y")]),
            ("", &[]),
        ];
        for (text, expected) in rows {
            let read = settings(text).map_err(|error| error.to_string());
            let expected: Settings =
                expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            assert_eq!(read, Ok(expected), "{text}");
        }
    }

    #[test]
    fn no_error_repeats_a_piece_of_a_password() {
        for text in [
            "postgresql://u:hunter@2hunter@h/d",
            "postgresql://u:hunter/2hunter@h/d",
            "postgresql://u:hunter%2@h/d",
            "postgresql://u:hunter%zz@h/d",
            "postgresql://h/d?password=a&hunter=2hunter",
            "postgresql://h/d?password=a&hunter",
            "postgresql://h?password=hunter@2",
            "postgresql://h/d?password=hunter=2",
            "password=two hunter",
            "password=two hunter=2hunter",
            "password='hunter 2",
            "user=u password=hunter' 2hunter",
        ] {
            let error = settings(text).map(drop).expect_err(text);
            let shown = format!("{error} {error:?} {}", error.hint());
            assert!(!shown.contains("hunter"), "{text} gives {shown}");
        }
    }

    #[test]
    fn errors_name_the_place_and_the_remedy() {
        for (text, message, hint) in [
            ("mysql://h/d", "scheme `mysql`", "postgresql://"),
            ("host", "a word at the beginning without `=`", "postgresql://"),
            ("user=u host", "a word after `user` without `=`", "key=value"),
            ("usr=u", "`usr` is not a setting", "did you mean `user`"),
            ("postgresql://h/d?ssl_mode=require", "`ssl_mode`", "did you mean `sslmode`"),
            ("postgresql://[::1/d", "`[`", "[2001:db8::1]"),
            ("postgresql://::1/d", "more than one `:`", "brackets"),
            ("postgresql://h/d%zz", "in `dbname`", "%25"),
            ("user='x", "value of `user`", "end it with"),
        ] {
            let error = settings(text).map(drop).expect_err(text);
            assert!(error.to_string().contains(message), "{text} gives {error}");
            assert!(error.hint().contains(hint), "{text} hints {}", error.hint());
        }
    }
}
