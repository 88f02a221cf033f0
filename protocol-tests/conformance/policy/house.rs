//! A Postfix that asks the policy service, set up as `postcote config postfix` prints it.

use std::path::{Path, PathBuf};

use postcote::config::Config;
use postcote::server::Drain;
use tokio::runtime::Runtime;

use crate::conformance::installation::Installation;
use crate::conformance::lmtp::LmtpSink;
use crate::conformance::postfix::{Jail, Postfix, RunningPostfix};
use crate::conformance::sasl;
use crate::conformance::server::Server;
use crate::conformance::world::{listener, printed_main_cf};
use crate::support::daemon::{Daemon, Setup, make_daemon_user};
use crate::support::fixture::Fixture;
use crate::support::pg::{self, TestDatabase};
use crate::support::policy::{PolicyService, Time};
use crate::support::scratch::Scratch;

/// What services decide by, and the runtime they live in.
pub(super) struct Facts {
    database: TestDatabase<'static>,
    runtime: Runtime,
}

/// Who answers as the policy service.
#[derive(Clone, Copy)]
pub(super) enum Service<'a> {
    /// Whatever the test lets listen there.
    Others,
    /// One within the test, whose clock moves; who has logged in is told by XCLIENT.
    Within(&'a PolicyService),
    /// The daemon that answers the tables, with more of postcote.toml; people log in at it, too.
    Daemon(&'a str),
}

/// A Postfix, its tables, and the stores behind it; dropped in this order.
pub(super) struct MailServer {
    pub(super) postfix: RunningPostfix,
    /// Where the policy service is asked.
    pub(super) policy: PathBuf,
    _serving: Option<Drain>,
    pub(super) daemon: Daemon,
    sinks: Vec<LmtpSink>,
    _sasl: Option<Server>,
    _scratch: Scratch,
}

/// All of it.
pub(super) struct House {
    pub(super) server: MailServer,
    pub(super) service: PolicyService,
    pub(super) time: Time,
    pub(super) facts: Facts,
}

/// What an administrator sets besides what `postcote config postfix` prints.
const MAIN_CF: &str = "
virtual_transport = lmtp:unix:private/sink
default_transport = lmtp:unix:private/outside
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_authorized_xclient_hosts = 127.0.0.1
";

impl Facts {
    pub(super) fn new(fixture: &str) -> Self {
        let database = pg::database();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = database.connect().await;
            Fixture::read(fixture).load(&client).await;
            make_daemon_user(&client).await;
        });
        Self { database, runtime }
    }

    /// Changes the data by SQL.
    pub(super) fn change(&self, sql: &str) {
        self.runtime.block_on(async {
            self.database.connect().await.batch_execute(sql).await.unwrap();
        });
    }

    /// A service with these lines of postcote.toml.
    pub(super) fn service(&self, config: &str, time: &Time) -> PolicyService {
        let config = Config::parse(config, Path::new("dialog")).unwrap();
        self.runtime.block_on(PolicyService::open(config, &self.database.url, time))
    }

    pub(super) fn holds(&self, service: &PolicyService, uid: u32, bytes: i64, messages: i64) {
        self.runtime.block_on(service.holds(uid, bytes, messages));
    }
}

impl MailServer {
    /// Starts a Postfix that asks a service, with more settings, in which `PROTECTING` and `ADVISORY` stand for the
    /// printed calls.
    pub(super) fn start(
        installation: &Installation,
        facts: &Facts,
        service: Service<'_>,
        main_cf: &str,
    ) -> Self {
        let scratch = Scratch::new();
        let postfix = Postfix::prepare(installation, &scratch);
        let sinks = ["sink", "outside"].map(|name| LmtpSink::listen(&postfix.private(name)));
        let (policy, auth) = (postfix.private("policy"), postfix.private("auth"));
        let group = installation.group(&scratch);
        let mut setup = Setup::new(&facts.database.url);
        setup.listen = listener("socketmap", &postfix.private("postcote"), &group);
        if let Service::Daemon(config) = service {
            setup.listen += &listener("policy", &policy, &group);
            setup.listen += &listener("dovecot-auth", &auth, &group);
            setup.listen += config;
        }
        let daemon = setup.start();
        // There before Postfix is, which may ask before it greets.
        let serving = match service {
            Service::Within(service) => {
                let _inside = facts.runtime.enter();
                Some(service.serve(&policy))
            }
            Service::Daemon(_) | Service::Others => None,
        };
        let sasl = match service {
            Service::Daemon(_) => None,
            Service::Others | Service::Within(_) => Some(sasl::greeter(&auth)),
        };
        let queue = Path::new("/var/spool/postfix/private");
        let listeners = listener("socketmap", &queue.join("postcote"), "postfix")
            + &listener("policy", &queue.join("policy"), "postfix");
        let printed = printed_main_cf(&scratch, &listeners);
        let call = |context: &str| {
            let context = format!("policy_context={context},");
            let line = printed.lines().find(|line| line.contains(&context)).unwrap();
            line.trim().trim_end_matches(',').to_owned()
        };
        let more = main_cf
            .replace("PROTECTING", &call("protecting"))
            .replace("ADVISORY", &call("advisory"));
        let main_cf = format!("{printed}{MAIN_CF}{more}\n");
        let postfix = postfix.start(&main_cf, Jail::LikeDebian);
        let sinks = sinks.into();
        Self { postfix, policy, _serving: serving, daemon, sinks, _sasl: sasl, _scratch: scratch }
    }

    /// Who got a message that holds this, here or elsewhere.
    pub(super) fn recipients_of(&self, text: &str) -> Vec<String> {
        let mut all: Vec<_> = self.sinks.iter().flat_map(|sink| sink.recipients_of(text)).collect();
        all.sort();
        all
    }
}

impl House {
    /// Starts everything with lines of postcote.toml and of main.cf.
    pub(super) fn start(
        installation: &Installation,
        fixture: &str,
        config: &str,
        main_cf: &str,
    ) -> Self {
        let (facts, time) = (Facts::new(fixture), Time::default());
        let service = facts.service(config, &time);
        let server = MailServer::start(installation, &facts, Service::Within(&service), main_cf);
        Self { server, service, time, facts }
    }
}
