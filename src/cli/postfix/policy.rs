//! The lines that make smtpd ask the policy service, in the places and with the failures that its
//! rules need.

use crate::cli::postfix::{QUEUE, detour, reachable};
use crate::config::{ADVISORY, Config, Endpoint, Listen, PROTECTING, Protocol};
use crate::mail::policy::PolicyRule;

const NEAR: &str = "\
# What smtpd may do next. The path is relative to the queue directory, so that it is the same inside the
# chroot, where Debian runs smtpd, and outside.
";

const FAR: &str = "\
# What smtpd may do next. This path works where smtpd is not in a chroot: `n` in the fifth column of
# master.cf. Debian has `y` there, and a policy service knows no proxy: as tables do. So with a chroot
# postcote has to listen below /var/spool/postfix, as conf-examples/systemd/postcote-policy.socket does,
# or on a port.
";

/// The listener that is asked: the nearest, and one with the rules of `[policy]` before others.
pub(super) fn nearest(config: &Config) -> Option<&Listen> {
    let policy = config.listen.iter().filter(|listen| listen.protocol == Protocol::Policy);
    policy.min_by_key(|listen| (listen.rule_set.is_some(), detour(&listen.address)))
}

/// The restriction lists; `access` is the table of addresses that are not available.
pub(super) fn lines(config: &Config, listen: &Listen, access: Option<&str>) -> String {
    let (how, service) = service(&listen.address);
    let (protecting, advisory) = (asked(PROTECTING), asked(ADVISORY));
    let access =
        access.map(|table| format!("    check_recipient_access {table},\n")).unwrap_or_default();
    let says = if access.is_empty() {
        ""
    } else {
        "# - check_recipient_access says why an account takes no mail now.\n"
    };
    let waits = named(|rule| !rule.is_advisory());
    let goes_on = named(PolicyRule::is_advisory);
    let sets = sets(config);
    format!(
        "
{how}# Five seconds: with Postfix's own 100 an smtpd would hang for 201 on each recipient. Two tries, the second
# on a new connection: with one an smtpd goes on with a connection that is broken, for example by a
# restart, for as long as 1000 seconds.
postcote_policy = {service}, timeout=5s, try_limit=2

# At RCPT TO. The rules of postcote.toml are asked in two calls, since they fail in two ways.
{says}# - reject_unlisted_recipient refuses whoever does not exist, so that nothing is remembered of them.
# - {PROTECTING}: {waits}. Without an answer mail waits.
# - {ADVISORY}: {goes_on}. Without an answer mail goes on.
# Before that smtpd_relay_restrictions has refused who may not relay. What permits ends the list: put
# permit_mynetworks, permit_sasl_authenticated and permit_dnswl_client behind these lines, as your own
# restrictions. A service of master.cf that sets smtpd_recipient_restrictions itself, as Debian's
# submission does, has to repeat them there, or nothing is decided for it.
{sets}smtpd_recipient_restrictions =
{access}    reject_unlisted_recipient,
    {protecting},
    {advisory}

# At the end of a message, when its recipients and its size are known: sending-limits count here.
smtpd_end_of_data_restrictions =
    {advisory}
"
    )
}

/// The service with what becomes of mail when it does not answer.
fn asked(context: &str) -> String {
    let failing = match context {
        PROTECTING => "{ default_action = 451 4.3.0 Cannot be decided now, try again later }",
        _ => "default_action=DUNNO",
    };
    format!("check_policy_service {{ $postcote_policy, policy_context={context}, {failing} }}")
}

fn named(wanted: impl Fn(PolicyRule) -> bool) -> String {
    let rules = PolicyRule::ALL.into_iter().filter(|rule| wanted(*rule)).map(PolicyRule::as_str);
    rules.collect::<Vec<_>>().join(", ")
}

/// How the other rule sets are chosen.
fn sets(config: &Config) -> String {
    let names: Vec<_> = config.rule_set.iter().map(|set| format!("`{}`", set.name)).collect();
    if names.is_empty() {
        return String::new();
    }
    let names = names.join(", ");
    format!(
        "\
# Other rules for one service of master.cf, in restriction lists of its own: policy_context=NAME in the
# place of both calls, where NAME is one of {names}.
"
    )
}

/// The socket, and the reason for its form. Unlike tables, a service has no `proxy:`.
fn service(address: &Endpoint) -> (String, String) {
    match address {
        Endpoint::Unix(path) => {
            let path = path.display().to_string();
            if let Some(relative) = path.strip_prefix(QUEUE) {
                (NEAR.to_owned(), format!("unix:{relative}"))
            } else {
                (FAR.to_owned(), format!("unix:{path}"))
            }
        }
        Endpoint::Systemd(name) => {
            let how = format!(
                "\
# What smtpd may do next. systemd makes the socket `{name}`; this is the path in
# conf-examples/systemd/postcote-policy.socket, relative to the queue directory for the chroot.
"
            );
            (how, format!("unix:postcote/{name}"))
        }
        Endpoint::Inet { host, port } => {
            ("# What smtpd may do next.\n".to_owned(), format!("inet:{}", reachable(host, *port)))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::cli::postfix::main_cf;
    use crate::config::Config;

    const MAPS: &str = "{protocol='socketmap',address='systemd:socketmap'}";

    #[test]
    fn the_nearest_service_is_asked_in_a_form_that_works() {
        // Addresses of listeners, the service, and a part of what is said about it.
        let table = [
            ("'systemd:policy'", "unix:postcote/policy", "postcote-policy.socket"),
            ("'unix:/var/spool/postfix/pc/p'", "unix:pc/p", "relative to the queue directory"),
            ("'unix:/run/postcote/policy'", "unix:/run/postcote/policy", "knows no proxy:"),
            ("'inet:0.0.0.0:10031'", "inet:127.0.0.1:10031", "What smtpd may do"),
            ("'inet:[::1]:1'},{protocol='policy',address='systemd:p'", "unix:postcote/p", "p`"),
        ];
        for (address, service, why) in table {
            let text = format!("listen=[{MAPS},{{protocol='policy',address={address}}}]");
            let config = Config::parse(&text, Path::new("test")).unwrap();
            let lines = main_cf(&config).unwrap();
            let line = format!("\npostcote_policy = {service}, timeout=5s, try_limit=2\n");
            assert!(lines.contains(&line) && lines.contains(why), "{text}:\n{lines}");
            // Never through what tables have.
            assert!(!line.contains("proxy:"), "{line}");
        }
    }

    #[test]
    fn every_place_has_its_way_to_fail() {
        let policy = "{protocol='policy',address='systemd:policy'}";
        let access = "{protocol='tcp-table',address='inet:[::1]:2',table='recipient_access'}";
        let table = [
            (format!("{MAPS},{policy}"), "check_recipient_access $postcote:recipient_access,"),
            (format!("{access},{policy}"), "check_recipient_access tcp:[::1]:2,"),
            (policy.to_owned(), ""),
        ];
        for (listen, first) in table {
            let config = Config::parse(&format!("listen=[{listen}]"), Path::new("test")).unwrap();
            let lines = main_cf(&config).unwrap();
            let first = if first.is_empty() { String::new() } else { format!("    {first}\n") };
            let expected = format!(
                "\nsmtpd_recipient_restrictions =\n{first}    reject_unlisted_recipient,\n    \
                 check_policy_service {{ $postcote_policy, policy_context=protecting, \
                 {{ default_action = 451 4.3.0 Cannot be decided now, try again later }} }},\n    \
                 check_policy_service {{ $postcote_policy, policy_context=advisory, \
                 default_action=DUNNO }}\n"
            );
            assert!(lines.contains(&expected), "{listen}:\n{lines}");
            assert_eq!(lines.matches("\nsmtpd_recipient_restrictions").count(), 1, "{lines}");
            assert_eq!(lines.matches("virtual_alias_domains").count() > 0, listen != policy);
        }
        let without = Config::parse(&format!("listen=[{MAPS}]"), Path::new("test")).unwrap();
        assert!(!main_cf(&without).unwrap().contains("policy"));
    }
}
