//! Salts, and passwords that nobody chose, from the random numbers of the system.

use secrecy::SecretString;

/// The digits of crypt(3), which Dovecot takes for other salts, too.
const SALT: &[u8] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Letters and digits that are not mistaken for one another: no `0 O 1 I l o`.
const READABLE: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Random octets.
pub(super) fn octets<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets)?;
    Ok(octets)
}

/// A salt of that many characters, 6 bits each.
pub(super) fn salt(length: usize) -> Result<String, getrandom::Error> {
    drawn(SALT, length)
}

/// Makes a password up: letters and digits that are not mistaken for others, 5.8 bits each.
///
/// # Errors
/// The system has no random numbers.
pub fn password(length: usize) -> Result<SecretString, getrandom::Error> {
    drawn(READABLE, length).map(Into::into)
}

fn drawn(alphabet: &[u8], length: usize) -> Result<String, getrandom::Error> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // Six bits choose one of 64; those that choose none are thrown away, so that no character
        // is likelier than another.
        let random: [u8; 32] = octets()?;
        let chosen = random.iter().filter_map(|octet| alphabet.get(usize::from(octet & 63)));
        text.extend(chosen.map(|octet| char::from(*octet)).take(length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn every_character_is_drawn_and_lengths_are_kept() {
        for alphabet in [SALT, READABLE] {
            let text = drawn(alphabet, 20_000).unwrap();
            assert_eq!(text.len(), 20_000);
            let counts = alphabet.iter().map(|c| text.bytes().filter(|b| b == c).count());
            let rarest = counts.min().unwrap();
            assert!(rarest * alphabet.len() > 20_000 / 2, "{rarest} of 20000");
        }
        let one = password(20).unwrap();
        assert_ne!(one.expose_secret(), password(20).unwrap().expose_secret());
    }
}
