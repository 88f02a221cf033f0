//! The constraints of the schema, each with the rule it guards.
//!
//! They are the last guard: two administrators may pass the same check at the same moment, and SQL
//! passes none. Whoever comes second reads the refusal that the check would have given.

use tokio_postgres::error::{DbError, SqlState};

use crate::mail::{Refusal, Rule};

/// The refusal that a failed statement stands for; `None` when no rule of ours said no.
///
/// `what` is the sentence of the command, as in [`Refusal::what`].
pub fn refusal(error: &tokio_postgres::Error, what: &str) -> Option<Refusal> {
    let error = error.as_db_error()?;
    let name = error.constraint()?;
    let (_, rule, why) = CONSTRAINTS.iter().find(|(known, ..)| *known == name)?;
    let (rule, why) = match (name, error.code()) {
        ("address_one_kind", _) => (kind_at_address(error), ""),
        // A foreign key also fails when something still hangs on the row that is to go.
        (_, code) if *code == SqlState::FOREIGN_KEY_VIOLATION && is_delete(error) => {
            (Rule::DomainNotEmpty, "")
        }
        _ => (*rule, *why),
    };
    let refusal = Refusal::new(rule, what);
    Some(if why.is_empty() { refusal } else { refusal.because(why) })
}

/// The trigger that keeps the registry names the kind that was there first.
fn kind_at_address(error: &DbError) -> Rule {
    let kind = error.message().split("is of kind ").nth(1);
    match kind.and_then(|rest| rest.split(' ').next()) {
        Some("account") => Rule::AccountExists,
        Some("alias") => Rule::AliasExists,
        Some("relocated") => Rule::RelocatedExists,
        _ => Rule::AddressTaken,
    }
}

/// PostgreSQL reports a delete on the referenced table, an insert on the referencing one.
fn is_delete(error: &DbError) -> bool {
    error.table() == Some("domain") || error.message().starts_with("update or delete")
}

const RELAY: &str = "the domain has just been deleted, or its mail is relayed";
const LOCALPART: &str =
    "a local part is stored in lower case, without quotes, in 1 to 64 octets of UTF-8";
const DESTINATIONS: &str = "a list has 1 to 1000 destinations of the form `localpart@domain`, \
                            none twice, with domains in lower-case A-labels";
const TRANSPORT: &str = "a transport has the form `transport:nexthop`, in at most 1000 octets";
const SERVICES: &str = "the services are imap, pop3, sieve and smtp, none twice";
const QUOTA: &str = "a quota limit is not negative; 0 is unlimited";
const NOTE: &str = "a note has at most 10000 characters";
const DIRECTORY: &str = "a directory is an absolute path without `.` and `..`";
const LIMIT: &str = "a limit is not negative; 0 allows none";
const SENDING: &str = "limits of sending are whole numbers under the names that \
                       `postcote admin limits set` takes; null is unlimited";
const SENDERS: &str = "who may write is 1 to 1000 of authenticated, domain, members and addresses, \
                       none twice, with domains in lower-case A-labels";
const ORDER: &str = "no work of this form is ordered";

/// Every constraint of the schema by its name, with its rule and, where the rule has no words
/// of its own for it, the reason.
const CONSTRAINTS: &[(&str, Rule, &str)] = &[
    ("account_address", Rule::AccountExists, ""),
    ("account_forwards_valid", Rule::BadValue, DESTINATIONS),
    ("account_home_valid", Rule::BadValue, DIRECTORY),
    ("account_in_mailbox_domain", Rule::RelayDomain, RELAY),
    ("account_localpart_valid", Rule::BadValue, LOCALPART),
    ("account_mailbox_format_known", Rule::BadValue, "the formats are maildir, mdbox and sdbox"),
    ("account_mailbox_root_valid", Rule::BadValue, "the mailbox root is a path below the home"),
    ("account_name_size", Rule::BadValue, "a name has one line of at most 128 characters"),
    ("account_note_size", Rule::BadValue, NOTE),
    (
        "account_password_has_scheme",
        Rule::BadValue,
        "a stored password has the form `{SCHEME}…`, in one line of at most 1000 octets",
    ),
    ("account_pkey", Rule::Internal, ""),
    (
        "account_quota_both_or_neither",
        Rule::BadValue,
        "an account has its own limits for bytes and messages, or neither",
    ),
    ("account_quota_bytes_not_negative", Rule::BadValue, QUOTA),
    ("account_quota_messages_not_negative", Rule::BadValue, QUOTA),
    ("account_sending_limits_valid", Rule::BadValue, SENDING),
    ("account_services_valid", Rule::BadValue, SERVICES),
    (
        "account_suspend_reason_size",
        Rule::BadValue,
        "a reason has one line of at most 500 characters",
    ),
    ("account_transport_valid", Rule::BadValue, TRANSPORT),
    ("account_uid_fixed", Rule::Internal, "the uid of an account never changes, it owns files"),
    ("account_uid_range", Rule::BadValue, "uids are 70000 or more"),
    ("address_is_written_by_triggers", Rule::Internal, ""),
    ("address_one_kind", Rule::AddressTaken, ""),
    ("alias_destinations_valid", Rule::BadValue, DESTINATIONS),
    ("alias_in_mailbox_domain", Rule::RelayDomain, RELAY),
    ("alias_localpart_valid", Rule::BadValue, LOCALPART),
    ("alias_note_size", Rule::BadValue, NOTE),
    ("alias_pkey", Rule::AliasExists, ""),
    ("alias_senders_valid", Rule::BadValue, SENDERS),
    ("app_password_name", Rule::AppPasswordExists, "the account has an app password of this name"),
    (
        "app_password_name_valid",
        Rule::BadValue,
        "the name of an app password has one line of 1 to 64 characters",
    ),
    ("app_password_of_account", Rule::NoSuchAccount, ""),
    (
        "app_password_password_has_scheme",
        Rule::BadValue,
        "a stored password has the form `{SCHEME}…`, in one line of at most 1000 octets",
    ),
    ("app_password_pkey", Rule::Internal, ""),
    ("app_password_sending_limits_valid", Rule::BadValue, SENDING),
    ("app_password_services_valid", Rule::BadValue, SERVICES),
    ("app_password_use_of_password", Rule::NoSuchAppPassword, ""),
    ("app_password_use_pkey", Rule::Internal, ""),
    ("catchall_destinations_valid", Rule::BadValue, DESTINATIONS),
    ("catchall_in_mailbox_domain", Rule::RelayDomain, RELAY),
    ("catchall_pkey", Rule::Internal, "the domain has just got a catch-all"),
    ("change_floor_one_row", Rule::Internal, ""),
    ("change_floor_pkey", Rule::Internal, ""),
    ("change_one_key", Rule::Internal, ""),
    ("change_pkey", Rule::Internal, ""),
    ("default_alias_destinations_valid", Rule::BadValue, DESTINATIONS),
    ("default_alias_localpart_valid", Rule::BadValue, LOCALPART),
    ("default_alias_note_size", Rule::BadValue, NOTE),
    ("default_alias_pkey", Rule::AliasExists, ""),
    ("default_alias_senders_valid", Rule::BadValue, SENDERS),
    ("domain_account_sending_limits_valid", Rule::BadValue, SENDING),
    ("domain_directory_valid", Rule::BadValue, DIRECTORY),
    ("domain_gid_fixed", Rule::Internal, "the gid of a domain never changes, it owns files"),
    ("domain_gid_kind", Rule::Internal, ""),
    ("domain_gid_range", Rule::BadValue, "gids are 70000 or more"),
    ("domain_has_primary", Rule::Internal, "a domain has one primary name"),
    ("domain_kind_known", Rule::BadValue, "a domain has mailboxes or is relayed"),
    ("domain_max_accounts_not_negative", Rule::BadValue, LIMIT),
    ("domain_max_alias_domains_not_negative", Rule::BadValue, LIMIT),
    ("domain_max_aliases_not_negative", Rule::BadValue, LIMIT),
    (
        "domain_max_destinations_range",
        Rule::BadValue,
        "a limit of destinations is between 1 and 1000, Postfix expands no more",
    ),
    (
        "domain_max_total_quota_positive",
        Rule::BadValue,
        "a total quota is at least one byte; without one there is no limit",
    ),
    ("domain_name_of_domain", Rule::NoSuchDomain, "the domain has just been deleted"),
    ("domain_name_one_primary", Rule::Internal, "a domain has one primary name"),
    ("domain_name_pkey", Rule::DomainExists, "a domain or an alias domain has this name"),
    (
        "domain_name_valid",
        Rule::BadValue,
        "a domain name is stored in lower-case A-labels, in at most 255 octets; only an alias \
         domain may stand for all sub-domains, as `*.example.org`",
    ),
    ("domain_note_size", Rule::BadValue, NOTE),
    ("domain_pkey", Rule::Internal, ""),
    ("domain_quota_bytes_not_negative", Rule::BadValue, QUOTA),
    ("domain_quota_messages_not_negative", Rule::BadValue, QUOTA),
    ("domain_sending_limits_valid", Rule::BadValue, SENDING),
    ("domain_services_valid", Rule::BadValue, SERVICES),
    ("domain_transport_valid", Rule::BadValue, TRANSPORT),
    ("greylist_client_not_negative", Rule::Internal, ""),
    ("greylist_client_pkey", Rule::Internal, ""),
    ("greylist_pkey", Rule::Internal, ""),
    ("journal_position_journal_valid", Rule::Internal, ""),
    ("journal_position_not_negative", Rule::Internal, ""),
    ("journal_position_pkey", Rule::Internal, ""),
    ("last_login_of_account", Rule::NoSuchAccount, ""),
    ("last_login_pkey", Rule::Internal, ""),
    ("last_login_service_valid", Rule::BadValue, "a service is one word in lower case"),
    ("mailbox_order_address_valid", Rule::BadValue, ORDER),
    ("mailbox_order_attempts_not_negative", Rule::Internal, ""),
    ("mailbox_order_finished_if_done", Rule::Internal, ""),
    ("mailbox_order_gid_range", Rule::BadValue, ORDER),
    ("mailbox_order_home_valid", Rule::BadValue, DIRECTORY),
    ("mailbox_order_kind_known", Rule::BadValue, ORDER),
    ("mailbox_order_new_gid_only_of_move", Rule::BadValue, ORDER),
    ("mailbox_order_new_gid_range", Rule::BadValue, ORDER),
    ("mailbox_order_new_home_only_of_move", Rule::BadValue, ORDER),
    ("mailbox_order_new_home_valid", Rule::BadValue, DIRECTORY),
    ("mailbox_order_pkey", Rule::Internal, ""),
    ("mailbox_order_state_known", Rule::BadValue, ORDER),
    ("mailbox_order_uid_range", Rule::BadValue, ORDER),
    ("mailbox_order_uid_unless_domain", Rule::BadValue, ORDER),
    ("quota_usage_bytes_not_negative", Rule::BadValue, QUOTA),
    ("quota_usage_messages_not_negative", Rule::BadValue, QUOTA),
    ("quota_usage_of_account", Rule::NoSuchAccount, ""),
    ("quota_usage_pkey", Rule::Internal, ""),
    ("relay_recipient_in_relay_domain", Rule::IsPrimaryDomain, "the domain has mailboxes here"),
    ("relay_recipient_localpart_valid", Rule::BadValue, LOCALPART),
    ("relay_recipient_pkey", Rule::AddressTaken, ""),
    ("relocated_in_mailbox_domain", Rule::RelayDomain, RELAY),
    ("relocated_localpart_valid", Rule::BadValue, LOCALPART),
    (
        "relocated_new_address_valid",
        Rule::BadValue,
        "the new address has the form `localpart@domain`, with the domain in A-labels",
    ),
    ("relocated_note_size", Rule::BadValue, NOTE),
    ("relocated_pkey", Rule::RelocatedExists, ""),
    ("sender_grant_in_mailbox_domain", Rule::RelayDomain, RELAY),
    ("sender_grant_localpart_valid", Rule::BadValue, LOCALPART),
    ("sender_grant_of_account", Rule::NoSuchAccount, ""),
    ("sender_grant_pkey", Rule::Internal, "the account has just got this grant"),
    ("sent_kind_known", Rule::Internal, ""),
    ("sent_not_negative", Rule::Internal, ""),
    ("sent_pkey", Rule::Internal, ""),
    ("sent_reset_kind_known", Rule::Internal, ""),
    ("sent_reset_pkey", Rule::Internal, ""),
    ("sent_to_of_account", Rule::NoSuchAccount, ""),
    ("sent_to_pkey", Rule::Internal, ""),
];

/// What a constraint asks for, for those who check before they write; empty if its rule says it.
pub fn reason(name: &str) -> &'static str {
    CONSTRAINTS.iter().find(|(known, ..)| *known == name).map_or("", |(.., why)| why)
}

/// The names of all constraints that have a rule.
pub fn names() -> impl Iterator<Item = &'static str> {
    CONSTRAINTS.iter().map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constraint_stands_once() {
        let names: Vec<_> = names().collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }
}
