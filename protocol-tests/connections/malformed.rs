//! Bytes that are no request: the connection ends, for nobody knows where the next request starts.
//! Postfix takes what comes late or in excess as the answer to its next question.

use postcote::lookup::Table;

use crate::support::site::Site;
use crate::support::wire::Client;

/// One good request, to be answered whatever follows it.
const GOOD: &[u8] = b"36:virtual_alias_maps info@shop.example,";
const ANSWER: &[u8] = b"20:OK anna@shop.example,";

#[tokio::test]
async fn a_malformed_netstring_ends_its_own_connection_only() {
    let frames: &[(&[u8], &str)] = &[
        (b"x", "no length"),
        (b":,", "an empty length"),
        (b" 3:t k,", "a space before the length"),
        (b"+3:t k,", "a sign"),
        (b"-1:,", "a negative length"),
        (b"3;t k,", "no colon"),
        (b"3:t k;", "no comma"),
        (b"2:t k,", "longer than it says"),
        (b"3:t k\n", "a line"),
        (b"\n", "an empty line"),
        (b"\r\n", "a line end between requests"),
        (b"GET / HTTP/1.1\r\n\r\n", "another protocol"),
        (b"request=smtpd_access_policy\n\n", "yet another protocol"),
        (b"get info@shop.example\n", "the other table protocol"),
        (b"65537:", "a length above the limit, judged before the payload"),
        (b"999999999:", "a huge length"),
        (b"99999999999999999999:", "a length beyond all numbers"),
        (b"\0\0\0\0", "zero bytes"),
        (b"\xFF\xFE", "bytes above ASCII"),
    ];
    let site = Site::new("shop").await;
    let mut bystander = site.daemon.client().await;
    for (index, (frame, why)) in frames.iter().enumerate() {
        let mut client = site.daemon.client().await;
        client.send_raw(&[GOOD, frame].concat()).await.unwrap();
        let said = client.rest().await.unwrap_or_else(|error| panic!("{why}: {error}"));
        assert_eq!(text(&said), text(ANSWER), "{why}");
        let reply = bystander.lookup(Table::VirtualAliasMaps, "info@shop.example").await;
        assert_eq!(reply, "OK anna@shop.example", "after {why}");
        site.daemon.wait_for_metric(&malformed("socketmap"), index as u64 + 1);
    }
    let told = site.daemon.log().lines().filter(|line| line.contains("connection closed")).count();
    assert!((1..=10).contains(&told), "told, and not shouted:\n{}", site.daemon.log());
}

#[tokio::test]
async fn a_malformed_line_ends_its_own_connection_only() {
    let lines: &[(&[u8], &str)] = &[
        (b"\n", "an empty line"),
        (b"get\n", "no key"),
        (b"GET info@shop.example\n", "upper case"),
        (b"get 100%\n", "a percent sign alone"),
        (b"get 100%4\n", "half a byte"),
        (b"get 100%zz\n", "no byte"),
        (b"lookup info@shop.example\n", "an unknown word"),
        (b"36:virtual_alias_maps info@shop.example,\n", "the other table protocol"),
        (b"\0\n", "a zero byte"),
        (b"\xFF\n", "a byte above ASCII"),
    ];
    let site = Site::with("shop", |setup| setup.tcp_tables = vec![Table::VirtualAliasMaps]).await;
    let port = site.daemon.port("virtual_alias_maps");
    let mut bystander = Client::tcp_table(port).await.unwrap();
    for (index, (line, why)) in lines.iter().enumerate() {
        let mut client = Client::tcp_table(port).await.unwrap();
        assert_eq!(client.ask(b"get info@shop.example").await.unwrap(), b"200 anna@shop.example");
        client.send_raw(line).await.unwrap();
        assert_eq!(text(&client.rest().await.unwrap()), "", "{why}");
        let reply = bystander.ask(b"get info@shop.example").await.unwrap();
        assert_eq!(text(&reply), "200 anna@shop.example", "after {why}");
        site.daemon.wait_for_metric(&malformed("tcp_table"), index as u64 + 1);
    }
    // A line without end is given up at some length.
    let mut endless = Client::tcp_table(port).await.unwrap();
    while endless.send_raw(&[b'x'; 10_000]).await.is_ok() {}
}

fn malformed(peer: &str) -> String {
    format!("postcote_malformed_requests_total{{peer=\"{peer}\"}}")
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
