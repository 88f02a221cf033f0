//! Both syntaxes, line by line.

use super::*;

/// A call as one line: long name, words, options in order.
fn read(line: &str) -> Result<String, u8> {
    let arguments: Vec<String> = line.split(' ').map(|word| word.replace('_', " ")).collect();
    let call = parse(&arguments).map_err(|complaint| complaint.code as u8)?;
    let mut parts = vec![call.known.name.to_owned()];
    parts.extend(call.words);
    for (flag, value) in call.options {
        parts.push(format!("{flag}={}", value.texts.join("|")));
    }
    Ok(parts.join(" "))
}

#[test]
fn both_syntaxes_mean_the_same() {
    let table = [
        // 0.7, 0.6, what is understood
        ("da d -t T", "domainadd d T", "domainadd d -t=T"),
        ("dd d --force", "dd d Force", "domaindelete d --force="),
        ("di d -d full", "di d full", "domaininfo d -d=full"),
        ("do d -n two_words", "do d two words", "domainnote d -n=two words"),
        ("dq d 1g -m 5 --force", "dq d 1g 5 force", "domainquota d 1g --force= -m=5"),
        ("dq d 1g --force", "dq d 1g force", "domainquota d 1g --force="),
        ("dq d 1g -m 5", "dq d 1g 5", "domainquota d 1g -m=5"),
        (
            "ds d -s imap smtp --force",
            "ds d imap smtp force",
            "domainservices d --force= -s=imap|smtp",
        ),
        ("ds d", "ds d", "domainservices d"),
        ("dt d T --force", "dt d T force", "domaintransport d T --force="),
        ("ua a -p secret", "ua a secret", "useradd a -p=secret"),
        ("ud a --force", "ud a force", "userdelete a --force="),
        ("ui a -d du", "ui a du", "userinfo a -d=du"),
        ("un a -n Jane_Doe", "un a Jane Doe", "username a -n=Jane Doe"),
        ("uo a -n x", "uo a x", "usernote a -n=x"),
        ("up a -p secret", "up a secret", "userpassword a -p=secret"),
        ("uq a 1g -m 5", "uq a 1g 5", "userquota a 1g -m=5"),
        ("us a -s domain", "us a domain", "userservices a -s=domain"),
        ("ll -p %", "ll %", "listaddresses -p=%"),
        ("cf -s misc", "cf misc", "configure -s=misc"),
        ("userinfo -h", "help ui", "help ui"),
    ];
    for (new, old, expected) in table {
        let expected = expected.to_owned();
        if new != "userinfo -h" {
            assert_eq!(read(new), Ok(expected.clone()), "{new}");
        }
        assert_eq!(read(old), Ok(expected), "{old}");
    }
}

#[test]
fn options_are_read_as_argparse_reads_them() {
    let table = [
        ("domainadd -nnote d", Ok("domainadd d -n=note")),
        ("domainadd -t T -n note d", Ok("domainadd d -n=note -t=T")),
        ("domaindelete --del d --forc", Ok("domaindelete d --delete-directory= --force=")),
        ("userpassword a --hash={PLAIN}x=", Ok("userpassword a --hash={PLAIN}x=")),
        ("aliasadd -- -a@d -b@d", Ok("aliasadd -a@d -b@d")),
        ("aliasadd a b c", Ok("aliasadd a b c")),
        ("userquota a -5", Ok("userquota a -5")),
        ("userinfo --help", Ok("help userinfo")),
        ("--version", Ok("version")),
        ("-h", Ok("help")),
        ("username a -d", Ok("username a -d=")),
        ("username a -d -n x", Err(2)),
        ("userpassword a -p x --hash y", Err(2)),
        ("userpassword a secret --hash y", Err(2)),
        ("useradd a secret -p other", Err(2)),
        ("useradd", Err(2)),
        ("useradd a b c", Err(2)),
        ("aliasadd a", Err(2)),
        ("userquota a", Err(2)),
        ("userinfo a -d", Err(2)),
        ("domainadd d -t -n x", Err(2)),
        ("domaindelete d --force=yes", Err(2)),
        ("domaindelete d --wipe", Err(2)),
        ("domaindelete d now", Err(44)),
        ("domaintransport d T now", Err(44)),
        ("UserInfo a", Err(2)),
        ("userinf a", Err(2)),
    ];
    for (line, expected) in table {
        assert_eq!(read(line).as_deref(), expected.as_ref().copied(), "{line}");
    }
    assert_eq!(parse(&[]).err().map(|complaint| complaint.code as u8), Some(1));
}

#[test]
fn every_usage_can_be_read() {
    for known in ALL {
        let options: Vec<_> = pieces(known.usage).filter(|p| !p.flag.is_empty()).collect();
        for piece in pieces(known.words).skip(required(&known).count()) {
            let is_force = piece.name == "force" && options.iter().any(|o| o.flag == "--force");
            let has_option = options.iter().any(|option| option.name == piece.name);
            assert!(is_force || has_option, "{}: no option for `{}`", known.name, piece.name);
        }
    }
}
