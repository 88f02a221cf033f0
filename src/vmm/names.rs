//! Names and addresses as they are typed, in the spelling that `admin` takes.
//!
//! What vmm refused before it looked into its database is refused here, with its exit code.

use std::fmt::Display;

use crate::mail::{
    Address, Destination, DestinationTemplate, DomainName, DomainPattern, DomainPatternError,
    EntryAddress,
};
use crate::vmm::{Call, Code, Complaint};

/// The name of a domain.
pub(super) fn domain(text: &str) -> Result<String, Complaint> {
    DomainName::parse(text)
        .map(|name| name.to_string())
        .map_err(|error| bad_domain(text, error.into(), &error))
}

/// The name of a domain that is to be made.
pub(super) fn new_domain(text: &str) -> Result<String, Complaint> {
    domain(text).and_then(|name| two_labels(text, name))
}

/// Another name of a domain, or all names below one, which vmm did not have.
pub(super) fn alias_domain(text: &str) -> Result<String, Complaint> {
    DomainPattern::parse(text).map(|name| name.to_string()).map_err(|error| {
        let code = match error {
            DomainPatternError::Name(error) => error.into(),
            DomainPatternError::TooWide => Code::DomainInvalid,
        };
        bad_domain(text, code, &error)
    })
}

/// Another name that a domain is to have.
pub(super) fn new_alias_domain(text: &str) -> Result<String, Complaint> {
    alias_domain(text).and_then(|name| two_labels(text, name))
}

/// As with vmm: a single label is a slip.
fn two_labels(text: &str, name: String) -> Result<String, Complaint> {
    if name.contains('.') {
        return Ok(name);
    }
    Err(bad_domain(text, Code::DomainInvalid, &"it has one label only")
        .hint("`postcote admin` takes names of one label, too"))
}

fn bad_domain(text: &str, code: Code, why: &dyn Display) -> Complaint {
    Complaint::new(code, format!("The domain name '{text}' is invalid: {why}"))
}

/// An address.
pub(super) fn address(text: &str) -> Result<String, Complaint> {
    match Address::parse(text) {
        Ok(address) => Ok(address.to_string()),
        Err(error) => {
            Err(Complaint::new(error.into(), format!("The address '{text}' is invalid: {error}")))
        }
    }
}

/// The address of an alias, or `name@*` for every domain, which vmm did not have.
pub(super) fn entry(text: &str) -> Result<String, Complaint> {
    match EntryAddress::parse(text) {
        Ok(EntryAddress::Default(localpart)) => Ok(EntryAddress::Default(localpart).to_string()),
        _ => address(text),
    }
}

/// Everything behind the address.
pub(super) fn destinations(call: &Call) -> Result<Vec<String>, Complaint> {
    let check = |text: &String| match text.parse::<DestinationTemplate>() {
        Ok(_) => Ok(text.clone()),
        Err(error) => {
            let why = format!("The destination '{text}' is invalid: {error}");
            Err(Complaint::new(error.into(), why))
        }
    };
    call.words.iter().skip(1).map(check).collect()
}

/// Senders are told of it, so it cannot be this machine's business alone.
pub(super) fn new_address(text: &str) -> Result<String, Complaint> {
    let invalid = |code, why: &dyn Display| {
        Complaint::new(code, format!("The destination '{text}' is invalid: {why}"))
    };
    match Destination::parse(text) {
        Ok(to) if to.domain().as_str() == "localhost" => {
            Err(invalid(Code::DomainInvalid, &"nobody elsewhere can write to localhost"))
        }
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(invalid(error.into(), &error)),
    }
}
