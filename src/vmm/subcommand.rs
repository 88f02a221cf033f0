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
}

/// Every subcommand, in the order of vmm(1).
pub const ALL: [Known; 41] = [
    known(S::Help, "help", "h", "[subcommand]")
        .now("--help", "show what there is, or one subcommand"),
    known(S::Version, "version", "v", "").now("--version", "show the version"),
    known(S::ConfigGet, "configget", "cg", "option")
        .now("config get KEY", "show the value of a configuration option"),
    known(S::ConfigSet, "configset", "cs", "option value")
        .now("config set KEY VALUE", "set the value of a configuration option"),
    known(S::Configure, "configure", "cf", "[-s section]")
        .words("[section]")
        .now("config set KEY VALUE", "ask for the value of each configuration option"),
    known(S::GetUser, "getuser", "gu", "uid")
        .now("admin account find UID", "show the address of the account with a UID"),
    known(S::ListAddresses, "listaddresses", "ll", "[-p pattern]")
        .words("[pattern]")
        .now("admin address list [PATTERN]", "list addresses of every kind"),
    known(S::ListAliases, "listaliases", "la", "[-p pattern]")
        .words("[pattern]")
        .now("admin alias list [PATTERN]", "list aliases"),
    known(S::ListDomains, "listdomains", "ld", "[-p pattern]")
        .words("[pattern]")
        .now("admin domain list [PATTERN]", "list domains and alias domains"),
    known(S::ListPwSchemes, "listpwschemes", "lp", "")
        .now("admin password schemes", "list password schemes and their encodings"),
    known(S::ListRelocated, "listrelocated", "lr", "[-p pattern]")
        .words("[pattern]")
        .now("admin relocated list [PATTERN]", "list relocated users"),
    known(S::ListUsers, "listusers", "lu", "[-p pattern]")
        .words("[pattern]")
        .now("admin account list [PATTERN]", "list accounts"),
    known(S::DomainAdd, "domainadd", "da", "fqdn [-n note] [-t transport]")
        .words("fqdn [transport]")
        .now("admin domain add FQDN --with-postmaster", "make a domain and its postmaster"),
    known(S::DomainDelete, "domaindelete", "dd", "fqdn [--delete-directory] [--force]")
        .words("fqdn [force]")
        .now("admin domain delete FQDN", "delete a domain and its alias domains"),
    known(S::DomainInfo, "domaininfo", "di", "fqdn [-d details]")
        .words("fqdn [details]")
        .now("admin domain show FQDN", "show a domain"),
    known(S::DomainNote, "domainnote", "do", "fqdn [-d] [-n note]")
        .words("fqdn [note…]")
        .now("admin domain set FQDN --note TEXT", "set or delete the note of a domain"),
    known(S::DomainQuota, "domainquota", "dq", "fqdn storage [-m messages] [--force]")
        .words("fqdn storage [messages] [force]")
        .now("admin domain set FQDN --quota SIZE", "limit what each account of a domain may hold"),
    known(S::DomainServices, "domainservices", "ds", "fqdn [-s service…] [--force]")
        .words("fqdn [service…] [force]")
        .now("admin domain set FQDN --services imap,smtp", "allow these services in a domain"),
    known(S::DomainTransport, "domaintransport", "dt", "fqdn transport [--force]")
        .words("fqdn transport [force]")
        .now("admin domain set FQDN --transport T", "set the transport of a domain"),
    known(S::AliasDomainAdd, "aliasdomainadd", "ada", "fqdn destination")
        .now("admin alias-domain add NAME PRIMARY", "give a domain another name"),
    known(S::AliasDomainDelete, "aliasdomaindelete", "add", "fqdn")
        .now("admin alias-domain delete NAME", "delete an alias domain"),
    known(S::AliasDomainInfo, "aliasdomaininfo", "adi", "fqdn")
        .now("admin alias-domain show NAME", "show which domain an alias domain belongs to"),
    known(S::AliasDomainSwitch, "aliasdomainswitch", "ads", "fqdn destination")
        .now("admin alias-domain switch NAME PRIMARY", "move an alias domain to another domain"),
    known(S::UserAdd, "useradd", "ua", "address [-n note] [-p password]")
        .words("address [password]")
        .now("admin account add ADDRESS", "make an account"),
    known(S::UserDelete, "userdelete", "ud", "address [--delete-directory] [--force]")
        .words("address [force]")
        .now("admin account delete ADDRESS", "delete an account"),
    known(S::UserInfo, "userinfo", "ui", "address [-d details]")
        .words("address [details]")
        .now("admin account show ADDRESS", "show an account"),
    known(S::UserName, "username", "un", "address [-d] [-n name]")
        .words("address [name…]")
        .now("admin account set ADDRESS --name TEXT", "set or delete whom an account belongs to"),
    known(S::UserNote, "usernote", "uo", "address [-d] [-n note]")
        .words("address [note…]")
        .now("admin account set ADDRESS --note TEXT", "set or delete the note of an account"),
    known(
        S::UserPassword,
        "userpassword",
        "up",
        "address [-p password] [-s scheme] [--hash pwhash]",
    )
    .words("address [password]")
    .now("admin account password ADDRESS", "change the password of an account"),
    known(S::UserQuota, "userquota", "uq", "address storage [-m messages]")
        .words("address storage [messages]")
        .now("admin account set ADDRESS --quota SIZE", "limit what an account may hold"),
    known(S::UserServices, "userservices", "us", "address [-s service…]")
        .words("address [service…]")
        .now("admin account set ADDRESS --services imap,smtp", "allow an account these services"),
    known(S::UserTransport, "usertransport", "ut", "address transport")
        .now("admin account set ADDRESS --transport T", "set the transport of an account"),
    known(S::AliasAdd, "aliasadd", "aa", "address destination…")
        .now("admin alias add ADDRESS DESTINATION…", "make an alias, or add destinations"),
    known(S::AliasDelete, "aliasdelete", "ad", "address [destination…]")
        .now("admin alias delete ADDRESS [DESTINATION…]", "delete an alias, or some destinations"),
    known(S::AliasInfo, "aliasinfo", "ai", "address")
        .now("admin alias show ADDRESS", "show the destinations of an alias"),
    known(S::CatchallAdd, "catchalladd", "caa", "fqdn destination…")
        .now("admin catchall add DOMAIN DESTINATION…", "make a catch-all, or add destinations"),
    known(S::CatchallDelete, "catchalldelete", "cad", "fqdn [destination…]")
        .now("admin catchall delete DOMAIN [DESTINATION…]", "delete a catch-all, or some of it"),
    known(S::CatchallInfo, "catchallinfo", "cai", "fqdn")
        .now("admin catchall show DOMAIN", "show the destinations of a catch-all"),
    known(S::RelocatedAdd, "relocatedadd", "ra", "address newaddress")
        .now("admin relocated add ADDRESS NEW-ADDRESS", "say that somebody has moved"),
    known(S::RelocatedDelete, "relocateddelete", "rd", "address")
        .now("admin relocated delete ADDRESS", "forget that somebody has moved"),
    known(S::RelocatedInfo, "relocatedinfo", "ri", "address")
        .now("admin relocated show ADDRESS", "show where somebody has moved to"),
];

const fn known(
    subcommand: Subcommand,
    name: &'static str,
    short: &'static str,
    usage: &'static str,
) -> Known {
    Known { subcommand, name, short, usage, words: "", new: "", purpose: "" }
}

impl Known {
    const fn words(self, words: &'static str) -> Self {
        Self { words, ..self }
    }

    const fn now(self, new: &'static str, purpose: &'static str) -> Self {
        Self { purpose, new, ..self }
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
