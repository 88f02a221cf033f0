//! Numbers of things in words.

/// So many of a thing that is named in the singular.
///
/// ```
/// use postcote::mail::counted;
/// assert_eq!(counted(0, "account"), "no account");
/// assert_eq!(counted(1, "alias"), "1 alias");
/// assert_eq!(counted(2, "alias"), "2 aliases");
/// ```
pub fn counted(count: u64, thing: &str) -> String {
    match count {
        0 => format!("no {thing}"),
        1 => format!("1 {thing}"),
        _ if thing.ends_with('s') => format!("{count} {thing}es"),
        _ => format!("{count} {thing}s"),
    }
}
