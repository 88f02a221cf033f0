//! The harness itself: fixed answers reach a real Postfix, and its mail reaches the sink.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::scratch::Scratch;
use crate::support::terms::runs_as_root;

use super::installation::Installation;
use super::lmtp::LmtpSink;
use super::postfix::{Jail, Postfix, tables_of};
use super::postmap::{Postmap, PostmapAnswer};
use super::smtp_case::{play, read_cases};
use super::socketmap_server::SocketmapServer;

#[test]
fn mail_reaches_the_sink_on_this_machine() {
    if runs_as_root("mail_reaches_the_sink_on_this_machine") {
        mail_reaches_the_sink(&Installation::here());
    }
}

#[test]
fn mail_reaches_the_sink_on_debian_13() {
    let test = "mail_reaches_the_sink_on_debian_13";
    if let Some(postfix) = Installation::debian_13(test).filter(|_| runs_as_root(test)) {
        mail_reaches_the_sink(&postfix);
    }
}

fn mail_reaches_the_sink(installation: &Installation) {
    let scratch = Scratch::new();
    let postfix = Postfix::prepare(installation, &scratch);
    let _answers = SocketmapServer::listen(&postfix.private("answers"), stand_in);
    let sink = LmtpSink::listen(&postfix.private("sink"));
    let special = LmtpSink::listen(&postfix.private("special"));
    let running = postfix.start(&tables_of("unix:private/answers"), Jail::LikeDebian);
    play(&smtp_cases(), &running, &[("sink", &sink), ("special", &special)]);

    let before = sink.deliveries().len();
    let mut session = running.session();
    assert!(session.mail_from("jörg@outside.example", "BODY=8BITMIME SMTPUTF8").is_positive());
    assert!(session.rcpt_to("anna@shop.example").is_positive());
    assert!(session.data("Subject: Grüße\n\n.Umlaute: äöü\n").is_positive());
    let taken = sink.wait_for(before + 1, Duration::from_secs(10)).pop().unwrap();
    assert_eq!(taken.sender, "jörg@outside.example");
    assert!(taken.parameters.contains("SMTPUTF8"), "{}", taken.parameters);
    assert!(taken.holds("\r\n.Umlaute: äöü\r\n"), "{}", String::from_utf8_lossy(&taken.message));
    running.stop();
}

#[test]
fn an_alias_loop_ends_in_a_temporary_failure_on_this_machine() {
    if !runs_as_root("an_alias_loop_ends_in_a_temporary_failure_on_this_machine") {
        return;
    }
    let scratch = Scratch::new();
    let (installation, sent) = (Installation::here(), "a@loop.example");
    let postfix = Postfix::prepare(&installation, &scratch);
    let _answers =
        SocketmapServer::listen(&scratch.join("answers"), |table, key| match (table, key) {
            ("virtual_mailbox_domains", "loop.example") => "OK 1".to_owned(),
            ("virtual_alias_maps", "a@loop.example") => "OK b@loop.example".to_owned(),
            ("virtual_alias_maps", "b@loop.example") => "OK a@loop.example".to_owned(),
            _ => "NOTFOUND ".to_owned(),
        });
    let endpoint = format!("unix:{}", scratch.join("answers").display());
    let running = postfix.start(&tables_of(&endpoint), Jail::Nowhere);
    let mut session = running.session();
    assert!(session.mail_from("sender@outside.example", "").is_positive());
    assert!(session.rcpt_to(sent).is_positive(), "{}", running.log());
    let reply = session.data("Subject: loop\n\nround and round\n");
    assert_eq!((reply.code, reply.enhanced.as_deref()), (451, Some("4.6.0")), "{reply}");
}

#[test]
fn postmap_tells_found_from_not_found_from_failed() {
    let test = "postmap_tells_found_from_not_found_from_failed";
    let mut installations = vec![Installation::here()];
    installations.extend(Installation::debian_13(test).filter(|_| runs_as_root(test)));
    for installation in &installations {
        let scratch = Scratch::new();
        let socket = scratch.join("answers");
        let _answers = SocketmapServer::listen(&socket, |_, key| match key {
            "here" => "OK some value".to_owned(),
            "trouble" => "TEMP database is away".to_owned(),
            _ => "NOTFOUND ".to_owned(),
        });
        let postmap = Postmap::new(installation, &scratch);
        let table = format!("socketmap:unix:{}:any", socket.display());
        assert_eq!(postmap.ask(&table, "here"), PostmapAnswer::Found("some value".to_owned()));
        assert_eq!(postmap.ask(&table, "elsewhere"), PostmapAnswer::NotFound);
        let PostmapAnswer::Failed(said) = postmap.ask(&table, "trouble") else { panic!() };
        assert!(said.contains("database is away"), "{said}");

        let pairs = postmap.ask_all(&table, ["here", "elsewhere", "here"]);
        let expected = ("here".to_owned(), "some value".to_owned());
        assert_eq!(pairs, Ok(vec![expected.clone(), expected]));
        assert!(postmap.ask_all(&table, ["here", "trouble"]).is_err());
    }
}

fn smtp_cases() -> Vec<super::smtp_case::SmtpCase> {
    let directory: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "protocol-tests/conformance/smtp"].iter().collect();
    read_cases(Path::new(&directory))
}

/// Answers as postcote is to answer about the domains of `smtp/*.case`.
fn stand_in(table: &str, key: &str) -> String {
    let key = key.to_lowercase().replace("bücher", "xn--bcher-kva").replace('"', "");
    let primary = key.replace("@store.example", "@shop.example");
    let value = match (table, primary.as_str()) {
        (
            "virtual_mailbox_domains",
            "shop.example"
            | "store.example"
            | "example.org"
            | "example.com"
            | "admin.example.org"
            | "catch.example"
            | "xn--bcher-kva.example",
        ) => "1",
        ("virtual_alias_maps", "team@shop.example") => {
            "anna@shop.example, bert@shop.example, carl@shop.example"
        }
        ("virtual_alias_maps", "team+urgent@shop.example") => {
            "anna+urgent@shop.example, bert+urgent@shop.example, carl+urgent@shop.example"
        }
        ("virtual_alias_maps", "postmaster@example.org") => {
            "postmaster+example.org@admin.example.org"
        }
        ("virtual_alias_maps", "postmaster@example.com") => {
            "postmaster+example.com@admin.example.org"
        }
        ("virtual_alias_maps", "stranger@catch.example") => "anna@shop.example",
        (
            "virtual_mailbox_maps",
            "anna@shop.example"
            | "anna+lists@shop.example"
            | "bert@shop.example"
            | "carl@shop.example"
            | "dora@shop.example"
            | "special@shop.example"
            | "special+x@shop.example"
            | "jürgen@shop.example"
            | "known@catch.example"
            | "known+lists@catch.example"
            | "postmaster@admin.example.org"
            | "anna@xn--bcher-kva.example",
        ) => "home/Maildir/",
        ("transport_maps", "dora@shop.example") => "error:5.2.1 this account is disabled",
        ("transport_maps", "special@shop.example" | "special+x@shop.example") => {
            "lmtp:unix:private/special"
        }
        ("relocated_maps", "moved@shop.example") => "moved@elsewhere.example",
        _ => return "NOTFOUND ".to_owned(),
    };
    format!("OK {value}")
}
