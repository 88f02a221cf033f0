//! One exchange, from the client's first message to the end.

use secrecy::SecretSlice;

use crate::password::{CramMd5Context, ScramHash, ScramKeys};
use crate::sasl::scram::{First, Last};
use crate::sasl::{Mechanism, Nonce, SaslError, cram_md5, name, plain};

/// What is to be done next.
#[derive(Debug)]
pub enum Step {
    /// Send this message, which may be empty, and hand the client's answer to
    /// [`respond`](Exchange::respond).
    Challenge(Vec<u8>),
    /// Verify this password. The exchange is over.
    Password {
        /// The name that the client gave.
        user: String,
        /// The password; it may be empty.
        password: SecretSlice<u8>,
    },
    /// The client has proved itself, or not. The exchange is over.
    Proof {
        /// The name that the client gave.
        user: String,
        /// Whether it knows the password.
        proven: bool,
        /// What proves the server; to be sent only if the client may log in.
        last: Option<Vec<u8>>,
    },
    /// Look up what is stored for this user and hand it to
    /// [`credentials`](Exchange::credentials). For users that do not exist, something that looks
    /// the same: else strangers learn who exists.
    Stored {
        /// The name that the client gave.
        user: String,
    },
}

/// What is stored for a user and proves one that does not send the password.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// For CRAM-MD5.
    CramMd5(CramMd5Context),
    /// For SCRAM with the hash function of the keys.
    Scram(ScramKeys),
}

/// An exchange under way.
#[derive(Debug)]
pub struct Exchange {
    mechanism: Mechanism,
    nonce: Nonce,
    state: State,
}

#[derive(Debug)]
enum State {
    Begun,
    CramMd5 { user: String, digest: [u8; 16] },
    LoginPassword { user: String },
    Over,
    ScramFirst(First),
    ScramLast(Last),
}

const LOGIN_USER: &[u8] = b"Username:";
const LOGIN_PASSWORD: &[u8] = b"Password:";

impl Exchange {
    /// Begins an exchange, with the client's first message if it came with the request. `nonce` is
    /// used in no other.
    ///
    /// # Errors
    /// The exchange is over, and the client is not let in.
    pub fn start(
        mechanism: Mechanism,
        nonce: Nonce,
        initial: Option<&[u8]>,
    ) -> Result<(Self, Step), SaslError> {
        let mut exchange = Self { mechanism, nonce, state: State::Begun };
        let step = match (mechanism, initial) {
            (Mechanism::CramMd5, None | Some([])) => {
                Step::Challenge(cram_md5::challenge(&exchange.nonce).into_bytes())
            }
            // Only the server can begin.
            (Mechanism::CramMd5, Some(_)) => return Err(SaslError::Malformed),
            // To Dovecot an empty name is none.
            (Mechanism::Login, None | Some([])) => Step::Challenge(LOGIN_USER.into()),
            (_, None) => Step::Challenge(Vec::new()),
            (_, Some(message)) => exchange.respond(message)?,
        };
        Ok((exchange, step))
    }

    /// Takes in the client's next message.
    ///
    /// # Errors
    /// The exchange is over, and the client is not let in.
    pub fn respond(&mut self, message: &[u8]) -> Result<Step, SaslError> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Begun => self.begin(message),
            State::LoginPassword { user } => {
                Ok(Step::Password { user, password: message.to_vec().into() })
            }
            State::ScramLast(last) => {
                let (proven, signature) = last.verify(message)?;
                let last_message = Some(signature.into_bytes());
                Ok(Step::Proof { user: last.user, proven, last: last_message })
            }
            State::CramMd5 { .. } | State::Over | State::ScramFirst(_) => Err(SaslError::Malformed),
        }
    }

    fn begin(&mut self, message: &[u8]) -> Result<Step, SaslError> {
        match self.mechanism {
            Mechanism::CramMd5 => {
                let (user, digest) = cram_md5::read(message)?;
                self.state = State::CramMd5 { user: user.clone(), digest };
                Ok(Step::Stored { user })
            }
            Mechanism::Login => {
                self.state = State::LoginPassword { user: name(message)? };
                Ok(Step::Challenge(LOGIN_PASSWORD.into()))
            }
            Mechanism::Plain => {
                let (user, password) = plain::read(message)?;
                Ok(Step::Password { user, password })
            }
            Mechanism::ScramSha1 | Mechanism::ScramSha256 => {
                let first = First::read(message)?;
                let user = first.user.clone();
                self.state = State::ScramFirst(first);
                Ok(Step::Stored { user })
            }
        }
    }

    /// Goes on with what is stored for the user, after [`Step::Stored`].
    ///
    /// # Errors
    /// These are no credentials for this mechanism, or none were asked for. The exchange is over.
    pub fn credentials(&mut self, credentials: Credentials) -> Result<Step, SaslError> {
        match (std::mem::replace(&mut self.state, State::Over), credentials) {
            (State::CramMd5 { user, digest }, Credentials::CramMd5(context)) => {
                let challenge = cram_md5::challenge(&self.nonce);
                let proven = context.proves(challenge.as_bytes(), digest);
                Ok(Step::Proof { user, proven, last: None })
            }
            (State::ScramFirst(first), Credentials::Scram(keys))
                if self.mechanism == mechanism_of(keys.hash) =>
            {
                let (last, challenge) = first.challenge(keys, &self.nonce);
                self.state = State::ScramLast(last);
                Ok(Step::Challenge(challenge.into_bytes()))
            }
            _ => Err(SaslError::Malformed),
        }
    }

    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }
}

fn mechanism_of(hash: ScramHash) -> Mechanism {
    match hash {
        ScramHash::Sha1 => Mechanism::ScramSha1,
        ScramHash::Sha256 => Mechanism::ScramSha256,
    }
}
