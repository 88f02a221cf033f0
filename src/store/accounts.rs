//! All accounts, page by page, for peers that ask for every user.

use tokio::time::timeout;
use tokio_postgres::{Client, Statement};

use crate::directory::DirectoryError;
use crate::mail::{Address, DomainName, Localpart, Uid};
use crate::store::connect::chain;
use crate::store::link::Link;

/// Walks over the logins of all accounts of enabled domains, also of those that may not log in.
/// Holds one page in memory, however many there are.
#[derive(Debug)]
pub struct AccountList {
    link: Link,
    /// The connection, and the query, which is planned once for all pages.
    asking: Option<(Client, Statement)>,
    mask: Option<Box<str>>,
    last: Uid,
}

/// Accounts in one page.
const PAGE: i64 = 1000;

impl AccountList {
    /// A walk over the logins that are like this, with `*` for any text and `?` for any character;
    /// over all of them without.
    pub fn new(link: Link, mask: Option<&str>) -> Self {
        let mask = mask.filter(|mask| *mask != "*").map(|mask| mask.to_lowercase().into());
        Self { link, asking: None, mask, last: Uid(0) }
    }

    /// The next page, by uid; it may be empty though more follow. `None` after the last one.
    ///
    /// # Errors
    /// The database cannot be asked; the list is not complete then.
    pub async fn next(&mut self) -> Result<Option<Vec<Address>>, DirectoryError> {
        let (client, statement) = match &mut self.asking {
            Some(asking) => asking,
            none => none.insert(begin(&self.link).await?),
        };
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&self.last, &PAGE];
        let rows =
            match timeout(self.link.query_timeout, client.query(statement, &parameters)).await {
                Ok(Ok(rows)) => rows,
                Ok(Err(error)) => return Err(unreadable(&error)),
                Err(_) => return Err(too_late()),
            };
        let Some(last) = rows.last() else { return Ok(None) };
        self.last = last.try_get(0).map_err(|error| unreadable(&error))?;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            let read = |row: &tokio_postgres::Row| {
                let localpart: Localpart = row.try_get(1)?;
                let domain: DomainName = row.try_get(2)?;
                Ok(Address { localpart, domain })
            };
            let address = read(row).map_err(|error| unreadable(&error))?;
            if self.mask.as_ref().is_none_or(|mask| is_like(&address.to_string(), mask)) {
                page.push(address);
            }
        }
        Ok(Some(page))
    }
}

async fn begin(link: &Link) -> Result<(Client, Statement), DirectoryError> {
    let connected = link.connect().await;
    let (client, _) = connected.map_err(|error| DirectoryError::new(error.to_string()))?;
    let preparing = client.prepare(include_str!("sql/page_of_accounts.sql"));
    match timeout(link.query_timeout, preparing).await {
        Ok(Ok(statement)) => Ok((client, statement)),
        Ok(Err(error)) => Err(unreadable(&error)),
        Err(_) => Err(too_late()),
    }
}

fn too_late() -> DirectoryError {
    DirectoryError::new("the database does not answer in time")
}

fn unreadable(error: &tokio_postgres::Error) -> DirectoryError {
    DirectoryError::new(chain(error))
}

/// Whether a text is like a mask with `*` and `?`. Takes time in proportion to both lengths
/// multiplied at most.
fn is_like(text: &str, mask: &str) -> bool {
    let (text, mask): (Vec<char>, Vec<char>) = (text.chars().collect(), mask.chars().collect());
    let (mut at, mut here) = (0, 0);
    // Where the last star stands, and up to where it has taken the text.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(at) {
        match mask.get(here) {
            Some('*') => {
                star = Some((here, at));
                here += 1;
            }
            Some(m) if *m == '?' || m == c => {
                at += 1;
                here += 1;
            }
            _ => match &mut star {
                Some((place, taken)) => {
                    *taken += 1;
                    (here, at) = (*place + 1, *taken);
                }
                None => return false,
            },
        }
    }
    mask.get(here..).is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_those_of_dovecot() {
        let table = [
            ("joe@example.org", "*", true),
            ("joe@example.org", "joe@example.org", true),
            ("joe@example.org", "*@example.org", true),
            ("joe@example.org", "j?e@*", true),
            ("joe@example.org", "*o*e*g", true),
            ("joe@example.org", "*.org*", true),
            ("joe@example.org", "joe", false),
            ("joe@example.org", "*@example.com", false),
            ("joe@example.org", "?joe@example.org", false),
            ("joe@example.org", "", false),
            ("", "", true),
            ("", "**", true),
            ("é@example.org", "?@example.org", true),
        ];
        for (text, mask, expected) in table {
            assert_eq!(is_like(text, mask), expected, "{text} {mask}");
        }
        // Many stars over a long text that fails at its end: still quick.
        assert!(!is_like(&"a".repeat(300), &("*a".repeat(100) + "b")));
    }
}
