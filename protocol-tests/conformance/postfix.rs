//! A private Postfix: own configuration, queue and log below a scratch directory, on loopback.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::support::daemon::free_port;
use crate::support::peer::Peer;
use crate::support::scratch::Scratch;
use crate::support::terms::wait_for;

use super::installation::Installation;
use super::smtp::SmtpSession;

/// Directories made ready for a Postfix that is not running yet.
#[derive(Debug)]
pub(crate) struct Postfix<'a> {
    installation: &'a Installation,
    scratch: &'a Scratch,
}

/// A Postfix that receives mail; dropping it ends all its processes.
#[derive(Debug)]
pub(crate) struct RunningPostfix {
    address: SocketAddr,
    log: PathBuf,
    _master: Peer,
}

/// Whether the daemons that Debian confines to the queue directory are confined here, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jail {
    /// As in Debian's master.cf: a socket outside the queue directory cannot be reached.
    LikeDebian,
    /// As in Postfix's own master.cf.
    Nowhere,
}

/// Whatever a test may ask of Postfix, it neither leaves loopback nor waits for the network.
const MAIN_CF: &str = "
compatibility_level = 3.6
maillog_file_prefixes = /tmp
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.postfix.test
mydestination = $myhostname
# Not the client's address, so that it is a stranger as on port 25.
mynetworks = 127.0.0.2/32
recipient_delimiter = +
alias_maps =
alias_database =
local_recipient_maps =
default_transport = error:5.7.1 no mail leaves a test
relay_transport = $default_transport
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_tls_security_level = none
smtputf8_enable = yes
# Tests make many errors and send fast; neither is to be punished.
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000000
smtpd_hard_error_limit = 1000000
in_flow_delay = 0
queue_run_delay = 2
minimal_backoff_time = 2
maximal_backoff_time = 2
# No transcripts to postmaster.
notify_classes =
biff = no
";

/// Services besides smtpd. `J` is the place of the jail.
const MASTER_CF: &str = "
cleanup unix n - J - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - J - - trivial-rewrite
bounce unix - - J - 0 bounce
defer unix - - J - 0 bounce
trace unix - - J - 0 bounce
verify unix - - J - 1 verify
flush unix n - J 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - J - - smtp
relay unix - - J - - smtp
showq unix n - J - - showq
error unix - - J - - error
retry unix - - J - - error
discard unix - - J - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - J - - lmtp
anvil unix - - J - 1 anvil
scache unix - - J - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// The main.cf lines that hand every table to one socketmap server at `endpoint`.
///
/// `endpoint` is `unix:/absolute/path`, `unix:private/name` or `inet:host:port`.
pub(crate) fn tables_of(endpoint: &str) -> String {
    let mut lines = "virtual_alias_domains =\n".to_owned();
    for table in [
        "virtual_mailbox_domains",
        "virtual_alias_maps",
        "virtual_mailbox_maps",
        "transport_maps",
        "relocated_maps",
        "smtpd_sender_login_maps",
        "relay_domains",
        "relay_recipient_maps",
    ] {
        writeln!(lines, "{table} = socketmap:{endpoint}:{table}").unwrap();
    }
    lines
        + "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n"
        + "smtpd_recipient_restrictions =\n"
        + &format!("    check_recipient_access socketmap:{endpoint}:recipient_access,\n")
        + "    reject_unlisted_recipient\n"
        + "virtual_transport = lmtp:unix:private/sink\n"
}

impl<'a> Postfix<'a> {
    /// Lets Postfix make its directories below `scratch`. Needs root.
    pub(crate) fn prepare(installation: &'a Installation, scratch: &'a Scratch) -> Self {
        for directory in ["etc", "queue"] {
            std::fs::create_dir(scratch.join(directory)).unwrap();
        }
        let postfix = Self { installation, scratch };
        postfix.configure("", MASTER_CF);
        let program = installation.program("postfix");
        let mut check = installation.command(scratch, program);
        let output = check.arg("-c").arg(scratch.join("etc")).arg("check").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "postfix check: {said}{}", postfix.log());
        postfix
    }

    /// Where the socket `private/name` of main.cf lies; Postfix's daemons find it there in and out of a jail.
    pub(crate) fn private(&self, name: &str) -> PathBuf {
        self.scratch.join("queue/private").join(name)
    }

    /// Starts Postfix with `main_cf`, whose later lines win over earlier ones and over the harness's own.
    pub(crate) fn start(&self, main_cf: &str, jail: Jail) -> RunningPostfix {
        self.start_with(main_cf, "", jail)
    }

    /// Starts Postfix with more services, as they stand in master.cf.
    pub(crate) fn start_with(&self, main_cf: &str, more: &str, jail: Jail) -> RunningPostfix {
        let daemons = self.installation.built_in(self.scratch, "daemon_directory");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let services = format!("{address} inet n - J - - smtpd{MASTER_CF}{more}");
        let letter = if jail == Jail::LikeDebian { " y " } else { " n " };
        self.configure(main_cf, &services.replace(" J ", letter));
        let mut master = self.installation.command(self.scratch, format!("{daemons}/master"));
        master.arg("-c").arg(self.scratch.join("etc")).arg("-s");
        let mut master = Peer::start(&master);
        wait_for("Postfix's greeting", Duration::from_secs(30), || {
            assert!(master.ended().is_none(), "Postfix ended: {}", self.log());
            greets(address).then_some(())
        });
        RunningPostfix { address, log: self.scratch.join("log"), _master: master }
    }

    fn configure(&self, main_cf: &str, master_cf: &str) {
        let scratch = self.scratch.path().display();
        let own = format!(
            "config_directory = {scratch}/etc\nqueue_directory = {scratch}/queue\n\
             data_directory = {scratch}/data\nmaillog_file = {scratch}/log\n"
        );
        let main_cf = last_of_each(&format!("{MAIN_CF}{main_cf}\n{own}"));
        write_settled(&self.scratch.join("etc/main.cf"), &main_cf);
        write_settled(&self.scratch.join("etc/master.cf"), &master_cf.replace(" J ", " n "));
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.join("log")).unwrap_or_default()
    }
}

impl RunningPostfix {
    /// Opens an SMTP session from an address that Postfix does not trust.
    pub(crate) fn session(&self) -> SmtpSession {
        SmtpSession::open(self.address)
    }

    /// Everything Postfix has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until Postfix has dealt with every recipient of a message and has removed it, and the bounce it caused.
    pub(crate) fn wait_until_removed(&self, queue_id: &str) {
        let removed = format!(" {queue_id}: removed");
        let deadline = Duration::from_secs(30);
        let start = Instant::now();
        while !self.log().contains(&removed) {
            assert!(
                start.elapsed() < deadline,
                "message {queue_id} is still queued; Postfix said:\n{}",
                self.log()
                    .lines()
                    .filter(|line| line.contains(queue_id))
                    .collect::<Vec<_>>()
                    .join("\n")
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        // Logged before the message is removed.
        let notification = format!(" {queue_id}: sender non-delivery notification: ");
        if let Some((_, rest)) = self.log().split_once(&notification) {
            self.wait_until_removed(rest.lines().next().unwrap_or_default());
        }
    }
}

/// Writes a configuration file that looks old: Postfix waits until a file has been quiet for a second, lest
/// it read one half-written (`dict_load_file_xt`).
pub(super) fn write_settled(path: &Path, text: &str) {
    let mut file = File::create(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_mins(1)).unwrap();
}

/// Keeps the last setting of each parameter, since Postfix warns about every repetition.
fn last_of_each(main_cf: &str) -> String {
    let mut settings: Vec<(String, String)> = Vec::new();
    for line in main_cf.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        if line.starts_with([' ', '\t']) {
            let (_, value) = settings.last_mut().expect("main.cf begins with a parameter");
            write!(value, "\n{line}").unwrap();
        } else {
            let (name, value) = line.split_once('=').expect("main.cf holds `name = value` only");
            settings.retain(|(earlier, _)| earlier != name.trim());
            settings.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    settings
        .into_iter()
        .fold(String::new(), |text, (name, value)| text + &name + " = " + &value + "\n")
}

fn greets(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut code = [0; 3];
    stream.read_exact(&mut code).is_ok() && code == *b"220"
}
