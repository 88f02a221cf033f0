//! The protocols of Dovecot: however bytes arrive and whatever they are, a bad request harms no
//! other, and what is written is read back.

use bytes::BytesMut;
use postcote::protocol::dovecot::dict::{Answer, Outcome, Reply};
use postcote::protocol::dovecot::{Cookie, Fields, auth, dict, master};
use postcote::protocol::{Codec, DovecotAuth, DovecotDict, DovecotMaster, ProtocolError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::codecs::{codec_properties, cut, decode, stream};

fn auth_codec() -> DovecotAuth {
    let cookie = Cookie::new([7; 16]);
    let mechanisms = vec![auth::Offer { name: "PLAIN", properties: &["plaintext"] }];
    DovecotAuth::new(auth::Greeting { mechanisms, server_pid: 1, connection: 1, cookie })
}

/// Words that mean something, between TABs, most of them where they belong.
fn auth_lines() -> impl Strategy<Value = Vec<u8>> {
    lines(
        "(AUTH\t[0-9]{1,11}\t(PLAIN|LOGIN|X)\tservice=[a-z]{0,4}(\t(lip|rip|secured|nologin|resp)(=[A-Za-z0-9=]{0,12})?){0,5}|CONT\t[0-9]{1,3}\t[A-Za-z0-9+/]{0,8}={0,2}|CANCEL\t[0-9]{0,3}|CPID\t[0-9]{1,6}|VERSION\t1\t[0-9])\n",
    )
}

fn master_lines() -> impl Strategy<Value = Vec<u8>> {
    lines(
        "((USER|PASS)\t[0-9]{1,11}\t[a-z@\u{1}]{0,9}(\t(service|protocol|lip)=[a-z0-9.]{0,9}){0,3}|LIST\t[0-9](\tuser=\\*)?|REQUEST\t[0-9]\t[0-9]\t[0-9]\t[0-9a-f]{31,32}(\tsession_pid=[0-9]{1,3})?|CACHE-FLUSH\t[0-9](\t[a-z]{1,3}){0,3}|VERSION\t1\t[0-9])\n",
    )
}

fn dict_lines() -> impl Strategy<Value = Vec<u8>> {
    lines(
        "(H[234]\t[0-9]\t0\t\t[a-z]{0,4}|L[a-z/]{0,9}(\t[a-z@]{0,6})?|I[0-9]{1,2}\t[0-9]\t[a-z/]{0,9}\t[a-z]{0,3}|[BCDRU][0-9]{1,11}(\t[a-z]{0,4})?|[SPA][0-9]\t[a-z/]{1,9}\t(-?[0-9]{1,20}|[a-z\u{1}]{0,9})|T[0-9]\t[0-9]{1,9}\t[0-9]{1,9}|V1\tyes)\n",
    )
}

fn lines(good: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let good = proptest::string::bytes_regex(good).unwrap();
    let odd = vec("[A-Z]{0,9}\t?[0-9a-z=\u{1}]{0,9}", 0..5)
        .prop_map(|fields| (fields.join("\t") + "\n").into_bytes());
    let bad = vec(any::<u8>(), 0..20);
    stream(prop_oneof![6 => good, 2 => odd, 1 => bad])
}

codec_properties!(of_dovecot_auth, auth_codec(), auth_lines());
codec_properties!(of_dovecot_master, DovecotMaster::new(1), master_lines());
codec_properties!(of_dovecot_dict, DovecotDict::default(), dict_lines());

proptest! {
    #[test]
    fn a_bad_line_harms_no_other(bad in vec(any::<u8>(), 0..100), id in any::<u32>()) {
        // A version that is not ours, and a second line, are another matter.
        prop_assume!(!bad.starts_with(b"VERSION") && !bad.contains(&b'\n'));
        let good = format!("CANCEL\t{id}\n").into_bytes();
        let all = [&good, &bad[..], b"\n", &good].concat();
        let (requests, end) = decode(&mut auth_codec(), &[&all]);
        prop_assert_eq!((requests.len(), end), (3, Ok(0)));
        prop_assert_eq!(&requests[0], &auth::Request::Cancel { id });
        prop_assert_eq!(&requests[2], &auth::Request::Cancel { id });

        let good = format!("USER\t{id}\tjoe\n").into_bytes();
        let all = [&good, &bad[..], b"\n", &good].concat();
        let (requests, end) = decode(&mut DovecotMaster::new(1), &[&all]);
        prop_assert_eq!((requests.len(), end), (3, Ok(0)));
        prop_assert_eq!(&requests[0], &requests[2]);
    }

    #[test]
    fn names_survive_the_escapes(name in vec(any::<u8>(), 1..60), value in vec(any::<u8>(), 0..60)) {
        let (name_, value_) = (escaped(&name), escaped(&value));
        let line = [b"USER\t1\t", &name_[..], b"\n"].concat();
        let (requests, _) = decode(&mut DovecotMaster::new(1), &[&line]);
        let parameters = <_>::default();
        prop_assert_eq!(requests, [master::Request::User { id: 1, user: name.clone(), parameters }]);

        let line = [b"S1\t", &name_[..], b"\t", &value_[..], b"\n"].concat();
        let (requests, _) = decode(&mut DovecotDict::default(), &[&line]);
        let change = dict::Change::Set { key: name, value };
        prop_assert_eq!(requests, [dict::Request::Write { id: 1, change }]);
    }

    #[test]
    fn replies_are_single_lines_with_all_their_fields(
        user in "(?s).{1,40}", home in "(?s).{0,40}", reason in "(?s).{0,40}",
    ) {
        let fields = Fields::default().with("home", home.clone()).flag("anonymous");
        let reply = master::Reply::User { id: 9, user: user.clone(), fields: fields.clone() };
        let home = [b"home=".to_vec(), home.clone().into_bytes()].concat();
        let told = [b"USER".to_vec(), b"9".into(), user.clone().into(), home, b"anonymous".into()];
        prop_assert_eq!(line(&mut DovecotMaster::new(1), &reply), told);

        let reason_ = [b"reason=", reason.as_bytes()].concat();
        let reply = master::Reply::Fail { id: 9, reason: Some(reason.clone()) };
        let told = [b"FAIL".to_vec(), b"9".into(), reason_.clone()];
        prop_assert_eq!(line(&mut DovecotMaster::new(1), &reply), told);

        let name = [b"user=", user.as_bytes()].concat();
        let reply = auth::Reply::Fail {
            id: 9, user: Some(user.clone()), code: Some(auth::FailCode::UserDisabled), reason: Some(reason.clone()),
        };
        let told = [b"FAIL".to_vec(), b"9".into(), name, b"code=user_disabled".into(), reason_];
        prop_assert_eq!(line(&mut auth_codec(), &reply), told);

        let reply = Reply::Plain(Answer::Row { key: user.clone(), values: vec![reason.clone()] });
        let told = [[b"O", user.as_bytes()].concat(), reason.clone().into_bytes()];
        prop_assert_eq!(line(&mut DovecotDict::default(), &reply), told);
    }

    #[test]
    fn several_values_survive_being_escaped_twice(values in vec("(?s).{0,20}", 1..5)) {
        let reply = Reply::Plain(Answer::Values(values.clone()));
        let fields = line(&mut DovecotDict::default(), &reply);
        let (letter, joined) = fields[0].split_first().unwrap();
        prop_assert_eq!((fields.len(), *letter), (1, b'M'));
        let read: Vec<_> = joined.split(|byte| *byte == b'\t').map(unescaped).collect();
        let expected: Vec<_> = values.into_iter().map(String::into_bytes).collect();
        prop_assert_eq!(read, expected);
    }

    /// A reply with another letter crashes Dovecot 2.3.19.
    #[test]
    fn every_dict_reply_starts_with_a_letter_that_dovecot_knows(reply in dict_replies()) {
        let mut wire = BytesMut::new();
        DovecotDict::default().encode(&reply, &mut wire);
        let text = std::str::from_utf8(&wire).unwrap();
        prop_assert_eq!(text.matches('\n').count(), 1);
        let rest = match &reply {
            Reply::Announced(_) => return Ok(()),
            Reply::Numbered(..) => text.split_once('\t').unwrap().1,
            Reply::Plain(_) => text,
        };
        prop_assert!("OMNFWA\n".contains(&rest[..1]), "{}", text);
    }

    #[test]
    fn json_is_flat_and_survives(home in "(?s).{0,40}", hash in "(?s).{0,40}") {
        let fields = Fields::default().with("home", home.clone()).with("password", hash.clone()).flag("nologin");
        let json: serde_json::Value = serde_json::from_str(&fields.to_json()).unwrap();
        prop_assert_eq!(json, serde_json::json!({"home": home, "password": hash, "nologin": "yes"}));
    }
}

fn dict_replies() -> impl Strategy<Value = Reply> {
    let text = || "(?s).{0,20}";
    let outcome = prop_oneof![
        Just(Outcome::Done),
        text().prop_map(Outcome::Failed),
        Just(Outcome::NotFound),
        text().prop_map(Outcome::Uncertain),
    ];
    let kind = prop_oneof![Just(dict::CommitKind::Async), Just(dict::CommitKind::Sync)];
    let answer = prop_oneof![
        (any::<u32>(), kind, outcome).prop_map(|(id, kind, outcome)| Answer::Commit {
            id,
            kind,
            outcome
        }),
        Just(Answer::End),
        text().prop_map(Answer::Failed),
        Just(Answer::NotFound),
        (text(), vec(text(), 0..3)).prop_map(|(key, values)| Answer::Row { key, values }),
        text().prop_map(Answer::Value),
        vec(text(), 0..3).prop_map(Answer::Values),
    ];
    prop_oneof![
        any::<u32>().prop_map(Reply::Announced),
        (any::<u32>(), answer.clone()).prop_map(|(number, answer)| Reply::Numbered(number, answer)),
        answer.prop_map(Reply::Plain),
    ]
}

/// The fields of the one line that a reply is.
fn line<C: Codec>(codec: &mut C, reply: &C::Reply) -> Vec<Vec<u8>> {
    let mut wire = BytesMut::new();
    codec.encode(reply, &mut wire);
    let line = wire.strip_suffix(b"\n").unwrap();
    assert!(!line.contains(&b'\n'), "{wire:?}");
    line.split(|byte| *byte == b'\t').map(unescaped).collect()
}

/// `src/lib/strescape.c`, written down once more.
fn escaped(text: &[u8]) -> Vec<u8> {
    text.iter()
        .flat_map(|byte| match byte {
            0 => vec![1, b'0'],
            1 => vec![1, b'1'],
            b'\t' => vec![1, b't'],
            b'\n' => vec![1, b'n'],
            b'\r' => vec![1, b'r'],
            _ => vec![*byte],
        })
        .collect()
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut rest = text.iter();
    let mut bytes = Vec::new();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            1 => match rest.next().unwrap() {
                b'0' => 0,
                b'1' => 1,
                b't' => b'\t',
                b'n' => b'\n',
                b'r' => b'\r',
                other => panic!("escape {other}"),
            },
            byte => *byte,
        });
    }
    bytes
}

#[test]
fn limits_are_exact() {
    fn check<C: Codec>(codec: impl Fn() -> C, limit: usize) {
        for (length, fits) in [(limit, true), (limit + 1, false)] {
            let line = [b"L".repeat(length).as_slice(), b"\n"].concat();
            let (requests, end) = decode(&mut codec(), &[&line]);
            let expected = if fits { Ok(0) } else { Err(ProtocolError::TooLong { limit }) };
            assert_eq!((requests.len(), end), (usize::from(fits), expected));
            let endless = b"L".repeat(length);
            let (_, end) = decode(&mut codec(), &[&endless]);
            assert_eq!(end.is_ok(), fits, "judged before the newline");
        }
    }
    check(auth_codec, auth::MAX_LINE);
    check(|| DovecotMaster::new(1), master::MAX_LINE);
    check(DovecotDict::default, dict::MAX_LINE);
}
