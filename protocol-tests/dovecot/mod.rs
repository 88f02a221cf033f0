//! Every kind of line that Dovecot 2.3 and 2.4 and Postfix were seen to send is understood. The files
//! are facts: what stands in them was recorded between real clients and servers.

use std::fs;
use std::path::Path;

use bytes::BytesMut;
use postcote::protocol::dovecot::{Cookie, auth, dict, master};
use postcote::protocol::{Codec, DovecotAuth, DovecotDict, DovecotMaster};

/// The lines of a file, as they were on the wire.
fn seen(name: &str) -> Vec<(String, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol-tests/dovecot").join(name);
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| (line.to_owned(), unquoted(line))).collect()
}

fn unquoted(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match (byte, byte == b'\\') {
            (byte, false) => byte,
            (_, true) => match rest.next().unwrap() {
                b't' => b'\t',
                b'x' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other,
            },
        });
    }
    bytes.push(b'\n');
    bytes
}

fn decode<C: Codec>(codec: &mut C, line: &[u8]) -> Option<C::Request> {
    codec.decode(&mut BytesMut::from(line)).unwrap_or_else(|error| {
        panic!("{error}: {}", line.escape_ascii());
    })
}

#[test]
fn what_auth_clients_send_is_understood() {
    let cookie = Cookie::new([0; 16]);
    let greeting = auth::Greeting { mechanisms: vec![], server_pid: 1, connection: 1, cookie };
    for (shown, line) in seen("auth.seen") {
        let request = decode(&mut DovecotAuth::new(greeting.clone()), &line).unwrap();
        match request {
            auth::Request::Auth(begun) => {
                let parameters = begun.parameters;
                let from_doveadm = parameters.service == "doveadm";
                assert!(
                    ["doveadm", "imap", "smtp"].contains(&parameters.service.as_str()),
                    "{shown}"
                );
                assert_eq!(parameters.remote.ip.is_none(), from_doveadm, "{shown}");
                assert_eq!(parameters.nologin, parameters.service == "smtp", "{shown}");
                assert_eq!(parameters.session.is_some(), parameters.service == "imap", "{shown}");
                assert_eq!(begun.initial_response.is_some(), shown.contains("resp="), "{shown}");
            }
            auth::Request::Malformed { .. } => panic!("not understood: {shown}"),
            _ => {}
        }
    }
}

#[test]
fn what_master_clients_send_is_understood() {
    for (shown, line) in seen("master.seen") {
        let request = decode(&mut DovecotMaster::new(1), &line).unwrap();
        match request {
            master::Request::User { parameters, .. } | master::Request::Pass { parameters, .. } => {
                assert!(["doveadm", "lmtp"].contains(&parameters.service.as_str()), "{shown}");
            }
            master::Request::Login { session_pid, .. } => assert!(session_pid.is_some(), "{shown}"),
            master::Request::Malformed { .. } => panic!("not understood: {shown}"),
            _ => {}
        }
    }
}

#[test]
fn what_dict_clients_send_is_understood() {
    for (shown, line) in seen("dict.seen") {
        let request = decode(&mut DovecotDict::default(), &line).unwrap();
        let is_of_4 = matches!(&request, dict::Request::Begin { .. }) && shown.ends_with("\\t0");
        match request {
            dict::Request::Hello(hello) => {
                let version =
                    if shown.starts_with("H3") { dict::Version::V3 } else { dict::Version::V4 };
                assert_eq!(hello.version, version, "{shown}");
                assert!(hello.user.is_empty() && !hello.dict.is_empty(), "{shown}");
            }
            dict::Request::Begin { user, .. } if is_of_4 => {
                assert!(!user.contains(&b'\t'), "{shown}");
            }
            dict::Request::Write { id, change } => {
                assert!(id > 0 && !change.key().is_empty(), "{shown}");
            }
            _ => {}
        }
    }
}
