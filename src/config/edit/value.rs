//! Values as people write them on a command line.

use toml_edit::{Array, Value};

/// What a text may mean for an option whose default is given, the likeliest first.
pub(super) fn candidates(standard: Option<&toml::Value>, text: &str) -> Vec<Value> {
    let string = Value::from(text);
    let literal = text.trim().parse::<Value>().ok();
    match standard {
        Some(toml::Value::Boolean(_)) => vec![truth(text).map_or(string, Value::from)],
        Some(toml::Value::Integer(_) | toml::Value::Float(_)) => {
            vec![literal.filter(|value| !value.is_str()).unwrap_or(string)]
        }
        Some(toml::Value::Array(_)) => match literal {
            Some(list) if list.is_array() => vec![list],
            _ => vec![Value::Array(list(text))],
        },
        // Also texts in quotation marks, and what may be a text or a number, as durations.
        _ => std::iter::once(string).chain(literal).collect(),
    }
}

/// A value without the quotation marks that only TOML needs.
pub(super) fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(values) => {
            let texts: Option<Vec<&str>> = values.iter().map(toml::Value::as_str).collect();
            match texts {
                Some(texts) if !texts.iter().any(|text| text.contains(',')) => texts.join(","),
                _ => value.to_string(),
            }
        }
        other => other.to_string(),
    }
}

/// Spellings that people know from other files.
fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "on" | "true" | "yes" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn list(text: &str) -> Array {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_typed_by_their_option() {
        let (text, truth, number) = ("x".into(), true.into(), 1.into());
        let list = toml::Value::Array(vec![]);
        let table: [(&toml::Value, &str, &[&str]); 12] = [
            (&text, "a b", &["\"a b\""]),
            (&text, "\"a\"", &["'\"a\"'", "\"a\""]),
            (&text, "5", &["\"5\"", "5"]),
            (&text, "a\"b", &["'a\"b'"]),
            (&truth, "Yes", &["true"]),
            (&truth, "0", &["false"]),
            (&truth, "maybe", &["\"maybe\""]),
            (&number, "17", &["17"]),
            (&number, "many", &["\"many\""]),
            (&list, "a, b", &["[\"a\", \"b\"]"]),
            (&list, "", &["[]"]),
            (&list, "[1, 2]", &["[1, 2]"]),
        ];
        for (standard, text, expected) in table {
            let got: Vec<_> =
                candidates(Some(standard), text).iter().map(Value::to_string).collect();
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn what_is_printed_can_be_set() {
        let table = [("a", "a"), ("", "")];
        for (text, expected) in table {
            assert_eq!(plain(&text.into()), expected);
        }
        let list = |texts: &[&str]| toml::Value::Array(texts.iter().map(|t| (*t).into()).collect());
        assert_eq!(plain(&list(&["a", "b"])), "a,b");
        assert_eq!(plain(&list(&["a,b"])), "[\"a,b\"]");
        assert_eq!(plain(&true.into()), "true");
        assert_eq!(plain(&17.into()), "17");
    }
}
