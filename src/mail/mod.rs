//! The vocabulary of virtual mail and its rules. Pure: no input, no output, no clock.
//!
//! Everything that enters the program as text becomes one of these types at the edge and cannot be
//! wrong inside. [`rules`] then decides, from facts alone, what the answer to a lookup is.

mod account;
mod address;
mod counted;
mod destination;
mod domain;
mod domain_name;
mod domain_pattern;
mod entry;
mod entry_address;
mod folder;
mod localpart;
mod location;
pub mod login;
mod mutf7;
mod password;
pub mod policy;
mod quota;
mod refusal;
pub mod rules;
mod service;
mod timestamp;
mod transport;

pub use account::{Account, AppPassword, Availability, Forwards, Switches};
pub use address::{Address, AddressError};
pub use counted::counted;
pub use destination::{Destination, DestinationError, DestinationTemplate};
pub use domain::{Domain, DomainKind, DomainSending, Gid};
pub use domain_name::{DomainName, DomainNameError};
pub use domain_pattern::{DomainPattern, DomainPatternError};
pub use entry::{Alias, Entry};
pub use entry_address::EntryAddress;
pub use folder::{FolderName, FolderNameError};
pub use localpart::{Delimiters, DelimitersError, Localpart, LocalpartError};
pub use location::{MailLocation, MailboxFormat, MailboxFormatError, Uid};
pub use login::{Channel, Denial, LoginNameError, LoginNames};
pub use password::{
    Dovecot24, Encoding, HashForm, PasswordHash, PasswordHashError, Scheme, Strength,
};
pub use quota::{QuotaLimit, SizeError, exact_size, human_size, parse_size};
pub use refusal::{Refusal, Rule};
pub use service::{Service, ServiceError, ServiceSet};
pub use timestamp::Timestamp;
pub use transport::{Transport, TransportError};
