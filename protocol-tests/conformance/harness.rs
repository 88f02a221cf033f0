//! The harness itself, with fixed answers: what Postfix makes of what postcote never answers.

use crate::support::scratch::Scratch;
use crate::support::terms::runs_as_root;

use super::installation::Installation;
use super::postfix::{Jail, Postfix, tables_of};
use super::postmap::{Postmap, PostmapAnswer};
use super::socketmap_server::answering;

#[test]
fn an_alias_loop_ends_in_a_temporary_failure_on_this_machine() {
    if !runs_as_root("an_alias_loop_ends_in_a_temporary_failure_on_this_machine") {
        return;
    }
    let scratch = Scratch::new();
    let (installation, sent) = (Installation::here(), "a@loop.example");
    let postfix = Postfix::prepare(&installation, &scratch);
    let _answers = answering(&scratch.join("answers"), |table, key| match (table, key) {
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
        let _answers = answering(&socket, |_, key| match key {
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

        let pairs = postmap.ask_all(&table, [&b"here"[..], b"elsewhere", b"here"]);
        let expected = (b"here".to_vec(), "some value".to_owned());
        assert_eq!(pairs, Ok(vec![expected.clone(), expected]));
        assert!(postmap.ask_all(&table, [&b"here"[..], b"trouble"]).is_err());
    }
}
