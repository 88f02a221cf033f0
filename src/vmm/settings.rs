//! `configget`, `configset` and `configure`, which work on postcote.toml.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::config::edit::{self, EditError, FileError, Secrets};
use crate::config::{Config, Source};
use crate::exit::Failure;
use crate::mail::{Service, ServiceSet, parse_size};
use crate::vmm::console::ATTEMPTS;
use crate::vmm::options::{self, Form, SECTIONS, Setting};
use crate::vmm::subcommand::Subcommand as S;
use crate::vmm::{Call, Code, Complaint, Console, layout};

/// The configuration as a file.
#[derive(Clone, Copy)]
pub struct ConfigFile<'a> {
    /// Where it is.
    pub source: &'a Source,
    /// What its text does not show.
    pub check: fn(&Config) -> Result<(), Failure>,
}

impl From<EditError> for Complaint {
    fn from(error: EditError) -> Self {
        let code = match &error {
            EditError::BadValue { .. } | EditError::Broken(_) => Code::Configuration,
            EditError::Key(_) => Code::InvalidArgument,
        };
        let complaint = Self::new(code, error.to_string());
        match error.hint() {
            Some(hint) => complaint.hint(hint),
            None => complaint,
        }
    }
}

impl From<FileError> for Complaint {
    fn from(error: FileError) -> Self {
        let complaint = Self::new(of_kind(error.reason.kind()), error.to_string());
        match error.hint() {
            Some(hint) => complaint.hint(hint),
            None => complaint,
        }
    }
}

impl From<Failure> for Complaint {
    fn from(failure: Failure) -> Self {
        let complaint = Self::new(Code::of_failure(&failure), failure.message);
        match failure.hint {
            Some(hint) => complaint.hint(hint),
            None => complaint,
        }
    }
}

fn of_kind(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::NotFound => Code::NoConfiguration,
        ErrorKind::PermissionDenied => Code::Permission,
        _ => Code::Configuration,
    }
}

/// Reads the configuration.
///
/// # Errors
/// It cannot be read, or says what cannot be meant.
pub fn load(source: &Source) -> Result<Config, Complaint> {
    Config::load(source).map_err(|error| {
        let unreadable = std::fs::File::open(source.path()).err();
        let code = unreadable.map_or(Code::Configuration, |reason| of_kind(reason.kind()));
        let complaint = Complaint::new(code, error.to_string());
        match error.hint() {
            Some(hint) => complaint.hint(hint),
            None => complaint,
        }
    })
}

/// Runs one of the three subcommands, if it is one of them.
pub fn configure(call: &Call, file: ConfigFile<'_>, console: &mut dyn Console) -> Option<Code> {
    let outcome = match call.known.subcommand {
        S::ConfigGet => get(call, file, console),
        S::ConfigSet => set(call, file),
        S::Configure => ask_for_all(call, file, console),
        _ => return None,
    };
    Some(match outcome {
        Ok(()) => Code::Done,
        Err(complaint) => {
            complaint.say(console);
            complaint.code
        }
    })
}

fn get(call: &Call, file: ConfigFile<'_>, console: &mut dyn Console) -> Result<(), Complaint> {
    let name = call.word(0).to_lowercase();
    let setting = options::find(&name)?;
    let config = load(file.source)?;
    let Some(value) = current(&config, &setting)? else {
        let why = format!("The option '{name}' is not set, and has no default.");
        return Err(Complaint::new(Code::InvalidArgument, why));
    };
    let value = match parse_size(&value) {
        Ok(bytes) if name == "domain.quota_bytes" => layout::human_size(bytes),
        _ => value,
    };
    console.print(&format!("{name} = {value}\n"));
    Ok(())
}

fn set(call: &Call, file: ConfigFile<'_>) -> Result<(), Complaint> {
    let setting = options::find(call.word(0))?;
    let config = load(file.source).unwrap_or_default();
    let value = meant(&config, &setting, call.word(1))?;
    save(file, &[(&setting.key, &value)])
}

fn save(file: ConfigFile<'_>, options: &[(&str, &str)]) -> Result<(), Complaint> {
    // Whoever changes the file waits for us from here on, and it is about to be replaced.
    let keep_old = |config: &Config| {
        (file.check)(config)?;
        keep(file.source.path())
    };
    edit::change(file.source.path(), options, keep_old).map(drop)
}

/// Keeps a copy of the file as it was, as open to others as the file is.
fn keep(path: &Path) -> Result<(), Complaint> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".bak");
    match std::fs::copy(path, &beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let beside = Path::new(&beside).display();
            let why = format!("{beside}: the file cannot be kept there as it was: {error}");
            Err(Complaint::new(of_kind(error.kind()), why))
        }
        _ => Ok(()),
    }
}

/// The value in effect, as Python printed it.
fn current(config: &Config, setting: &Setting) -> Result<Option<String>, Complaint> {
    if let Form::Switch(service) = setting.form {
        return Ok(Some(python(config.vmm.domain_services.contains(service)).to_owned()));
    }
    let value = edit::get(config, &setting.key, Secrets::Hidden).map_err(EditError::from)?;
    Ok(value.map(|value| match value.as_str() {
        "" if setting.form == Form::Colons => ":".to_owned(),
        list if setting.form == Form::Colons => list.replace(',', ":"),
        "true" => python(true).to_owned(),
        "false" => python(false).to_owned(),
        _ => value,
    }))
}

fn python(truth: bool) -> &'static str {
    if truth { "True" } else { "False" }
}

/// The value as postcote.toml takes it.
fn meant(config: &Config, setting: &Setting, text: &str) -> Result<String, Complaint> {
    match setting.key.as_str() {
        "accounts.base-directory" => return directory(text),
        "orders.doveadm" => return executable(text),
        _ => {}
    }
    let service = match setting.form {
        Form::Plain => return Ok(text.to_owned()),
        Form::Colons => return Ok(text.replace(':', ",")),
        Form::Switch(service) => service,
    };
    let on = match text.to_lowercase().as_str() {
        "1" | "on" | "true" | "yes" => true,
        "0" | "false" | "no" | "off" => false,
        _ => {
            let why = format!("Not a boolean: '{text}'");
            return Err(Complaint::new(Code::Configuration, why));
        }
    };
    let before = config.vmm.domain_services;
    let wanted = |one: &Service| if *one == service { on } else { before.contains(*one) };
    Ok(Service::ALL.into_iter().filter(wanted).collect::<ServiceSet>().to_string())
}

/// A directory that is there.
fn directory(text: &str) -> Result<String, Complaint> {
    let path = expanded(text);
    if path.is_dir() {
        return Ok(path.display().to_string());
    }
    Err(Complaint::new(Code::Configuration, format!("No such directory: '{}'", path.display()))
        .hint("make it first, or use `postcote config set` on the machine that has it"))
}

/// A program that is there.
fn executable(text: &str) -> Result<String, Complaint> {
    let path = expanded(text);
    let shown = path.display().to_string();
    match path.metadata() {
        Ok(found) if found.is_file() && found.mode() & 0o111 != 0 => Ok(shown),
        Ok(found) if found.is_file() => {
            Err(Complaint::new(Code::NotExecutable, format!("File is not executable: '{shown}'")))
        }
        _ => Err(Complaint::new(Code::NoSuchBinary, format!("No such file: '{shown}'"))),
    }
}

/// A path as a shell would have it: from the working directory or from home.
fn expanded(text: &str) -> PathBuf {
    let path = match (text.strip_prefix('~'), std::env::home_dir()) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            home.join(rest.trim_start_matches('/'))
        }
        _ if text.starts_with('.') => PathBuf::from(text),
        _ => return PathBuf::from(text),
    };
    let absolute = || std::path::absolute(&path).unwrap_or_default();
    path.canonicalize().unwrap_or_else(|_| absolute())
}

/// Asks for one option after the other, and writes what was changed, all at once.
fn ask_for_all(
    call: &Call,
    file: ConfigFile<'_>,
    console: &mut dyn Console,
) -> Result<(), Complaint> {
    let sections = match call.option("-s") {
        None => SECTIONS.to_vec(),
        Some(name) => match SECTIONS.iter().find(|section| **section == name) {
            Some(section) => vec![*section],
            None => return Err(call.wrong_section(name)),
        },
    };
    let path = file.source.path();
    let mut draft = Draft::open(path)?;
    console.print(&format!("Using configuration file: {}\n\n", path.display()));
    for section in sections {
        console.print(&format!("* Configuration section: '{section}'\n"));
        let prefix = format!("{section}.");
        for (name, place) in options::ALL {
            let (Some(option), Ok(setting)) = (name.strip_prefix(&prefix), place.setting()) else {
                continue;
            };
            draft.ask(option, &setting, console)?;
        }
        console.print("\n");
    }
    let changes: Vec<_> = draft.changes.iter().map(|(key, value)| (&**key, &**value)).collect();
    if changes.is_empty() { Ok(()) } else { save(file, &changes) }
}

/// A configuration that is not written yet.
struct Draft<'a> {
    path: &'a Path,
    text: String,
    config: Config,
    changes: Vec<(String, String)>,
}

impl<'a> Draft<'a> {
    fn open(path: &'a Path) -> Result<Self, Complaint> {
        let text = edit::Locked::open(path)?.text().to_owned();
        // What is broken may be mended here.
        let config = Config::parse(&text, path).unwrap_or_default();
        Ok(Self { path, text, config, changes: Vec::new() })
    }

    fn ask(
        &mut self,
        option: &str,
        setting: &Setting,
        console: &mut dyn Console,
    ) -> Result<(), Complaint> {
        let current = current(&self.config, setting)?.unwrap_or_default();
        let question = format!("Enter new value for option {option} [{current}]: ");
        for _ in 0..ATTEMPTS {
            let interrupted = |_| Complaint::new(Code::Interrupted, "");
            let answer = console.ask(&question).map_err(interrupted)?;
            if answer.is_empty() || answer == current {
                return Ok(());
            }
            match self.change(setting, &answer) {
                Ok(()) => return Ok(()),
                Err(complaint) => console.say(&format!("Warning: {}\n", complaint.text)),
            }
        }
        let why = "Too many failures - try again later.";
        Err(Complaint::new(Code::TooManyFailures, why))
    }

    fn change(&mut self, setting: &Setting, answer: &str) -> Result<(), Complaint> {
        let value = meant(&self.config, setting, answer)?;
        if let Some(edited) = edit::set(&self.text, self.path, &setting.key, &value)? {
            (self.text, self.config) = (edited.text, edited.config);
            self.changes.push((setting.key.clone(), value));
        }
        Ok(())
    }
}
