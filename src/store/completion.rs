//! What the shell may complete: names and addresses that begin as somebody typed.

use tokio_postgres::{Client, Error};

use crate::mail::{Address, DomainName};

/// More would scroll the line away that is being typed.
const ENOUGH: i64 = 200;

/// Somebody waits at a prompt with a key pressed: rather no answer than a late one.
const PATIENCE: &str = "SET statement_timeout = '700ms'";

/// Domain names, alias domains included, that begin with some text, alphabetically, at most 200.
/// Text beyond ASCII is compared with their Unicode spelling.
///
/// # Errors
/// The database failed, or it took longer than 700 ms.
pub async fn domain_names(client: &Client, start: &str) -> Result<Vec<DomainName>, Error> {
    client.batch_execute(PATIENCE).await?;
    let ascii = start.is_ascii();
    let (statement, limit) = if ascii {
        let statement = "SELECT name FROM postcote.domain_name \
             WHERE starts_with(name, lower($1)) AND left(name, 1) <> '*' ORDER BY name LIMIT $2";
        (statement, ENOUGH)
    } else {
        // Which of these begins so, only Rust can tell.
        let statement = "SELECT name FROM postcote.domain_name \
             WHERE name ~ '(^|[.])xn--' AND $1 <> '' AND left(name, 1) <> '*' \
             ORDER BY name LIMIT $2";
        (statement, 10_000)
    };
    let rows = client.query(statement, &[&start, &limit]).await?;
    let names: Vec<DomainName> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let begins = |name: &DomainName| ascii || name.to_unicode().starts_with(&start.to_lowercase());
    Ok(names.into_iter().filter(begins).collect())
}

/// Addresses of every kind that begin with some text, at most 200. Before the `@` is typed only
/// those of primary domains are named.
///
/// # Errors
/// The database failed, or it took longer than 700 ms.
pub async fn addresses(client: &Client, start: &str) -> Result<Vec<Address>, Error> {
    let start = start.to_lowercase();
    let rows = match start.rsplit_once('@') {
        None => {
            client.batch_execute(PATIENCE).await?;
            let statement = "SELECT a.localpart, n.name \
                 FROM (SELECT gid, localpart FROM postcote.address \
                       WHERE starts_with(localpart, $1) LIMIT $2) a \
                 JOIN postcote.domain_name n ON n.gid = a.gid AND n.is_primary ORDER BY 1, 2";
            client.query(statement, &[&start, &ENOUGH]).await?
        }
        Some((localpart, domain)) => {
            let names = domain_names(client, domain).await?;
            let statement = "SELECT a.localpart, n.name \
                 FROM postcote.domain_name n JOIN postcote.address a USING (gid) \
                 WHERE n.name = ANY ($1) AND a.localpart = $2 ORDER BY n.name";
            client.query(statement, &[&names, &localpart]).await?
        }
    };
    rows.iter()
        .map(|row| Ok(Address { localpart: row.try_get(0)?, domain: row.try_get(1)? }))
        .collect()
}
