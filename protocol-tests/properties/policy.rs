//! The policy protocol: however bytes arrive and whatever they are, and whatever is answered.

use bytes::BytesMut;
use postcote::protocol::policy::{Reply, State};
use postcote::protocol::{Codec, Policy};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::codecs::{codec_properties, cut, decode, stream};

/// Blocks of lines, most of them good.
fn blocks() -> impl Strategy<Value = Vec<u8>> {
    let good = proptest::string::bytes_regex(
        "request=smtpd_access_policy\n(protocol_state=(RCPT|MAIL|DATA|X)?\n)?(sender=[a-z@]{0,9}\n)?\
         (recipient=(?s-u:[^\n]){0,9}\n)?(size=[0-9]{0,9}\n)?([a-z]{1,3}=[ -~]{0,9}\n){0,3}\n",
    )
    .unwrap();
    let odd = proptest::string::bytes_regex(
        "(request=[a-z_]{0,19}\r?\n)?((sender|size|recipient_count)=[0-9a-z-]{0,22}\r?\n){0,3}\r?\n",
    )
    .unwrap();
    stream(prop_oneof![6 => good, 2 => odd, 1 => vec(any::<u8>(), 0..20)])
}

codec_properties!(of_policy, Policy::default(), blocks());

fn replies() -> impl Strategy<Value = Reply> {
    let status = prop::sample::select(vec!["4.7.1", "5.7.1", "4.2.2"]);
    let refuse = (400_u16..600, status.clone(), any::<String>())
        .prop_map(|(code, status, text)| Reply::Refuse { code, status, text });
    let wait =
        (status, any::<String>()).prop_map(|(status, text)| Reply::DeferIfPermit { status, text });
    prop_oneof![1 => Just(Reply::Dunno), 6 => refuse, 3 => wait]
}

proptest! {
    #[test]
    fn a_reply_is_one_action_that_smtpd_understands(reply in replies()) {
        let mut output = BytesMut::new();
        Policy::default().encode(&reply, &mut output);
        let text = std::str::from_utf8(&output).unwrap();
        let action = text.strip_prefix("action=").and_then(|rest| rest.strip_suffix("\n\n")).unwrap();
        prop_assert!(output.len() <= 512 && action.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        let mut words = action.split(' ');
        let (first, status) = (words.next().unwrap(), words.next());
        let text = words.collect::<String>();
        match reply {
            Reply::Dunno => prop_assert_eq!(action, "DUNNO"),
            // A bare number would permit, and so would a status without its code.
            Reply::Refuse { code, status: own, .. } => {
                prop_assert_eq!((first, status), (&*code.to_string(), Some(own)));
                prop_assert!(!text.is_empty());
            }
            Reply::DeferIfPermit { status: own, .. } => {
                prop_assert_eq!((first, status), ("DEFER_IF_PERMIT", Some(own)));
                prop_assert!(!text.is_empty());
            }
        }
    }

    /// No damage within a line changes what another says.
    #[test]
    fn damage_never_makes_another_request(at in any::<Index>(), byte in any::<u8>()) {
        let whole = "request=smtpd_access_policy\nprotocol_state=RCPT\nsasl_username=anna@shop.example\n\
                     recipient=x@far.example\nsize=100\nrecipient_count=0\ninstance=1a2b\n\n".as_bytes();
        let mut damaged = whole.to_vec();
        let at = at.index(whole.len());
        prop_assume!(whole[at] != b'\n' && byte != b'\n');
        damaged[at] = byte;
        let (original, _) = decode(&mut Policy::default(), &[whole]);
        let (requests, _) = decode(&mut Policy::default(), &[&damaged]);
        prop_assert!(requests.len() <= 1);
        let (Some(request), original) = (requests.first(), &original[0]) else { return Ok(()) };
        let changed = [
            request.state != State::Rcpt,
            request.login != original.login,
            request.recipient != original.recipient,
            request.size != original.size,
            request.recipient_count != original.recipient_count,
            request.instance != original.instance,
        ];
        prop_assert!(changed.into_iter().filter(|changed| *changed).count() <= 1, "{:?}", request);
    }
}
