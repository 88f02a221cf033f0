//! The 41 subcommands of vmm: their names, what they take in both syntaxes, and what they are now.

use Subcommand as S;

/// A subcommand of vmm, in the order of [`ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they have the names, and the table says what they do")]
pub enum Subcommand {
    Help,
    Version,
    ConfigGet,
    ConfigSet,
    Configure,
    GetUser,
    ListAddresses,
    ListAliases,
    ListDomains,
    ListPwSchemes,
    ListRelocated,
    ListUsers,
    DomainAdd,
    DomainDelete,
    DomainInfo,
    DomainNote,
    DomainQuota,
    DomainServices,
    DomainTransport,
    AliasDomainAdd,
    AliasDomainDelete,
    AliasDomainInfo,
    AliasDomainSwitch,
    UserAdd,
    UserDelete,
    UserInfo,
    UserName,
    UserNote,
    UserPassword,
    UserQuota,
    UserServices,
    UserTransport,
    AliasAdd,
    AliasDelete,
    AliasInfo,
    CatchallAdd,
    CatchallDelete,
    CatchallInfo,
    RelocatedAdd,
    RelocatedDelete,
    RelocatedInfo,
}

/// What is known of a subcommand.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Which one.
    pub subcommand: Subcommand,
    /// Its long name.
    pub name: &'static str,
    /// Its short name.
    pub short: &'static str,
    /// What it takes in the syntax of vmm 0.7. The command line is read by this very text.
    pub usage: &'static str,
    /// What it takes in the syntax of vmm 0.6, where options were words in a fixed order; empty
    /// where nothing differs. A word stands for the option whose value has the same name.
    pub words: &'static str,
    /// What it does.
    pub purpose: &'static str,
    /// The command of `postcote` that does the same.
    pub new: &'static str,
    /// Its use on the data of `postcote demo`, without `vmm`.
    pub example: &'static str,
}

/// Every subcommand, in the order of vmm(1).
pub const ALL: [Known; 41] = [
    known(S::Help, "help", "h", "[subcommand]")
        .now("--help", "show what there is, or one subcommand")
        .example("help useradd"),
    known(S::Version, "version", "v", "").now("--version", "show the version").example("version"),
    known(S::ConfigGet, "configget", "cg", "option")
        .now("config get KEY", "show the value of a configuration option")
        .example("configget domain.quota_bytes"),
    known(S::ConfigSet, "configset", "cs", "option value")
        .now("config set KEY VALUE", "set the value of a configuration option")
        .example("configset account.password_length 12"),
    known(S::Configure, "configure", "cf", "[-s section]")
        .words("[section]")
        .now("config set KEY VALUE", "ask for the value of each configuration option")
        .example("configure -s account"),
    known(S::GetUser, "getuser", "gu", "uid")
        .now("admin account find UID", "show the address of the account with a UID")
        .example("getuser 70000"),
    known(S::ListAddresses, "listaddresses", "ll", "[-p pattern]")
        .words("[pattern]")
        .now("admin address list [PATTERN]", "list addresses of every kind")
        .example("listaddresses -p '%@example.org'"),
    known(S::ListAliases, "listaliases", "la", "[-p pattern]")
        .words("[pattern]")
        .now("admin alias list [PATTERN]", "list aliases")
        .example("listaliases -p 'team@%'"),
    known(S::ListDomains, "listdomains", "ld", "[-p pattern]")
        .words("[pattern]")
        .now("admin domain list [PATTERN]", "list domains and alias domains")
        .example("listdomains -p '%.org'"),
    known(S::ListPwSchemes, "listpwschemes", "lp", "")
        .now("admin password schemes", "list password schemes and their encodings")
        .example("listpwschemes"),
    known(S::ListRelocated, "listrelocated", "lr", "[-p pattern]")
        .words("[pattern]")
        .now("admin relocated list [PATTERN]", "list relocated users")
        .example("listrelocated"),
    known(S::ListUsers, "listusers", "lu", "[-p pattern]")
        .words("[pattern]")
        .now("admin account list [PATTERN]", "list accounts")
        .example("listusers -p 'a%@%'"),
    known(S::DomainAdd, "domainadd", "da", "fqdn [-n note] [-t transport]")
        .words("fqdn [transport]")
        .now("admin domain add FQDN --with-postmaster", "make a domain and its postmaster")
        .example("domainadd shop.example -n 'the shop'"),
    known(S::DomainDelete, "domaindelete", "dd", "fqdn [--delete-directory] [--force]")
        .words("fqdn [force]")
        .now("admin domain delete FQDN", "delete a domain and its alias domains")
        .example("domaindelete bücher.example --force"),
    known(S::DomainInfo, "domaininfo", "di", "fqdn [-d details]")
        .words("fqdn [details]")
        .now("admin domain show FQDN", "show a domain")
        .example("domaininfo example.org -d full"),
    known(S::DomainNote, "domainnote", "do", "fqdn [-d] [-n note]")
        .words("fqdn [note…]")
        .now("admin domain set FQDN --note TEXT", "set or delete the note of a domain")
        .example("domainnote example.org -n 'our own'"),
    known(S::DomainQuota, "domainquota", "dq", "fqdn storage [-m messages] [--force]")
        .words("fqdn storage [messages] [force]")
        .now("admin domain set FQDN --quota SIZE", "limit what each account of a domain may hold")
        .example("domainquota example.org 2g -m 50000 --force"),
    known(S::DomainServices, "domainservices", "ds", "fqdn [-s service…] [--force]")
        .words("fqdn [service…] [force]")
        .now("admin domain set FQDN --services imap,smtp", "allow these services in a domain")
        .example("domainservices example.org -s imap smtp"),
    known(S::DomainTransport, "domaintransport", "dt", "fqdn transport [--force]")
        .words("fqdn transport [force]")
        .now("admin domain set FQDN --transport T", "set the transport of a domain")
        .example("domaintransport example.net lmtp:unix:private/dovecot-lmtp"),
    known(S::AliasDomainAdd, "aliasdomainadd", "ada", "fqdn destination")
        .now("admin alias-domain add NAME PRIMARY", "give a domain another name")
        .example("aliasdomainadd shop.example example.org"),
    known(S::AliasDomainDelete, "aliasdomaindelete", "add", "fqdn")
        .now("admin alias-domain delete NAME", "delete an alias domain")
        .example("aliasdomaindelete example.com"),
    known(S::AliasDomainInfo, "aliasdomaininfo", "adi", "fqdn")
        .now("admin alias-domain show NAME", "show which domain an alias domain belongs to")
        .example("aliasdomaininfo example.com"),
    known(S::AliasDomainSwitch, "aliasdomainswitch", "ads", "fqdn destination")
        .now("admin alias-domain switch NAME PRIMARY", "move an alias domain to another domain")
        .example("aliasdomainswitch example.com example.net"),
    known(S::UserAdd, "useradd", "ua", "address [-n note] [-p password]")
        .words("address [password]")
        .now("admin account add ADDRESS", "make an account")
        .example("useradd jane@example.org -n 'office 12'"),
    known(S::UserDelete, "userdelete", "ud", "address [--delete-directory] [--force]")
        .words("address [force]")
        .now("admin account delete ADDRESS", "delete an account")
        .example("userdelete erin@example.org --delete-directory"),
    known(S::UserInfo, "userinfo", "ui", "address [-d details]")
        .words("address [details]")
        .now("admin account show ADDRESS", "show an account")
        .example("userinfo alice@example.org -d aliases"),
    known(S::UserName, "username", "un", "address [-d] [-n name]")
        .words("address [name…]")
        .now("admin account set ADDRESS --name TEXT", "set or delete whom an account belongs to")
        .example("username sales@example.net -n 'Sam Sales'"),
    known(S::UserNote, "usernote", "uo", "address [-d] [-n note]")
        .words("address [note…]")
        .now("admin account set ADDRESS --note TEXT", "set or delete the note of an account")
        .example("usernote bob@example.org -n 'office 12'"),
    known(
        S::UserPassword,
        "userpassword",
        "up",
        "address [-p password] [-s scheme] [--hash pwhash]",
    )
    .words("address [password]")
    .now("admin account password ADDRESS", "change the password of an account")
    .example("userpassword bob@example.org"),
    known(S::UserQuota, "userquota", "uq", "address storage [-m messages]")
        .words("address storage [messages]")
        .now("admin account set ADDRESS --quota SIZE", "limit what an account may hold")
        .example("userquota bob@example.org 5g -m 20000"),
    known(S::UserServices, "userservices", "us", "address [-s service…]")
        .words("address [service…]")
        .now("admin account set ADDRESS --services imap,smtp", "allow an account these services")
        .example("userservices bob@example.org -s imap smtp"),
    known(S::UserTransport, "usertransport", "ut", "address transport")
        .now("admin account set ADDRESS --transport T", "set the transport of an account")
        .example("usertransport bob@example.org lmtp:inet:[192.0.2.7]:24"),
    known(S::AliasAdd, "aliasadd", "aa", "address destination…")
        .now("admin alias add ADDRESS DESTINATION…", "make an alias, or add destinations")
        .example("aliasadd office@example.org alice@example.org bob@example.org"),
    known(S::AliasDelete, "aliasdelete", "ad", "address [destination…]")
        .now("admin alias delete ADDRESS [DESTINATION…]", "delete an alias, or some destinations")
        .example("aliasdelete team@example.org dave@example.org"),
    known(S::AliasInfo, "aliasinfo", "ai", "address")
        .now("admin alias show ADDRESS", "show the destinations of an alias")
        .example("aliasinfo team@example.org"),
    known(S::CatchallAdd, "catchalladd", "caa", "fqdn destination…")
        .now("admin catchall add DOMAIN DESTINATION…", "make a catch-all, or add destinations")
        .example("catchalladd example.org info@example.org"),
    known(S::CatchallDelete, "catchalldelete", "cad", "fqdn [destination…]")
        .now("admin catchall delete DOMAIN [DESTINATION…]", "delete a catch-all, or some of it")
        .example("catchalldelete example.net"),
    known(S::CatchallInfo, "catchallinfo", "cai", "fqdn")
        .now("admin catchall show DOMAIN", "show the destinations of a catch-all")
        .example("catchallinfo example.net"),
    known(S::RelocatedAdd, "relocatedadd", "ra", "address newaddress")
        .now("admin relocated add ADDRESS NEW-ADDRESS", "say that somebody has moved")
        .example("relocatedadd gina@example.org gina@moved.example"),
    known(S::RelocatedDelete, "relocateddelete", "rd", "address")
        .now("admin relocated delete ADDRESS", "forget that somebody has moved")
        .example("relocateddelete frank@example.org"),
    known(S::RelocatedInfo, "relocatedinfo", "ri", "address")
        .now("admin relocated show ADDRESS", "show where somebody has moved to")
        .example("relocatedinfo frank@example.org"),
];

const fn known(
    subcommand: Subcommand,
    name: &'static str,
    short: &'static str,
    usage: &'static str,
) -> Known {
    Known { subcommand, name, short, usage, words: "", new: "", purpose: "", example: "" }
}

impl Known {
    const fn words(self, words: &'static str) -> Self {
        Self { words, ..self }
    }

    const fn now(self, new: &'static str, purpose: &'static str) -> Self {
        Self { purpose, new, ..self }
    }

    const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }
}

impl Subcommand {
    /// The subcommand with this long or short name, in its own case, as vmm has it.
    pub fn find(name: &str) -> Option<&'static Known> {
        ALL.iter().find(|known| known.name == name || known.short == name)
    }

    /// What is known of it.
    pub fn known(self) -> &'static Known {
        // Every one is in the table, which a test proves.
        ALL.iter().find(|known| known.subcommand == self).unwrap_or(&ALL[0])
    }
}
