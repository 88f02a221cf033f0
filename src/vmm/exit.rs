//! The exit codes of vmm, and which of ours is which of them.

use crate::admin::AdminError;
use crate::exit::{Exit, Failure};
use crate::mail::{AddressError, DestinationError, DomainNameError, LocalpartError, Rule};
use crate::vmm::subcommand::Subcommand as S;

/// The exit codes of vmm that can still happen, in numerical order, with vmm's names for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Done, perhaps with warnings.
    Done = 0,
    /// `EX_MISSING_ARGS`: no subcommand.
    Missing = 1,
    /// argparse: the command line cannot be meant.
    Usage = 2,
    /// `EX_USER_INTERRUPT`: Ctrl-C or the end of input at a question.
    Interrupted = 3,
    /// `ACCOUNT_AND_ALIAS_PRESENT`: the domain is not empty.
    DomainNotEmpty = 20,
    /// `ACCOUNT_EXISTS`.
    AccountExists = 21,
    /// `ALIASDOMAIN_EXISTS`.
    AliasDomainExists = 23,
    /// `ALIASDOMAIN_ISDOMAIN`: the name is a primary domain's.
    IsPrimaryDomain = 24,
    /// `ALIAS_EXCEEDS_EXPANSION_LIMIT`.
    TooManyDestinations = 27,
    /// `ALIAS_EXISTS`.
    AliasExists = 28,
    /// `ALIAS_PRESENT`: others lead to the account.
    AliasPresent = 30,
    /// `CONF_ERROR`.
    Configuration = 31,
    /// `CONF_NOFILE`.
    NoConfiguration = 32,
    /// `CONF_NOPERM`: a permission is missing; vmm wanted root.
    Permission = 33,
    /// `DATABASE_ERROR`.
    Database = 35,
    /// `DOMAIN_ALIAS_EXISTS`: the name is an alias domain's.
    IsAliasDomain = 37,
    /// `DOMAIN_EXISTS`.
    DomainExists = 38,
    /// `DOMAIN_INVALID`.
    DomainInvalid = 39,
    /// `DOMAIN_NO_NAME`.
    NoDomain = 40,
    /// `DOMAIN_TOO_LONG`.
    DomainTooLong = 41,
    /// `INVALID_ADDRESS`.
    InvalidAddress = 43,
    /// `INVALID_ARGUMENT`.
    InvalidArgument = 44,
    /// `INVALID_SECTION`.
    InvalidSection = 46,
    /// `LOCALPART_INVALID`.
    LocalpartInvalid = 47,
    /// `LOCALPART_TOO_LONG`.
    LocalpartTooLong = 48,
    /// `NOT_EXECUTABLE`: what an option names is no program.
    NotExecutable = 51,
    /// `NO_SUCH_ACCOUNT`.
    NoSuchAccount = 52,
    /// `NO_SUCH_ALIAS`, also for catch-alls.
    NoSuchAlias = 53,
    /// `NO_SUCH_ALIASDOMAIN`.
    NoSuchAliasDomain = 54,
    /// `NO_SUCH_BINARY`: what an option names is no file.
    NoSuchBinary = 55,
    /// `NO_SUCH_DOMAIN`.
    NoSuchDomain = 57,
    /// `NO_SUCH_RELOCATED`.
    NoSuchRelocated = 58,
    /// `RELOCATED_ADDR_DEST_IDENTICAL`.
    OwnAddress = 59,
    /// `RELOCATED_EXISTS`.
    RelocatedExists = 60,
    /// `VMM_ERROR`: what vmm had no number for.
    Other = 67,
    /// `VMM_TOO_MANY_FAILURES`.
    TooManyFailures = 68,
    /// `ACCOUNT_MISSING_PASSWORD`.
    NoPassword = 69,
    /// `INVALID_MAIL_LOCATION`: the transport cannot deliver to the mailbox format.
    TransportUnfit = 70,
}

impl Code {
    /// The code of a rule that refused a subcommand.
    pub(super) fn of_rule(rule: Rule, subcommand: S) -> Self {
        match rule {
            Rule::AccountExists => Self::AccountExists,
            Rule::AccountInUse => Self::AliasPresent,
            Rule::AliasDomainExists if subcommand == S::DomainAdd => Self::IsAliasDomain,
            Rule::AliasDomainExists => Self::AliasDomainExists,
            Rule::AliasExists => Self::AliasExists,
            Rule::DomainExists if subcommand == S::DomainAdd => Self::DomainExists,
            Rule::DomainExists | Rule::IsPrimaryDomain => Self::IsPrimaryDomain,
            Rule::DomainNotEmpty => Self::DomainNotEmpty,
            Rule::IsAliasDomain => Self::IsAliasDomain,
            Rule::NoSuchAccount => Self::NoSuchAccount,
            Rule::NoSuchAlias | Rule::NoSuchCatchAll | Rule::NoSuchDestination => Self::NoSuchAlias,
            Rule::NoSuchAliasDomain => Self::NoSuchAliasDomain,
            // vmm knew no relayed domains.
            Rule::NoSuchDomain | Rule::RelayDomain => Self::NoSuchDomain,
            Rule::NoSuchRelocated => Self::NoSuchRelocated,
            Rule::OwnAddress if subcommand == S::RelocatedAdd => Self::OwnAddress,
            Rule::BadValue | Rule::OwnAddress => Self::InvalidArgument,
            Rule::RelocatedExists => Self::RelocatedExists,
            Rule::DestinationLimit | Rule::TooManyDestinations => Self::TooManyDestinations,
            Rule::TransportUnfit => Self::TransportUnfit,
            // Rules that vmm did not have.
            Rule::AccountLimit
            | Rule::AddressTaken
            | Rule::AliasDomainLimit
            | Rule::AliasLimit
            | Rule::AppPasswordExists
            | Rule::AppPasswordLimit
            | Rule::NoSuchAppPassword
            | Rule::NoSuchGrant
            | Rule::Internal
            | Rule::Loop
            | Rule::QuotaLimit
            | Rule::WrongPassword => Self::Other,
        }
    }

    /// The code of a command that failed.
    pub(super) fn of_error(error: &AdminError, subcommand: S) -> Self {
        match error {
            AdminError::Refused(refusal) => Self::of_rule(refusal.rule, subcommand),
            // vmm read no files.
            AdminError::BadData { .. }
            | AdminError::Mistakes(_)
            | AdminError::Unreadable { .. } => Self::InvalidArgument,
            AdminError::Database(_) if error.exit() == Exit::Permission => Self::Permission,
            AdminError::Database(_) => Self::Database,
        }
    }

    /// The code of what failed before the command began.
    pub fn of_failure(failure: &Failure) -> Self {
        match failure.exit {
            Exit::Done => Self::Done,
            Exit::Refused | Exit::Usage | Exit::BadData => Self::InvalidArgument,
            Exit::Unavailable | Exit::Temporary => Self::Database,
            Exit::Permission => Self::Permission,
            Exit::Configuration => Self::Configuration,
        }
    }
}

impl From<DomainNameError> for Code {
    fn from(error: DomainNameError) -> Self {
        match error {
            DomainNameError::Empty => Self::NoDomain,
            DomainNameError::TooLong => Self::DomainTooLong,
            _ => Self::DomainInvalid,
        }
    }
}

impl From<LocalpartError> for Code {
    fn from(error: LocalpartError) -> Self {
        match error {
            LocalpartError::TooLong => Self::LocalpartTooLong,
            _ => Self::LocalpartInvalid,
        }
    }
}

impl From<AddressError> for Code {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::NoAt | AddressError::TwoAts => Self::InvalidAddress,
            AddressError::Localpart(error) => error.into(),
            AddressError::Domain(error) => error.into(),
        }
    }
}

impl From<DestinationError> for Code {
    fn from(error: DestinationError) -> Self {
        match error {
            DestinationError::Localpart(error) => error.into(),
            DestinationError::Domain(error) => error.into(),
            DestinationError::NeedsQuotes => Self::LocalpartInvalid,
            _ => Self::InvalidAddress,
        }
    }
}
