//! The commands as scripts see them: exit codes, and what goes to stdout and what to stderr.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::JoinHandle;

use bytes::BytesMut;
use postcote::protocol::{Codec, Reply, Socketmap};

use crate::command::{Said, postcote, run};
use crate::support::scratch::Scratch;

/// A daemon that answers one request with the bytes it was given, whatever is asked.
fn daemon(directory: &Scratch, answer: &[u8]) -> (PathBuf, JoinHandle<Vec<u8>>) {
    let (config, socket) = (directory.join("postcote.toml"), directory.join("control"));
    std::fs::write(&config, format!("control.address = \"unix:{}\"\n", socket.display())).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let answer = answer.to_vec();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 1000];
        let length = stream.read(&mut request).unwrap();
        request.truncate(length);
        stream.write_all(&answer).unwrap();
        request
    });
    (config, thread)
}

fn ask(answer: &[u8], arguments: &[&str]) -> (Said, String) {
    let directory = Scratch::new();
    let (config, thread) = daemon(&directory, answer);
    let said = run(postcote().arg("--config").arg(config).args(arguments));
    (said, String::from_utf8(thread.join().unwrap()).unwrap())
}

#[test]
fn a_query_says_what_postfix_would_be_answered() {
    let table: &[(&[u8], i32, &str, &str)] = &[
        (b"19:OK box@example.org ,", 0, "box@example.org \n", ""),
        (b"9:NOTFOUND ,", 1, "", "`Info@example.org` is not in virtual_alias_maps\n"),
        (b"16:TEMP no database,", 75, "", "cannot be known now: no database"),
        (b"18:PERM no such table,", 64, "", "does not serve virtual_alias_maps: no such table"),
        (b"HTTP/1.1 400 Bad Request\r\n", 69, "", "something else answers there"),
        (b"20:OK box", 75, "", "it closed the connection"),
        (b"", 75, "", "it closed the connection"),
    ];
    for (row, (answer, code, stdout, stderr)) in table.iter().enumerate() {
        let query = ["query", "virtual_alias_maps", "Info@example.org"];
        let (said, asked) = ask(answer, &query);
        assert_eq!(asked, "35:virtual_alias_maps Info@example.org,");
        assert_eq!((said.code, said.stdout.as_str()), (Some(*code), *stdout), "{}", said.stderr);
        assert!(said.stderr.contains(stderr), "row {row}: {}", said.stderr);
    }
}

#[test]
fn an_explanation_is_for_people_or_for_machines() {
    let json = "{\"asked\":\"a@b.example\",\"address\":\"a@b.example\",\"steps\":\
        [{\"step\":\"normalise\",\"says\":\"a@b.example\"},{\"step\":\"ends\",\"says\":\"nowhere\"}],\
        \"ends\":[],\"loops\":[],\"dangling\":[],\"tables\":[]}";
    let mut answer = BytesMut::new();
    Socketmap.encode(&Reply::Found(json.to_owned()), &mut answer);
    let (said, asked) = ask(&answer, &["explain", "a@b.example"]);
    assert_eq!(asked, "19:explain a@b.example,");
    let text = "normalise  a@b.example\nends       nowhere\n";
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), text), "{}", said.stderr);
    let (said, _) = ask(&answer, &["explain", "a@b.example", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.starts_with("{\n  \"asked\": \"a@b.example\",\n"), "{}", said.stdout);
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let table: &[(&[&str], i32, &str)] = &[
        (&["--help"], 0, ""),
        (&["help", "config", "show"], 0, ""),
        (&["--version"], 0, ""),
        (&[], 64, "Usage: postcote"),
        (&["demoo"], 64, "unrecognized subcommand"),
        (&["query", "virtual_alias_maps"], 64, "<KEY>"),
        (&["query", "--colour", "a", "b"], 64, "--colour"),
        (&["query", "virtual_alias_map", "a@b"], 64, "did you mean `virtual_alias_maps`?"),
        (&["query", "nonsense", "a@b"], 64, "lists the tables"),
        (
            &["--config", "/nowhere", "config", "check"],
            78,
            "/nowhere: cannot be read: no such file",
        ),
        (&["--config", "/", "config", "show"], 78, "a directory"),
        (&["--config", "/dev/null", "config", "check"], 0, "no listener is configured"),
        (&["--config", "/dev/null", "config", "postfix"], 78, "no listener is configured"),
        (&["--config", "/dev/null", "serve"], 78, "no listener is configured"),
    ];
    for (arguments, code, part) in table {
        let said = run(postcote().args(*arguments));
        assert_eq!(said.code, Some(*code), "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.contains(part), "{arguments:?}: {}", said.stderr);
        assert_eq!(*code == 0, !said.stdout.is_empty(), "{arguments:?}: data means success");
    }
}

#[test]
fn the_environment_names_the_configuration() {
    let said = run(postcote().env("POSTCOTE_CONFIG", "/nowhere").args(["config", "check"]));
    assert_eq!(said.code, Some(78), "{}", said.stderr);
    let arguments = ["--config", "/dev/null", "config", "check"];
    let said = run(postcote().env("POSTCOTE_CONFIG", "/nowhere").args(arguments));
    assert_eq!(said.code, Some(0), "an argument goes before the environment: {}", said.stderr);
}

#[test]
fn a_password_is_never_printed() {
    let url = "postgresql://postcote:sesame@localhost/postcote";
    let show = ["--config", "/dev/null", "config", "show"];
    for said in [
        run(postcote().args(show).args(["--database", url])),
        run(postcote().args(show).arg("-n").env("POSTCOTE_DATABASE_URL", url)),
        run(postcote().arg("--help").env("POSTCOTE_DATABASE_URL", url)),
    ] {
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(!format!("{}{}", said.stdout, said.stderr).contains("sesame"), "{}", said.stdout);
    }
}

#[test]
fn a_closed_pipe_is_success() {
    let show: &[&str] = &["--config", "/dev/null", "config", "show"];
    for arguments in [show, &["--help"], &["--version"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child =
            postcote().args(arguments).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let mut words = String::new();
        child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        let code = child.wait().unwrap().code();
        assert_eq!((code, words.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn there_is_no_colour_without_a_terminal() {
    for arguments in [&["--help"][..], &["demoo"], &["query", "nonsense", "key"]] {
        let said = run(postcote().args(arguments));
        assert!(!format!("{}{}", said.stdout, said.stderr).contains('\x1b'), "{arguments:?}");
    }
}
